#!/bin/sh
# weights.sh -- wherever the weights go, the answers are the same bytes, and the C is clean.
# SPDX-License-Identifier: MIT
set -eu
# shellcheck source=tests/models/model.sh
. "$SRCDIR/tests/models/model.sh"

# The bundled model's weights fit into readable numbers; larger ones become a string.
name=digits
[ ! -f "${MEDNN_DATA:-}/models/mnist_lenet.onnx" ] || name=mnist_lenet
find_model $name
work_folder weights

for form in auto inline incbin file; do
    "$MEDNNC" "$model" --devices 2,1 --partition rows --weights $form -o "$work/$form"
done
for form in inline incbin file; do
    build_folder "$work/$form"
    run_folder $name "$work/$form" "$work/$form.out"
    check_same "$work/inline.out" "$work/$form.out"
done
# auto is one of them, but for the options in its head and the fingerprint that they are part of.
for form in auto inline incbin; do
    sed '/^ \* Options: /d; /fingerprint\[.*= {$/,/^};/d' "$work/$form/device0.c" >"$work/$form.c"
done
cmp -s "$work/auto.c" "$work/inline.c" || cmp "$work/auto.c" "$work/incbin.c"

# A program whose weights are another's says so.
echo >>"$work/file/device0.weights"
if run_folder $name "$work/file" "$work/wrong.out" 2>"$work/error"; then
    die "weights of the wrong size were accepted"
fi
grep -q 'expected [0-9]*: weights of another compilation' "$work/error" || die "$(cat "$work/error")"
