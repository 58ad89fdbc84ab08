#!/bin/sh
# vgg16.sh -- a large model (528 MiB of weights): time and memory of mednnc and of the C compiler, size of the C, a run.
# SPDX-License-Identifier: MIT
#
# Run in the build folder. DEVICES (3) and WORK (./bench-work) can be set.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mednnc=${MEDNNC:-./mednnc}
mednn_run=${MEDNN_RUN:-./mednn-run}
work=${WORK:-bench-work}
devices=${DEVICES:-3}
mkdir -p "$work"
${CC:-cc} -O2 -o "$work/usage" "$here/usage.c"
/usr/bin/python3 "$here/export_torchvision.py" "$work" vgg16
folder=$work/vgg16-$devices

echo "mednnc --devices $devices:"
"$work/usage" "$mednnc" "$work/vgg16.onnx" --devices "$devices" -o "$folder"
echo "bytes of generated C, without the runtime:"
cat "$folder"/device*.c | wc -c
echo "bytes of weights, all devices:"
find "$folder" -name '*.weights' -exec cat {} + | wc -c
echo "make:"
"$work/usage" make -C "$folder" >"$folder.log"
echo "run:"
"$work/usage" "$mednn_run" "$folder" --random --repeat 3 --output-dir "$folder.out"
