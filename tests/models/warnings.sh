#!/bin/sh
# warnings.sh -- generated C compiles without a warning under gcc and clang.
# SPDX-License-Identifier: MIT
set -eu
# shellcheck source=tests/models/model.sh
. "$SRCDIR/tests/models/model.sh"
work_folder warnings

compilers=''
for compiler in gcc clang; do
    ! command -v $compiler >/dev/null || compilers="$compilers $compiler"
done
[ -n "$compilers" ] || skip "neither gcc nor clang"

names=digits
[ -z "${MEDNN_DATA:-}" ] || names="digits mnist_lenet mlperftiny_kws_dscnn superres_x3_core_96"
[ -z "$long" ] || names="$names mobilenet_v2_1.0_224_deq ultraface_slim_320_simplified akamaster_resnet20_cifar10_folded"

for name in $names; do
    find_model "$name"
    for partition in rows gtdp; do
        "$MEDNNC" "$model" --devices 2,1,1 --partition $partition -o "$work/$name-$partition"
        for compiler in $compilers; do
            echo "== $name $partition $compiler"
            make -C "$work/$name-$partition" CC="$compiler" CFLAGS='-O2 -Wall -Wextra -Werror' >"$work/log" 2>&1 || {
                cat "$work/log"
                die "$name $partition with $compiler"
            }
            make -C "$work/$name-$partition" clean >/dev/null
        done
    done
done
