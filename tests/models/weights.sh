#!/bin/sh
# weights.sh -- wherever the weights go, the answers are the same bytes, and the C is clean.
# SPDX-License-Identifier: MIT
set -eu
# shellcheck source=tests/models/model.sh
. "$SRCDIR/tests/models/model.sh"

# The bundled model's weights fit into readable numbers; larger ones become a string.
name=digits
[ ! -f "${MEDNN_DATA:-}/models/cifar_resnetc_folded.onnx" ] || name=cifar_resnetc_folded
find_model $name
work_folder weights

for form in auto inline incbin file; do
    "$MEDNNC" "$model" --devices 2,1 --partition rows --weights $form -o "$work/$form"
    MAKEFLAGS='' make -s -C "$work/$form" WARNINGS='-Wall -Wextra -Werror'
    run_folder $name "$work/$form" "$work/$form.out"
    check_same "$work/auto.out" "$work/$form.out"
done

# A program whose weights are another's says so.
echo >>"$work/file/device0.weights"
if run_folder $name "$work/file" "$work/wrong.out" 2>"$work/error"; then
    die "weights of the wrong size were accepted"
fi
grep -q 'expected [0-9]*: weights of another compilation' "$work/error" || die "$(cat "$work/error")"
