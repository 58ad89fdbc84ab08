#!/bin/sh
# test_templates.sh -- the templates' tests under every compiler and instruction set at hand: the same bits in each
# floating-point mode, whatever the vector width.
# SPDX-License-Identifier: MIT
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
status=0

# Runs one build; its last line is "NAME: 0 failures, hash H".
run() { # MODE TEST EMULATOR COMPILER FLAGS...
    mode=$1 test=$2 emulator=$3
    shift 3
    command -v "$1" >/dev/null || return 0
    [ -z "$emulator" ] || command -v "$emulator" >/dev/null || return 0
    "$@" -std=c11 -O1 -ffp-contract=off -w -o "$dir/test" "$SRCDIR/tests/unit/$test.c" -lm
    if line=$($emulator "$dir/test" | tail -1); then
        echo "$mode $line ($*)"
        echo "$mode ${line##* }" >>"$dir/$test.hashes"
    else
        echo "FAILED: $line ($*)"
        status=1
    fi
}

for test in test_conv_templates test_element_templates test_functions test_gemm_templates test_pool_template \
    test_region_template test_winograd_template; do
    for cc in gcc clang; do
        [ "$(uname -m)" = x86_64 ] || continue
        run fma $test "" $cc -mavx2 -mfma
        run fma $test "" $cc -mavx2 -mfma -mtune=znver3
        run portable $test "" $cc -mavx2 -mfma -DMEDNN_FLOAT_MODE_FMA=0
        run portable $test "" $cc
        grep -q avx512f /proc/cpuinfo || continue
        run fma $test "" $cc -mavx512f -mfma
        run fma $test "" $cc -mavx512f -mfma -mtune=znver3
        run portable $test "" $cc -mavx512f -mfma -DMEDNN_FLOAT_MODE_FMA=0
    done
    run fma $test qemu-aarch64 aarch64-linux-gnu-gcc -static
    run portable $test qemu-aarch64 aarch64-linux-gnu-gcc -static -DMEDNN_FLOAT_MODE_FMA=0
    run portable $test qemu-arm arm-linux-gnueabihf-gcc -static
    run portable $test qemu-arm arm-linux-gnueabihf-gcc -static -mfpu=neon -DMEDNN_FLOAT_MODE_FMA=0
    if [ -f "$dir/$test.hashes" ] && [ "$(sort -u "$dir/$test.hashes" | cut -d' ' -f1 | uniq -d)" ]; then
        echo "FAILED: $test: builds of one floating-point mode differ"
        status=1
    fi
done

# Each template compiles alone, as it stands, and what measures them compiles.
for template in "$SRCDIR"/templates/*.h "$SRCDIR"/bench/kernels.c; do
    for cc in gcc clang aarch64-linux-gnu-gcc arm-linux-gnueabihf-gcc; do
        command -v $cc >/dev/null || continue
        if ! $cc -std=c11 -ffp-contract=off -Wall -Wextra -Werror -fsyntax-only -x c "$template"; then
            echo "FAILED: $cc $template"
            status=1
        fi
    done
done
exit $status
