#!/bin/sh
# accuracy.sh -- predictions of three devices on labelled data sets are ONNX Runtime's.
# SPDX-License-Identifier: MIT
#
# Needs MEDNN_DATA with datasets/, python3-numpy, and node with onnxruntime-node, found in ONNXRUNTIME_NODE (a folder with
# node_modules; bench/install-onnxruntime.sh makes one).
set -eu
# shellcheck source=tests/models/model.sh
. "$SRCDIR/tests/models/model.sh"
[ -n "${MEDNN_DATA:-}" ] || skip "MEDNN_DATA is not set"
[ -d "$MEDNN_DATA/datasets" ] || skip "no $MEDNN_DATA/datasets"
python=/usr/bin/python3
$python -c 'import numpy' 2>/dev/null || skip "no python3-numpy"
[ -d "${ONNXRUNTIME_NODE:-}/node_modules/onnxruntime-node" ] || skip "ONNXRUNTIME_NODE names no onnxruntime-node"
command -v node >/dev/null || skip "no node"
work_folder accuracy

# check MODEL DATA_SET SHIFT PREPROCESSING: the last in NumPy, of x as float32 (SHIFT: class = label + SHIFT).
check()
{
    find_model "$1"
    labels=$MEDNN_DATA/datasets/$2_test_y.npy
    echo "== $1"
    $python - "$MEDNN_DATA/datasets/$2_test_x.npy" "$work/x.npy" "$4" <<'PYTHON'
import sys
import numpy as np
source, target, expression = sys.argv[1:]
x = np.load(source).astype(np.float32)
x = eval(expression, {"x": x, "np": np})
np.save(target, np.ascontiguousarray(x, dtype=np.float32))
PYTHON
    NODE_PATH=$ONNXRUNTIME_NODE/node_modules node "$SRCDIR/bench/onnxruntime.js" "$model" "$work/x.npy" "$work/reference.npy"
    "$MEDNNC" "$model" --devices 3 --partition rows -o "$work/three"
    "$MEDNN_RUN" "$work/three" --batch --input "$work/x.npy" --output-dir "$work/out"
    "$COMPARE" predictions "$work/reference.npy" "$work/out/output_0.npy"
    reference=$("$COMPARE" labels "$work/reference.npy" "$labels" "$3")
    ours=$("$COMPARE" labels "$work/out/output_0.npy" "$labels" "$3")
    echo "accuracy: $ours; ONNX Runtime: $reference"
    [ "$ours" = "$reference" ] || die "accuracies of $1 differ"
    rm -rf "$work/three" "$work/out"
}

check mnist_lenet mnist 0 'x.reshape(-1, 1, 28, 28) / 255'
check cifar_resnetc_bn cifar 0 '((x / 255 - 0.5) / 0.25).transpose(0, 3, 1, 2)'
check mobilenet_v1_0.25_128_deq imagenet128 1 '(x / 128 - 1).transpose(0, 3, 1, 2)'
