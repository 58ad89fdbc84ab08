#!/bin/sh
# run.sh -- train a network with group lasso, let mednnc remove its empty channels, and compare the answers.
# SPDX-License-Identifier: MIT
#
# Run from the folder that mednn was built in; everything that is made goes to train-with-group-lasso/ there. Needs
# python3-torch, python3-sklearn and python3-onnx; skips (77) without. MEDNNC, MEDNN_RUN and COMPARE name other programs to use.
set -eu
unset MAKEFLAGS MFLAGS MAKELEVEL
here=$(cd "$(dirname "$0")" && pwd)
mednnc=${MEDNNC:-./mednnc}
mednn_run=${MEDNN_RUN:-./mednn-run}
compare=${COMPARE:-./compare}
python=${PYTHON:-/usr/bin/python3}
made=train-with-group-lasso
least_right=560

"$python" -c 'import onnx, sklearn, torch' 2>/dev/null || { echo "run.sh: no torch, sklearn and onnx for $python"; exit 77; }
mkdir -p "$made"
PYTHONDONTWRITEBYTECODE=1 "$python" "$here/train.py" "$made" | tee "$made/train.log"
"$mednnc" "$made/digits_sparse.onnx" --devices 2 -o "$made/two" --emit-onnx "$made/digits_small.onnx" 2>"$made/notes"
cat "$made/notes"

filters=$(sed -n 's/^filters of zeros: //p' "$made/train.log")
if [ "$filters" -lt 10 ] || ! grep -q "note: $filters of 122 channels are empty" "$made/notes"; then
    echo "run.sh: training left $filters filters of zeros; mednnc does not say the same" >&2
    exit 1
fi
if "$mednnc" inspect "$made/digits_small.onnx" | grep '^empty'; then
    echo "run.sh: digits_small.onnx still has empty channels" >&2
    exit 1
fi
"$mednn_run" "$made/two" --batch --input "$here/../digits/digits_x.npy" --output-dir "$made/answers" >"$made/run.log"
"$compare" close "$made/scores.npy" "$made/answers/output_0.npy"
accuracy=$("$compare" labels "$made/answers/output_0.npy" "$here/../digits/digits_y.npy")
right=${accuracy#*\(}
if [ "${right%% *}" -lt $least_right ]; then
    echo "run.sh: only $accuracy right; expected at least $least_right" >&2
    exit 1
fi
echo "Accuracy without them: $accuracy"
ls -l "$made/digits_sparse.onnx" "$made/digits_small.onnx"
