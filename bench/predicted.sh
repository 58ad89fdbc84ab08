#!/bin/bash
# predicted.sh -- one device: foretold and measured milliseconds of an inference, and their ratio.
#
# predicted.sh [-c CLUSTER.xml] [-p PREFIX] MODEL.onnx...
#
# CLUSTER.xml: what `mednn-probe -o CLUSTER.xml` wrote on this machine; without it the probe runs first (three minutes on a quiet
# machine). It measures single layers only, never whole networks. PREFIX: a command that runs another one undisturbed. Measured is
# processor time, the least of three attempts. Run it in the build folder.
# SPDX-License-Identifier: MIT
set -eu
unset MAKEFLAGS MFLAGS MAKELEVEL CC ARCHFLAGS
cluster='' prefix='' TIMEFORMAT='%U %S'

# Processor milliseconds of so many inferences.
milliseconds() {
    { time $prefix "$1" --random --repeat "$2" >/dev/null 2>&1; } 2>&1 | awk '{ print 1000 * ($1 + $2) }'
}

# Of one inference, without the start of the program.
least() {
    local repeat=${REPEAT:-30}
    for _ in 1 2 3; do
        echo "$(milliseconds "$1" 1) $(milliseconds "$1" $((repeat + 1)))"
    done | awk -v n="$repeat" '{ one = NR == 1 || $1 < one ? $1 : one; all = NR == 1 || $2 < all ? $2 : all }
                               END { printf "%.3f", (all - one) / n }'
}

while getopts c:p: option; do
    case $option in
    c) cluster=$OPTARG ;;
    p) prefix=$OPTARG ;;
    *) exit 2 ;;
    esac
done
shift $((OPTIND - 1))
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "$cluster" ]; then
    cluster=$work/cluster.xml
    $prefix ./mednn-probe -q -o "$cluster"
fi
echo "model,predicted_ms,measured_ms,ratio"
for model; do
    name=$(basename "$model" .onnx)
    ./mednnc -q "$model" --cluster "$cluster" --partition single -o "$work/$name"
    make -s -C "$work/$name" device0 >/dev/null
    predicted=$(sed -n 's/.*<plan .*predicted_ms="\([0-9.]*\)".*/\1/p' "$work/$name/report.xml")
    measured=$(least "$work/$name/device0")
    echo "$name,$predicted,$measured,$(awk "BEGIN { printf \"%.2f\", $predicted / $measured }")"
    rm -rf "${work:?}/$name"
done
