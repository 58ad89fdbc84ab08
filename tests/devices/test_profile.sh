#!/bin/sh
# test_profile.sh -- MEDNN_PROFILE=1 prints every layer of every device, and changes no byte of the answers.
# SPDX-License-Identifier: MIT
set -eu
# The make that runs the tests has its own options; those are not for generated Makefiles.
unset MAKEFLAGS MFLAGS MAKELEVEL
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
digits=$SRCDIR/examples/digits

fail()
{
    echo "FAILED: $*" >&2
    exit 1
}

"$MEDNNC" "$digits/digits.onnx" -q --devices 2 --partition rows -o "$work/out"
make -s -C "$work/out" -j2 ${optimise:+"$optimise"} >"$work/make.log" 2>&1 || { cat "$work/make.log"; exit 1; }

run() # NAME
{
    "$MEDNN_RUN" "$work/out" --batch --input "$digits/digits_x.npy" --output-dir "$work/$1" >"$work/$1.out" 2>"$work/$1.err" ||
        fail "mednn-run: $(cat "$work/$1.err")"
}

run plain
MEDNN_PROFILE=0 run off
MEDNN_PROFILE=1 run profiled
cmp "$work/plain/output_0.npy" "$work/profiled/output_0.npy" || fail "the profile changes the answers"
[ ! -s "$work/plain.err" ] && [ ! -s "$work/off.err" ] || fail "a profile that nobody asked for: $(cat "$work/plain.err" "$work/off.err")"
for device in 0 1; do
    # The layers that the schedule runs, each once, with what it takes and a share of the processor's peak below 100 %.
    sed -n "s/^device$device: profile of digits, medians of \([0-9]*\) inferences\$/\1/p" "$work/profiled.err" | grep -q . ||
        fail "no profile of device $device: $(cat "$work/profiled.err")"
    sed -n 's/^STEP void \(layer_[A-Za-z0-9_]*\)(.*/\1/p' "$work/out/device$device.c" | sed 's/_piece[0-9]*$//; s/_interior[0-9]*$//' | sort -u >"$work/layers"
    [ -s "$work/layers" ] || fail "device $device has no layers"
    while read -r layer; do
        awk -v header="device$device:" -v layer="$layer" '
            /^device/ { on = $1 == header }
            on && $NF == layer { found++; good += $1 >= 0 && $2 <= 100 }
            END { exit !(found == 1 && good == 1) }' "$work/profiled.err" || fail "device $device: no good line of $layer: $(cat "$work/profiled.err")"
    done <"$work/layers"
done
[ "$(grep -c '(all)' "$work/profiled.err")" = 2 ] || fail "no totals"
[ "$(grep -c '^peak of one thread: [1-9][0-9.]* GFLOP/s of multiply-adds, [0-9.]* GB/s' "$work/profiled.err")" = 2 ] || fail "no limits"
# The parts make up the whole, but for medians.
awk '/\(all\)/ { if (sum < 0.5 * $1 || sum > 2 * $1) bad = 1; sum = 0; next } $1 ~ /^[0-9]+\.[0-9]+$/ { sum += $1 } END { exit bad }' \
    "$work/profiled.err" || fail "layers do not add up: $(cat "$work/profiled.err")"
