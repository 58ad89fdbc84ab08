#!/bin/sh
# warnings.sh -- generated C compiles without a warning under gcc and clang, at other levels of optimisation than users have: other code,
# other warnings. (The other tests of models build without warnings, too.)
# SPDX-License-Identifier: MIT
set -eu
# shellcheck source=tests/models/model.sh
. "$SRCDIR/tests/models/model.sh"
work_folder warnings

names=digits
[ -z "${MEDNN_DATA:-}" ] || names="digits mnist_lenet mlperftiny_kws_dscnn superres_x3_core_96 mobilenet_v2_1.0_224_deq
    ultraface_slim_320_simplified akamaster_resnet20_cifar10_folded"

for name in $names; do
    find_model "$name"
    for partition in rows gtdp; do
        folder=$work/$name-$partition
        "$MEDNNC" "$model" --devices 2,1,1 --partition $partition -o "$folder"
        echo "== $name $partition"
        for compiler in gcc clang; do
            command -v $compiler >/dev/null || continue
            for level in -O1 -O2; do
                build_folder "$folder" CC=$compiler CFLAGS=$level
                make -s -C "$folder" clean
            done
        done
    done
done
