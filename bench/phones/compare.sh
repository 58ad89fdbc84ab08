#!/bin/sh
# compare.sh -- what devices did, against what mednnc foretold: compare.sh DIR TRACE-0.json...
# SPDX-License-Identifier: MIT
#
# DIR holds the report.xml of the plan; the traces, one for each device in order, are those of its programs (MEDNN_TRACE). Prints the
# last inference that all traces hold: for each device milliseconds of computing, of packing and unpacking, of waiting and when it
# ended, then for each device and layer the time it computed and when it was done, foretold and measured.
set -eu
[ $# -gt 1 ] || { echo "usage: compare.sh DIR TRACE-0.json..." >&2; exit 2; }
report=$1/report.xml
shift
last=''
for trace; do
    newest=$(sed -n 's/.*"inference":\([0-9]*\).*/\1/p' "$trace" | sort -n | tail -1)
    last=$(printf '%s\n' "$last" "$newest" | awk 'NF' | sort -n | head -1)
done
awk -v last="$last" '
function value(name,    text) {
    if (!match($0, name "=\"[^\"]*\"")) return ""
    text = substr($0, RSTART, RLENGTH)
    sub(/^[^"]*"/, "", text); sub(/"$/, "", text)
    return text
}
function number(name) {
    return match($0, "\"" name "\":[-0-9.]*") ? substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 3) + 0 : 0
}
function layer_of(name) { # as identifiers are made of names
    gsub(/[^A-Za-z0-9]+/, "_", name); sub(/^_/, "", name); sub(/_$/, "", name)
    return name
}
/<span / {
    d = value("device"); l = layer_of(value("layer")); does = value("does"); end = value("end_ms") + 0
    foretold[d, does] += end - value("begin_ms")
    if (does == "compute") { work[d, l] += end - value("begin_ms"); done[d, l] = end }
    if (does == "compute" && l != "" && !(l in seen)) { seen[l] = 1; order[++layers] = l }
    if (end > finish[d]) finish[d] = end
    if (d + 1 > devices) devices = d + 1
}
/"inference":/ && number("inference") == last {
    d = number("pid"); begin = number("ts") / 1e3; ms = number("dur") / 1e3
    if (!started || begin < start) { start = begin; started = 1 }
    if (begin + ms > ended[d]) ended[d] = begin + ms
    match($0, /"name":"[^"]*"/); name = substr($0, RSTART + 8, RLENGTH - 9)
    match($0, /"cat":"[^"]*"/); does = substr($0, RSTART + 7, RLENGTH - 8)
    if (name == "exchanges") does = "pack"
    took[d, does] += ms
    sub(/^layer_/, "", name)
    if (does == "compute") { spent[d, name] += ms; left[d, name] = begin + ms }
}
END {
    print "device          compute          message             wait              end"
    print "       foretold measured  foretold measured  foretold measured  foretold measured"
    for (d = 0; d < devices; d++)
        printf "%6d %8.1f %8.1f  %8.1f %8.1f  %8.1f %8.1f  %8.1f %8.1f\n", d, foretold[d, "compute"], took[d, "compute"],
            foretold[d, "message"], took[d, "pack"], foretold[d, "wait"], took[d, "wait"], finish[d], ended[d] - start
    print "\ndevice  took: foretold measured  done: foretold measured  layer"
    for (i = 1; i <= layers; i++)
        for (d = 0; d < devices; d++)
            if ((d, order[i]) in work || (d, order[i]) in spent)
                printf "%6d %15.2f %8.2f %15.1f %8.1f  %s\n", d, work[d, order[i]], spent[d, order[i]], done[d, order[i]],
                    (d, order[i]) in left ? left[d, order[i]] - start : 0, order[i]
}' "$report" "$@"
