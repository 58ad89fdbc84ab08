#!/bin/sh
# warnings.sh -- generated C compiles without a warning under the compiler that mednnc was built with; the long form: gcc and clang.
# SPDX-License-Identifier: MIT
set -eu
# shellcheck source=tests/models/model.sh
. "$SRCDIR/tests/models/model.sh"
work_folder warnings

names=digits
[ -z "${MEDNN_DATA:-}" ] || names="digits mnist_lenet mlperftiny_kws_dscnn superres_x3_core_96"
[ -z "$long" ] || names="$names mobilenet_v2_1.0_224_deq ultraface_slim_320_simplified akamaster_resnet20_cifar10_folded"

# compile FOLDER COMPILER
compile()
{
    make -C "$1" CC="$2" CFLAGS='-O2 -Wall -Wextra -Werror' >"$work/log" 2>&1 || {
        cat "$work/log"
        die "$1 with $2"
    }
    make -C "$1" clean >/dev/null
}

for name in $names; do
    find_model "$name"
    for partition in rows gtdp; do
        folder=$work/$name-$partition
        "$MEDNNC" "$model" --devices 2,1,1 --partition $partition -o "$folder"
        echo "== $name $partition"
        compile "$folder" "${CC:-cc}"
        for other in gcc clang; do
            [ -z "$long" ] || ! command -v $other >/dev/null || compile "$folder" $other
        done
    done
done
