#!/bin/sh
# vs-onnxruntime.sh -- mednn against ONNX Runtime, on one thread each, or THREADS: vs-onnxruntime.sh [--build|--race]
# [--isa x86-64-v3] [MODEL.onnx|NAME]...
# SPDX-License-Identifier: MIT
#
# NAMEs are torchvision's networks (all of export_torchvision.py by default), exported with random weights. MEDNNC (./mednnc),
# WORK (a folder for models and builds, default ./bench-work), ONNXRUNTIME_NODE (see install-onnxruntime.sh) and MEDNNC_OPTIONS
# can be set; THREADS=2 gives both so many threads and compares what passes (leave the machine idle) instead of CPU time. --build
# only builds, --race only measures what was built, so that nothing else runs meanwhile. --isa x86-64-v3: both without AVX-512, our
# program by the compiler's -march, ONNX Runtime by a processor that denies having it (held_processor.h). Prints the median ratio of
# times, mednn / ONNX Runtime: below 1 is faster.
set -eu
steps='build race'
isa=
while :; do
    case ${1:-} in
    --build) steps=build && shift ;;
    --race) steps=race && shift ;;
    --isa)
        [ "${2:-}" = x86-64-v3 ] || {
            echo "vs-onnxruntime.sh: --isa: only x86-64-v3" >&2
            exit 2
        }
        isa=$2 && shift 2
        ;;
    *) break ;;
    esac
done
here=$(cd "$(dirname "$0")" && pwd)
mednnc=${MEDNNC:-./mednnc}
work=${WORK:-bench-work}
[ -x "$mednnc" ] || {
    echo "vs-onnxruntime.sh: no $mednnc: run this in the build folder, or set MEDNNC" >&2
    exit 2
}
library=$(find "$("$here/install-onnxruntime.sh")/node_modules/onnxruntime-node/bin" -path '*linux/x64*' -name 'libonnxruntime.so.1')
[ -n "$library" ] || {
    echo "vs-onnxruntime.sh: no libonnxruntime.so.1 for this machine" >&2
    exit 1
}
[ $# -gt 0 ] || set -- alexnet vgg16 resnet18 resnet50 mobilenet_v2 squeezenet1_1
mkdir -p "$work"

build() # MODEL FOLDER
{
    model=$1 folder=$2
    # shellcheck disable=SC2086 # several words are meant
    "$mednnc" "$model" --devices 1 --threads "${THREADS:-1}" ${MEDNNC_OPTIONS:-} -o "$folder"
    make -C "$folder" ${isa:+"ARCHFLAGS=-march=$isa"} >"$folder.log" 2>&1 || {
        tail -n 20 "$folder.log" >&2
        exit 1
    }
    symbol=$(sed -n 's/^extern const struct mednn_program \(.*_device0\);$/\1/p' "$folder/mednn_model.h")
    # main.c is the device's own program; all other objects of the runtime are wanted.
    objects=$(find "$folder/runtime" -name '*.o' ! -name 'main*.o')
    # shellcheck disable=SC2086 # a list of objects
    ${CC:-cc} -std=gnu11 -O2 -Wall -Wextra -I"$folder/runtime" -DMEDNN_PROGRAM="$symbol" -o "$folder/race" \
        "$here/onnxruntime.c" "$here/held_processor.c" "$folder/device0.o" $objects -ldl -lm -lpthread
}

for name; do
    case $name in
    *.onnx) model=$name ;;
    *) model=$work/$name.onnx ;;
    esac
    folder=$work/$(basename "$model" .onnx)${isa:+-$isa}
    case $steps in
    build*)
        [ "$model" = "$name" ] || /usr/bin/python3 "$here/export_torchvision.py" "$work" "$name"
        build "$model" "$folder"
        ;;
    esac
    case $steps in
    *race)
        echo "== $model"
        "$folder/race" "$library" "$model" ${isa:+"$isa"}
        ;;
    esac
done
