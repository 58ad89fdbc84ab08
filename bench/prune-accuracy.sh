#!/bin/bash
# prune-accuracy.sh -- what --prune does to classifiers of MEDNN_DATA, through generated programs and the compiler's arithmetic.
# SPDX-License-Identifier: MIT
#
# prune-accuracy.sh [--held-out] [NAME FRACTION]...: for each, the dense, the unrepaired and the repaired network's accuracy on the test rows,
# what is lost with its paired standard error, and the agreement with the dense one (bench/prune_accuracy); then the same
# accuracies of the programs that mednnc makes. Test rows are never used for anything else. Run it in the build folder.
# With --held-out test rows are not looked at: of the calibration samples every fourth is kept from pruning, each in one of
# four runs (FOLDS="0 1" picks some), and agreement, divergence and the outputs' error there are what a method is to be chosen by.
set -euo pipefail
: "${MEDNN_DATA:?names no folder with models/ and datasets/}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
make bench/prune_accuracy mednnc mednn-run compare >"$work/make.log" 2>&1 || { tail "$work/make.log" >&2; exit 1; }
snap_to=${SNAP:-0} held_out=0
[[ ${1-} != --held-out ]] || { held_out=1; shift; }

# prepare DATA_SET EXPRESSION: in NumPy, of x as float32; makes $work/DATA_SET-{calib,test}.npy
prepare()
{
    /usr/bin/python3 - "$MEDNN_DATA/datasets/$1" "$work" "$2" <<'PYTHON'
import sys
import numpy as np
source, work, expression = sys.argv[1:]
for part in ("calib", "test"):
    x = np.load(f"{source}_{part}_x.npy").astype(np.float32)
    np.save(f"{work}/{part}.npy", np.ascontiguousarray(eval(expression, {"x": x, "np": np}), dtype=np.float32))
PYTHON
}

# held_out MODEL FRACTION: fold after fold
held_out()
{
    local fold
    for fold in ${FOLDS:-0 1 2 3}; do
        /usr/bin/python3 - "$work" "$fold" <<'PYTHON'
import sys
import numpy as np
work, fold = sys.argv[1], int(sys.argv[2])
x = np.load(f"{work}/calib.npy")
apart = np.arange(len(x)) % 4 == fold
np.save(f"{work}/fit.npy", x[~apart])
np.save(f"{work}/apart.npy", x[apart])
PYTHON
        echo "fold $fold"
        bench/prune_accuracy "$MEDNN_DATA/models/$1.onnx" "$work/fit.npy" "$work/apart.npy" - 0 "$2" "$snap_to"
    done
}

# check MODEL DATA_SET SHIFT FRACTION PREPROCESSING
check()
{
    local model=$MEDNN_DATA/models/$1.onnx labels=$MEDNN_DATA/datasets/$2_test_y.npy snap=()
    echo "== $1, $4 of the MACs"
    prepare "$2" "$5"
    if ((held_out)); then
        held_out "$1" "$4"
        return
    fi
    ((snap_to == 0)) || snap=(--prune-snap "$snap_to")
    bench/prune_accuracy "$model" "$work/calib.npy" "$work/test.npy" "$labels" "$3" "$4" "$snap_to"
    ./mednnc -q "$model" -o "$work/dense"
    ./mednnc -q "$model" --prune "$4" --calibrate "$work/calib.npy" "${snap[@]}" -o "$work/pruned"
    for network in dense pruned; do
        ./mednn-run "$work/$network" --batch --input "$work/test.npy" --output-dir "$work/out" >/dev/null
        echo "program, $network: $(./compare labels "$work/out/output_0.npy" "$labels" "$3")"
        rm -rf "${work:?}/$network" "$work/out"
    done
}

bench()
{
    case $1 in
        mnist_lenet) check "$1" mnist 0 "$2" 'x.reshape(-1, 1, 28, 28) / 255' ;;
        cifar_resnetc_*) check "$1" cifar 0 "$2" '((x / 255 - 0.5) / 0.25).transpose(0, 3, 1, 2)' ;;
        digits8x8_*) check "$1" digits8x8 0 "$2" 'x.reshape(-1, 1, 8, 8) / 16' ;;
        mlperftiny_resnet8_cifar10) check "$1" cifar 0 "$2" 'x.transpose(0, 3, 1, 2)' ;;
        akamaster_resnet20_cifar10_folded)
            check "$1" cifar 0 "$2" '((x / 255 - [.485, .456, .406]) / [.229, .224, .225]).transpose(0, 3, 1, 2)' ;;
        mobilenet_v1_0.25_128_deq) check "$1" imagenet128 1 "$2" '(x / 128 - 1).transpose(0, 3, 1, 2)' ;;
        *) echo "unknown model $1" >&2; exit 2 ;;
    esac
}

(($#)) || set -- mnist_lenet 0.265 mnist_lenet 0.5 cifar_resnetc_bn 0.265 cifar_resnetc_bn 0.5 \
    akamaster_resnet20_cifar10_folded 0.265 mlperftiny_resnet8_cifar10 0.265 \
    mobilenet_v1_0.25_128_deq 0.1 mobilenet_v1_0.25_128_deq 0.265
while (($# > 1)); do
    bench "$1" "$2"
    shift 2
done
