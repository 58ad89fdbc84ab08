#!/bin/sh
# compact.sh -- compaction finds every filter that training with group lasso left at zero.
# SPDX-License-Identifier: MIT
set -eu
models=${MEDNN_DATA:-}/models
[ -e "$models/cifar_resnetc_gl_bn.onnx" ] || exit 77
for name in cifar_resnetc_gl_bn cifar_resnetc_gl_folded; do
    got=$("$MEDNNC" inspect "$models/$name.onnx" | grep '^empty')
    want="empty      389 of 1090 channels; without them 10894690 macs of 23930112, 181269 parameters of 683722"
    [ "$got" = "$want" ] || { printf '%s\n got: %s\nwant: %s\n' "$name" "$got" "$want"; exit 1; }
done
