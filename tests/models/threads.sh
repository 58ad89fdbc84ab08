#!/bin/sh
# threads.sh -- devices of several threads compute the bytes of one thread.
# SPDX-License-Identifier: MIT
set -eu
# shellcheck source=tests/models/model.sh
. "$SRCDIR/tests/models/model.sh"
name=mlperftiny_kws_dscnn
[ -z "$long" ] || name=mobilenet_v1_0.25_128_deq
find_model $name
work_folder threads

# compile_and_run FOLDER OPTION...
compile_and_run()
{
    folder=$work/$1
    shift
    "$MEDNNC" "$model" "$@" -o "$folder"
    build_folder "$folder"
    run_folder $name "$folder" "$folder.out"
}

compile_and_run one --devices 1
compile_and_run three --devices 1 --threads 3
grep -q mednn_parallel "$work/three/device0.c" || die "three threads divide nothing"
check_same "$work/one.out" "$work/three.out"
compile_and_run several --devices 3 --partition rows --threads 2
check_same "$work/one.out" "$work/several.out"
