#!/bin/sh
# targets.sh -- one generated source, other instruction sets: aarch64 and 32-bit ARM under qemu, alone and beside this machine.
# SPDX-License-Identifier: MIT
set -eu
# shellcheck source=tests/models/model.sh
. "$SRCDIR/tests/models/model.sh"
arm64=aarch64-linux-gnu arm32=arm-linux-gnueabihf
for program in $arm64-gcc $arm32-gcc qemu-aarch64 qemu-arm; do
    command -v "$program" >/dev/null || skip "no $program"
done
case $(uname -m) in
x86_64) ;;
*) skip "expects to run on x86-64" ;;
esac
work_folder targets

# build FOLDER COMPILER ARCHFLAGS: a copy of $work/source, built for a target.
build()
{
    cp -r "$work/source" "$1"
    make -C "$1" CC="$2" ARCHFLAGS="$3" LDFLAGS=-static >"$work/log" 2>&1 || {
        cat "$work/log"
        die "make in $1"
    }
}

# run NAME OUTPUT OWNER_FOLDER OWNER_WRAPPER WORKER_FOLDER WORKER_WRAPPER: two devices, each with its own build.
run()
{
    run_name=$1 run_output=$2
    set -- --program "0=$3/device0" --program "1=$5/device1" ${4:+--wrapper "0=$4"} ${6:+--wrapper "1=$6"}
    run_folder "$run_name" "$work/source" "$run_output" --timeout 300 "$@"
}

# One model in one floating-point mode.
check_mode()
{
    echo "== $1 --float $2"
    rm -rf "$work"/source "$work"/native* "$work"/arm* "$work"/mixed*
    "$MEDNNC" "$model" --devices 2 --partition rows --float "$2" -o "$work/source"
    build "$work/native" gcc "$3"
    build "$work/arm64" $arm64-gcc ''
    build "$work/arm32" $arm32-gcc '-march=armv7-a+neon-vfpv4'
    run "$1" "$work/native.out" "$work/native" '' "$work/native" ''
    check_close "$1" "$work/native.out"
    run "$1" "$work/arm64.out" "$work/arm64" qemu-aarch64 "$work/arm64" qemu-aarch64
    check_same "$work/native.out" "$work/arm64.out"
    run "$1" "$work/mixed.out" "$work/native" '' "$work/arm64" qemu-aarch64
    check_same "$work/native.out" "$work/mixed.out"
    run "$1" "$work/arm32.out" "$work/arm32" qemu-arm "$work/arm32" qemu-arm
    check_close "$1" "$work/arm32.out"
    [ "$2" != portable ] || check_same "$work/native.out" "$work/arm32.out"
}

names=digits
[ -z "$long" ] || names="digits mnist_lenet mobilenet_v1_0.25_128_deq cifar_resnetc_bn superres_x3_core_96"
for name in $names; do
    find_model "$name"
    if ! grep -q 'fma' /proc/cpuinfo; then
        echo "this machine has no FMA: portable only"
    else
        check_mode "$name" fma '-march=x86-64-v3'
    fi
    check_mode "$name" portable '-march=x86-64'
done
