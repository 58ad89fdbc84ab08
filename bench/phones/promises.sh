#!/bin/sh
# promises.sh -- what tables of run.sh say about plans: promises.sh TABLE.csv...
# SPDX-License-Identifier: MIT
#
# For every model, cluster, speed and link: the speed-ups of all ways, the error of what was foretold for auto, and by how much auto is
# slower than the best of the other ways and of one device (1 is as fast; above 1 it is slower).
set -eu
[ $# -gt 0 ] || { echo "usage: promises.sh TABLE.csv..." >&2; exit 2; }
awk -F, '
FNR == 1 { next }
{
    key = $1 "," $2 "," $3 "," $4
    if (!(key in seen)) { seen[key] = 1; order[++keys] = key }
    if (!($7 in known)) { known[$7] = 1; way[++ways] = $7 }
    speedup[key, $7] = $11
    if ($7 == "auto") { error[key] = $8 / $9 - 1; foretold[key] = $10 / $8 }
}
END {
    printf "%-14s %-9s %6s %5s", "model", "cluster", "GMAC/s", "Mbit"
    for (w = 1; w <= ways; w++) printf " %6s", way[w]
    printf " %9s %6s %8s\n", "foretold", "error", "auto/best"
    for (k = 1; k <= keys; k++) {
        split(order[k], part, ",")
        best = 1
        printf "%-14s %-9s %6s %5s", part[1], part[2], part[3], part[4]
        for (w = 1; w <= ways; w++) {
            v = speedup[order[k], way[w]]
            if (way[w] != "auto" && v > best) best = v
            if (v == "") printf " %6s", "-"; else printf " %6.2f", v
        }
        if ((order[k], "auto") in speedup)
            printf " %9.2f %5.1f%% %8.3f", foretold[order[k]], 100 * error[order[k]], best / speedup[order[k], "auto"]
        printf "\n"
    }
}' "$@"
