#!/bin/sh
# test_mednn_tune.sh -- mednn-tune measures every kernel in question; mednnc --tune takes the fastest by the file, says so, and
# computes the same on one device and on two; files that are not right are refused by line.
# SPDX-License-Identifier: MIT
set -eu
# The make that runs the tests has its own options; those are not for generated Makefiles.
unset MAKEFLAGS MFLAGS MAKELEVEL
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
digits=$SRCDIR/examples/digits
model=$digits/digits.onnx

fail()
{
    echo "FAILED: $*" >&2
    exit 1
}

# Kernels that --tune FILE makes mednnc take, "conv_direct measured" or "conv_direct foretold": of layers that were measured.
taken() # FILE
{
    "$MEDNNC" "$model" -q --tune "$1" --dump=choose_kernels --stop-after=choose_kernels |
        sed -n 's/.*, by \([a-zA-Z0-9_]*\) (\(.* measured .*\))$/\1 \2/p' >"$work/lines"
    while read -r kernel prices; do
        case "$prices" in
        *"$kernel measured"*) echo "$kernel" ;;
        *) fail "$kernel was taken, but not measured: $prices" ;;
        esac
    done <"$work/lines"
}

# The same from the file itself: of each layer the kernel of the shortest time.
fastest() # FILE
{
    awk -F'"' '/<layer/ { best = "" }
        /<kernel/ { if (best == "" || $4 + 0 < least) { best = $2; least = $4 + 0 } }
        /<\/layer/ { print best }' "$1"
}

CC="$CC" "${MEDNN_TUNE}" "$model" --rounds 1 -o "$work/tuned.xml" 2>"$work/err" || fail "mednn-tune: $(cat "$work/err")"
grep -q '^mednn-tune: measuring, round 1 of 1$' "$work/err" || fail "no progress: $(cat "$work/err")"
layers=$(grep -c '<layer' "$work/tuned.xml") || fail "no layers: $(cat "$work/tuned.xml")"
awk -F'"' '/<layer/ { n = 0 } /<kernel/ { n++; if (!($4 + 0 > 0)) exit 1 } /<\/layer/ { if (n < 2) exit 1 }' "$work/tuned.xml" ||
    fail "a layer with fewer than two times: $(cat "$work/tuned.xml")"

# As measured, and turned round: the slowest becomes the fastest.
awk -F'"' -v OFS='"' '/<kernel/ { $4 = 1000 / $4 } { print }' "$work/tuned.xml" >"$work/turned.xml"
for file in tuned turned; do
    fastest "$work/$file.xml" | sort >"$work/$file.wanted"
    taken "$work/$file.xml" | sort >"$work/$file.taken"
    cmp "$work/$file.wanted" "$work/$file.taken" || fail "$file: wanted $(cat "$work/$file.wanted"), got $(cat "$work/$file.taken")"
    [ "$(wc -l <"$work/$file.taken")" = "$layers" ] || fail "$file: not all of $layers layers"
done
cmp -s "$work/tuned.taken" "$work/turned.taken" && fail "the file changes no choice"

# Whatever is taken, one device and two agree to the byte.
for devices in 1 2; do
    "$MEDNNC" "$model" -q --tune "$work/turned.xml" --devices $devices --partition rows -o "$work/out$devices"
    "$MEDNN_RUN" "$work/out$devices" --batch --input "$digits/digits_x.npy" --output-dir "$work/answers$devices" >"$work/log" 2>&1 ||
        fail "mednn-run: $(cat "$work/log")"
done
cmp "$work/answers1/output_0.npy" "$work/answers2/output_0.npy" || fail "two devices differ from one"
grep -q 'by="measured"' "$work/out1/report.xml" || fail "the report does not say what was measured"

# A file of another model is used for nothing, and said so.
printf '<tuning version="1"><layer is="Conv"><kernel name="conv_direct" us="1"/></layer></tuning>' >"$work/other.xml"
"$MEDNNC" "$model" --tune "$work/other.xml" --stop-after=choose_kernels 2>"$work/err"
grep -q 'other.xml: none of its layers is in this model$' "$work/err" || fail "nothing said of a strange file: $(cat "$work/err")"

refuse() # MESSAGE TEXT
{
    printf '%s' "$2" >"$work/bad.xml"
    status=0
    "$MEDNNC" "$model" --tune "$work/bad.xml" --stop-after=choose_kernels >"$work/bad.out" 2>"$work/err" || status=$?
    [ $status = 2 ] && [ "$(cat "$work/err")" = "mednnc: $work/bad.xml: $1" ] ||
        fail "$2: status $status, said $(cat "$work/err"), expected $1"
}
layer='<layer is="Conv">'
kernel='<kernel name="conv_direct" us="1"/>'
refuse 'the root element is <cluster>, expected <tuning>' '<cluster/>'
refuse 'line 1: tuning: version is missing' '<tuning/>'
refuse 'line 1: tuning version: only 1 is known' '<tuning version="2"/>'
refuse 'line 1: <node>, expected <layer>' '<tuning version="1"><node/></tuning>'
refuse 'line 1: layer: is is missing' '<tuning version="1"><layer/></tuning>'
refuse 'line 1: <layer> holds no <kernel>' "<tuning version=\"1\">$layer</layer></tuning>"
refuse 'line 1: kernel name="fast": there is no such kernel' "<tuning version=\"1\">$layer<kernel name=\"fast\" us=\"1\"/></layer></tuning>"
refuse 'line 1: kernel: us is missing' "<tuning version=\"1\">$layer<kernel name=\"conv_direct\"/></layer></tuning>"
refuse 'line 1: kernel us="nan": expected a number from 1e-06 to 1e+12' \
    "<tuning version=\"1\">$layer<kernel name=\"conv_direct\" us=\"nan\"/></layer></tuning>"
refuse 'line 1: a second <kernel name="conv_direct"> of one layer' "<tuning version=\"1\">$layer$kernel$kernel</layer></tuning>"
refuse 'line 1: a second <layer> of the same layer' "<tuning version=\"1\">$layer$kernel</layer>$layer$kernel</layer></tuning>"
status=0
"$MEDNN_TUNE" --rounds 0 "$model" 2>"$work/err" || status=$?
[ $status = 2 ] && grep -q 'rounds 0: expected a number from 1 to 1000$' "$work/err" || fail "--rounds 0: $status $(cat "$work/err")"
echo "$layers layers tuned"
