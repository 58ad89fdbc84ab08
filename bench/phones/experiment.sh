#!/bin/bash
# experiment.sh -- MeDNN's experiment on emulated phones: all networks, clusters, links and ways of dividing, as a table and a picture.
# SPDX-License-Identifier: MIT
#
#   experiment.sh [-p "auto naive rows gtdp star"] [-r "200 50 600"] [-g "10 2"] [-w DIR] [-t ROUNDS] MODEL.onnx...
#
# In the build folder, as root. Without models: AlexNet, VGG-16, ResNet-18, ResNet-50 and MobileNetV2 of torchvision, made by
# export_torchvision.py. For every GMAC/s, rate and model: 2, 3 and 4 equal phones and unequal ones of 4:2:1, 2 ms from each other, each
# against one phone. It can be stopped and goes on where it was; everything takes hours, most of them for compiling, the parts in the order
# of the options' values. Writes DIR/experiment.csv (DIR: phones-work), DIR/experiment.svg and, on standard output, what the plans
# promised and kept: by how much measured differs from foretold, and auto from the best of the others.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
ways='auto naive rows gtdp star' rates='200 50 600' speeds='10 2' work=phones-work rounds=1
while getopts p:r:g:w:t: option; do
    case $option in
    p) ways=$OPTARG ;;
    r) rates=$OPTARG ;;
    g) speeds=$OPTARG ;;
    w) work=$OPTARG ;;
    t) rounds=$OPTARG ;;
    *) echo "experiment.sh: see the head of this file" >&2; exit 2 ;;
    esac
done
shift $((OPTIND - 1))
mkdir -p "$work"
if [ $# = 0 ]; then
    names='alexnet vgg16 resnet18 resnet50 mobilenet_v2'
    for name in $names; do
        [ -f "$work/$name.onnx" ] || /usr/bin/python3 "$here/../export_torchvision.py" "$work" "$name" >&2
        set -- "$@" "$work/$name.onnx"
    done
fi
table=$work/experiment.csv
: >"$table.new"
for gmacs in $speeds; do
    for mbit in $rates; do
        for model in "$@"; do
            "$here/run.sh" -c -w "$work" -t "$rounds" -g "$gmacs" -r "$mbit" -p "$ways" \
                -s "1:1 1:1:1 1:1:1:1 4:2:1" -o "$work/part.csv" "$model"
            tail -n +2 "$work/part.csv" >>"$table.new"
        done
    done
done
{
    head -n 1 "$work/part.csv"
    awk -F, '!seen[$0]++' "$table.new"
} >"$table"
rm "$table.new"
"$here/plot.sh" "$table" >"$work/experiment.svg"
"$here/promises.sh" "$table"
