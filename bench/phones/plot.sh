#!/bin/sh
# plot.sh -- the tables of run.sh as a picture: plot.sh TABLE.csv... >speedup.svg
# SPDX-License-Identifier: MIT
#
# One panel for each model: speed-up over one phone against the number of phones, a line for each way of dividing and each
# speed and rate; where run.sh knew what mednnc predicted, a dashed line beside it. Unequal clusters stand at their number.
set -eu
[ $# -gt 0 ] || { echo "usage: plot.sh TABLE.csv... >FILE.svg" >&2; exit 2; }
awk -F, '
FNR == 1 { next }
{
    n = split($2, phones, ":")
    if (!($1 in seen)) { seen[$1] = 1; model[++models] = $1 }
    key = $7 ", " $3 " GMAC/s, " $4 " Mbit/s"
    if (!(key in known)) { known[key] = 1; line[++lines] = key }
    value[$1, key, n] = $11
    if ($8 != "") guess[$1, key, n] = $10 / $8
    if (n > most) most = n
    if ($11 > top) top = $11
}
function x(panel, n) { return panel * 320 + 50 + (most > 1 ? (n - 1) * 240 / (most - 1) : 0) }
function y(v) { return 260 - v * 220 / top }
function path(panel, name, key, list, dash,    n, d) {
    d = "M" x(panel, 1) "," y(1)
    for (n = 2; n <= most; n++)
        if ((name, key, n) in list) d = d " L" x(panel, n) "," y(list[name, key, n])
    printf "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"%s/>\n", d, colour[key], dash
}
END {
    if (most > top) top = most
    split("#0b6bcb #c2410c #15803d #7c3aed #b45309 #be185d #0f766e #475569", palette, " ")
    for (l = 1; l <= lines; l++) colour[line[l]] = palette[(l - 1) % 8 + 1]
    width = models * 320; height = 300 + 20 * lines
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\">\n", width, height
    printf "<rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n", width, height
    for (m = 1; m <= models; m++) {
        p = m - 1
        printf "<text x=\"%d\" y=\"20\" font-size=\"14\">%s</text>\n", x(p, 1), model[m]
        for (v = 0; v <= top; v++) {
            printf "<path d=\"M%d,%.1f H%d\" stroke=\"#ddd\"/>", x(p, 1), y(v), x(p, most)
            printf "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%d</text>\n", x(p, 1) - 8, y(v) + 4, v
        }
        for (n = 1; n <= most; n++)
            printf "<text x=\"%.1f\" y=\"278\" text-anchor=\"middle\">%d</text>\n", x(p, n), n
        printf "<path d=\"M%d,%.1f L%d,%.1f\" stroke=\"#bbb\" stroke-dasharray=\"2 3\"/>\n", x(p, 1), y(1), x(p, most), y(most)
        for (l = 1; l <= lines; l++) {
            path(p, model[m], line[l], value, "")
            path(p, model[m], line[l], guess, " stroke-dasharray=\"6 4\"")
        }
    }
    for (l = 1; l <= lines; l++) {
        printf "<path d=\"M50,%d h30\" stroke=\"%s\" stroke-width=\"2\"/>", 290 + 20 * l - 14, colour[line[l]]
        printf "<text x=\"90\" y=\"%d\">%s</text>\n", 290 + 20 * l - 10, line[l]
    }
    print "</svg>"
}' "$@"
