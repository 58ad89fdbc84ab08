#!/bin/sh
# report.sh -- report.xml is what its schema says, for models and options that put everything into it; other files are not.
# SPDX-License-Identifier: MIT
set -eu
command -v xmllint >/dev/null || { echo "xmllint is missing"; exit 77; }
schema=$SRCDIR/docs/report.rng
digits=$SRCDIR/examples/digits
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

valid()
{
    xmllint --noout --relaxng "$schema" "$1" >log 2>&1
}

# compile WORD OPTION...: the digits network; WORD is an element that the report must hold.
compile()
{
    word=$1
    shift
    "$MEDNNC" -q "$digits/digits.onnx" "$@" -o out
    grep -q "<$word " out/report.xml || { echo "$*: no <$word>"; exit 1; }
    valid out/report.xml || { cat log; exit 1; }
}

compile candidate --devices 1
compile transfer --devices 3,1,2 --partition gtdp
compile alternative --devices 3
compile span --devices 2 --partition rows --objective throughput
compile pruning --devices 2 --partition rows --prune 0.3 --no-repair --max-drop 100 --calibrate "$digits/digits_x.npy"
for element in goal group change; do
    grep -q "<$element " out/report.xml || { echo "no $element"; exit 1; }
done
"$MEDNNC" --quiet "$digits/digits.onnx" --zero-threshold 0.2 -o out
if ! grep -q '<compaction ' out/report.xml || ! valid out/report.xml; then
    cat log
    echo "--zero-threshold"
    exit 1
fi

# It is not everything that is valid.
for change in 's/ macs="/ mac="/' 's/divided="no"/divided="perhaps"/' 's/<options [^>]*>//' 's/index="0"/index="-1"/'; do
    sed "$change" out/report.xml >bad.xml
    cmp -s out/report.xml bad.xml && { echo "$change: changes nothing"; exit 1; }
    valid bad.xml && { echo "$change: is valid"; exit 1; }
done
exit 0
