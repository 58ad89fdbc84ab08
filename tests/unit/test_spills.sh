#!/bin/sh
# test_spills.sh -- tiles live in registers: between the first and the last multiply-add of an aarch64 micro-kernel, nothing
# touches the stack in gcc's assembly. clang 14 spills a few registers around the loops of the widest tiles: it is told, and limited.
# SPDX-License-Identifier: MIT
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tried=0
for compiler in aarch64-linux-gnu-gcc "clang --target=aarch64-linux-gnu"; do
    case $compiler in clang*) most=8 ;; *) most=0 ;; esac
    # shellcheck disable=SC2086 # a command and its option
    echo | $compiler -E -include stdint.h - >/dev/null 2>&1 || continue
    for processor in cortex-a53 cortex-a76; do
        tried=$((tried + 1))
        # shellcheck disable=SC2086
        $compiler -std=c11 -O3 -mcpu=$processor -ffp-contract=off -fno-math-errno -fno-strict-aliasing \
            -fno-delete-null-pointer-checks -S "$SRCDIR/tests/unit/spills.c" -o "$work/spills.s"
        awk -v what="$compiler $processor" -v most=$most '
            /^tile_[a-z0-9_]*_(wide|narrow)[a-z0-9._]*:/ { name = $1; seen = pending = spills = 0 }
            name && /fmla/ { seen++; spills += pending; pending = 0 }
            name && seen && /\[sp/ { pending++ }
            name && /\.size/ {
                if (seen) kernels++
                if (spills) print what ": " name " " spills " accesses to the stack"
                if (spills > most) failed = 1
                name = ""
            }
            END {
                print what ": " kernels + 0 " micro-kernels"
                exit failed || kernels < 6
            }' "$work/spills.s"
    done
done
[ $tried -gt 0 ] || { echo "no compiler for aarch64"; exit 77; }
