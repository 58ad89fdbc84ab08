#!/bin/sh
# test_runtime_source.sh -- the runtime compiles without warnings as the C that a user's compiler gets, and stays small.
# SPDX-License-Identifier: MIT
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tried=0
for compiler in gcc clang aarch64-linux-gnu-gcc arm-linux-gnueabihf-gcc; do
    command -v "$compiler" >/dev/null || continue
    tried=$((tried + 1))
    for file in "$SRCDIR"/runtime/*.c; do
        name=${file##*/}
        [ "$name" = mednn_run.c ] && continue
        "$compiler" -std=c11 -Os -ffp-contract=off -Wall -Wextra -Wconversion -Werror -DMEDNN_PROGRAM=any_program \
            -c "$file" -o "$work/$compiler-${name%.c}.o"
    done
done
[ $tried -gt 0 ] || { echo "no compiler"; exit 77; }
command -v size >/dev/null || exit 0
for compiler in gcc clang aarch64-linux-gnu-gcc arm-linux-gnueabihf-gcc; do
    [ -f "$work/$compiler-main.o" ] || continue
    rm "$work/$compiler-main.o"
    text=$(size "$work/$compiler"-*.o | awk 'NR > 1 { sum += $1 } END { print sum }')
    echo "$compiler: $text bytes of text"
    [ "$text" -le 40960 ] || { echo "more than 40 KB"; exit 1; }
done
