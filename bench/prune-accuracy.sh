#!/bin/bash
# prune-accuracy.sh -- what `mednnc --prune` does to classifiers of MEDNN_DATA, judged by the programs that it makes.
# SPDX-License-Identifier: MIT
#
# prune-accuracy.sh [--held-out] [NAME FRACTION]...: for each, the dense, the unrepaired (--no-repair) and the repaired program's accuracy on
# the test rows, what is lost with its paired standard error, and the agreement with the dense one. Test rows are never used
# for anything else. SNAP=16 for --prune-snap 16; OPTIONS for other options of mednnc. Run it in the build folder.
# With --held-out test rows are not looked at: of the calibration samples every fourth is kept from pruning, each in one of
# four runs (FOLDS="0 1" picks some), and agreement, divergence and the outputs' error there are what a method is to be chosen by.
set -euo pipefail
: "${MEDNN_DATA:?names no folder with models/ and datasets/}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
make mednnc mednn-run >"$work/make.log" 2>&1 || { tail "$work/make.log" >&2; exit 1; }
here=$(cd "$(dirname "$0")" && pwd) held_out=0
read -ra options <<<"${OPTIONS:-}"
[[ -z ${SNAP-} ]] || options+=(--prune-snap "$SNAP")
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

# judge MODEL FRACTION CALIBRATE TEST_X LABELS|- SHIFT
judge()
{
    local network how
    for network in dense unrepaired repaired; do
        case $network in
            dense) how=() ;;
            unrepaired) how=(--prune "$2" --calibrate "$3" "${options[@]}" --no-repair) ;;
            repaired) how=(--prune "$2" --calibrate "$3" "${options[@]}") ;;
        esac
        ./mednnc "$1" "${how[@]}" -o "$work/$network" 2>"$work/notes" || { cat "$work/notes" >&2; exit 1; }
        [[ $network != repaired ]] || sed -n 's/^.*note: //p' "$work/notes"
        ./mednn-run "$work/$network" --batch --input "$4" --output-dir "$work/out" >"$work/run.log" 2>&1 ||
            { cat "$work/run.log" >&2; exit 1; }
        mv "$work/out/output_0.npy" "$work/$network.npy"
        rm -rf "${work:?}/$network" "$work/out"
    done
    /usr/bin/python3 "$here/prune_accuracy.py" "$work" "$5" "$6"
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
        judge "$1" "$2" "$work/fit.npy" "$work/apart.npy" - 0
    done
}

# check MODEL DATA_SET SHIFT FRACTION PREPROCESSING
check()
{
    local model=$MEDNN_DATA/models/$1.onnx
    echo "== $1, $4 of the MACs${SNAP:+, snapped to $SNAP}"
    prepare "$2" "$5"
    if ((held_out)); then
        held_out "$model" "$4"
    else
        judge "$model" "$4" "$work/calib.npy" "$work/test.npy" "$MEDNN_DATA/datasets/$2_test_y.npy" "$3"
    fi
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
