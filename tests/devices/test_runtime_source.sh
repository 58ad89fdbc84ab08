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
        case $name in mednn_run.c | watch_devices.c) continue ;; esac
        "$compiler" -std=c11 -Os -ffp-contract=off -Wall -Wextra -Wconversion -Werror -DMEDNN_PROGRAM=any_program \
            -c "$file" -o "$work/$compiler-${name%.c}.o"
    done
done
[ $tried -gt 0 ] || { echo "no compiler"; exit 77; }
command -v size >/dev/null || exit 0
for compiler in gcc clang aarch64-linux-gnu-gcc arm-linux-gnueabihf-gcc; do
    [ -f "$work/$compiler-main.o" ] || continue
    rm "$work/$compiler-main.o" "$work/$compiler-arguments.o"
    text=$(size "$work/$compiler"-*.o | awk 'NR > 1 { sum += $1 } END { print sum }')
    echo "$compiler: $text bytes of text"
    most=40
    [ $compiler != clang ] || most=44 # it repeats small functions
    [ "$text" -le $((most * 1024)) ] || { echo "more than $most KB"; exit 1; }
done
