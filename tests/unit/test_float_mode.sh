#!/bin/sh
# test_float_mode.sh -- micro-kernels and smooth functions fuse multiply and add where they may, nothing else does; tiles do not spill, nor
# end lane by lane.
# SPDX-License-Identifier: MIT
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
source=$SRCDIR/tests/unit/float_mode.c
status=0

# Prints "FUNCTION FUSED PRODUCTS": per function the number of fused multiply-adds and of plain multiplications.
count() {
    "$1" -d "$dir/o" | awk '
        /^[0-9a-f]+ <.*>:$/ { name = $2; gsub(/[<>:]/, "", name) }
        /[ \t]v?fn?m(add|sub)[0-9]*[ps]s|[ \t]f(n?m(add|sub)|ml[as])[ \t]/ { fused[name]++ }
        /[ \t]v?mul[ps]s|[ \t]fmul[ \t]/ { product[name]++ }
        { seen[name] = 1 }
        END { for (name in seen) if (name != "") print name, fused[name] + 0, product[name] + 0 }'
}

check() { # MODE(1 fused, 0 not) OBJDUMP COMPILER FLAGS...
    mode=$1 objdump=$2
    shift 2
    command -v "$1" >/dev/null && command -v "$objdump" >/dev/null || return 0
    "$@" -std=c11 -ffp-contract=off -O3 -c -o "$dir/o" "$source"
    count "$objdump" >"$dir/count"
    if awk -v mode="$mode" '
        /^(fused_|vector_|finish_)/ { micro++; if (mode && ($2 == 0 || $3 > 64)) { bad = 1; print "not fused:", $0 } }
        !/^(fused_|vector_|finish_)/ || !mode { if ($2 > 0) { bad = 1; print "fused:", $0 } }
        END { exit bad || micro < 6 }' "$dir/count"; then
        echo "ok: $*"
    else
        echo "FAILED: $*"
        status=1
    fi
}

machine=$(uname -m)
for cc in gcc clang; do
    if [ "$machine" = x86_64 ]; then
        check 1 objdump "$cc" -mavx2 -mfma
        check 1 objdump "$cc" -mavx512f -mfma
        check 0 objdump "$cc" -mavx2 -mfma -DMEDNN_FLOAT_MODE_FMA=0
        check 0 objdump "$cc"
    elif [ "$machine" = aarch64 ]; then
        check 1 objdump "$cc"
        check 0 objdump "$cc" -DMEDNN_FLOAT_MODE_FMA=0
    fi
done
check 1 aarch64-linux-gnu-objdump aarch64-linux-gnu-gcc
check 0 aarch64-linux-gnu-objdump aarch64-linux-gnu-gcc -DMEDNN_FLOAT_MODE_FMA=0

# The accumulators of a 3x3 layer stay in registers: between its first and last fused multiply-add no vector goes to
# the stack or comes from there.
spills() { # COMPILER FLAGS...
    command -v "$1" >/dev/null || return 0
    "$@" -std=c11 -ffp-contract=off -O3 -S -o "$dir/s" "$source"
    if awk '/^[A-Za-z_][A-Za-z_0-9.]*:/ { name = $1; started = 0; held = "" }
            name !~ /^fused_direct_(wide|narrow)/ { next }
            /fmadd|fmla/ { seen++; if (started && held != "") { print held; bad = 1 } started = 1; held = "" }
            /[xyz]mm[0-9]+.*\(%r[sb]p\)|\(%r[sb]p\).*[xyz]mm|(str|ldr|stp|ldp)[ \t]q.*\[(sp|x29)/ { held = $0 }
            END { exit bad || seen < 16 }' "$dir/s"; then
        echo "ok: no spills: $*"
    else
        echo "FAILED: spills: $*"
        status=1
    fi
}

# Ends of activations take one instruction a vector (vector_greater()), not one a lane.
ends() { # COMPILER FLAGS...
    command -v "$1" >/dev/null || return 0
    "$@" -std=c11 -ffp-contract=off -O3 -S -o "$dir/s" "$source"
    if awk '/^[A-Za-z_][A-Za-z_0-9.]*:/ { name = $1 }
            name !~ /^fused_(direct|depthwise)_/ { next }
            /vmaxps/ { seen++ }
            /v(max|min|cmp[a-z]*|u?comi)ss/ { print name, $0; bad = 1 }
            END { exit bad || seen < 16 }' "$dir/s"; then
        echo "ok: ends: $*"
    else
        echo "FAILED: ends: $*"
        status=1
    fi
}
if [ "$machine" = x86_64 ]; then
    spills gcc -mavx2 -mfma
    spills gcc -mavx512f -mfma
    for cc in gcc clang; do
        ends "$cc" -mavx2 -mfma
        ends "$cc" -mavx512f -mfma
    done
fi
spills aarch64-linux-gnu-gcc
exit $status
