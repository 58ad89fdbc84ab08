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
        # size counts unwinding tables as text, which they are not
        "$compiler" -std=c11 -Os -fno-asynchronous-unwind-tables -fno-unwind-tables -ffp-contract=off -Wall -Wextra -Wconversion -Werror -DMEDNN_PROGRAM=any_program \
            -c "$file" -o "$work/$compiler-${name%.c}.o"
    done
done
[ $tried -gt 0 ] || { echo "no compiler"; exit 77; }
command -v size >/dev/null || exit 0
for compiler in gcc clang aarch64-linux-gnu-gcc arm-linux-gnueabihf-gcc; do
    [ -f "$work/$compiler-main.o" ] || continue
    rm "$work/$compiler-main.o" "$work/$compiler-arguments.o"
    # What runs programs, and apart from it what only looks at them.
    watching=$(size "$work/$compiler"-profile.o "$work/$compiler"-trace.o "$work/$compiler"-slow.o | awk 'NR > 1 { sum += $1 } END { print sum }')
    text=$(size "$work/$compiler"-*.o | awk -v w="$watching" 'NR > 1 { sum += $1 } END { print sum - w }')
    echo "$compiler: $text bytes of text, $watching more to profile, trace and emulate"
    if [ "$text" -gt 40960 ] || [ "$watching" -gt 10240 ]; then echo "more than 40960 bytes, or 10240"; exit 1; fi
done
