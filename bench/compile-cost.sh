#!/bin/sh
# compile-cost.sh -- time and memory of mednnc, of the C compiler on its C, and of a run: compile-cost.sh [MODEL.onnx|NAME]...
# SPDX-License-Identifier: MIT
#
# NAMEs are torchvision's networks (vgg16 by default, 528 MiB of weights), exported with random weights. Run in the build folder.
# DEVICES (3) and WORK (./bench-work) can be set. A compiler cache in front of the C compiler would hide what it costs.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mednnc=${MEDNNC:-./mednnc}
mednn_run=${MEDNN_RUN:-./mednn-run}
work=${WORK:-bench-work}
devices=${DEVICES:-3}
[ $# -gt 0 ] || set -- vgg16
mkdir -p "$work"
${CC:-cc} -O2 -o "$work/usage" "$here/usage.c"

for name; do
    case $name in
    *.onnx) model=$name ;;
    *)
        model=$work/$name.onnx
        /usr/bin/python3 "$here/export_torchvision.py" "$work" "$name"
        ;;
    esac
    folder=$work/$(basename "$model" .onnx)-$devices
    echo "$name, $devices devices, mednnc:"
    "$work/usage" "$mednnc" "$model" --devices "$devices" -o "$folder"
    echo "bytes of generated C, without the runtime: $(cat "$folder"/device*.c | wc -c)"
    echo "bytes of weights, all devices: $(find "$folder" -name '*.weights' -exec cat {} + | wc -c)"
    echo "make:"
    "$work/usage" make -C "$folder" >"$folder.log"
    echo "run:"
    "$work/usage" "$mednn_run" "$folder" --random --repeat 3 --output-dir "$folder.out"
    rm -rf "$folder" "$folder.out"
done
