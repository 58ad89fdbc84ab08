#!/bin/sh
# run.sh -- compile the digits network for three devices and for one, run both on the test images, compare the answers.
# SPDX-License-Identifier: MIT
#
# Run from the folder that mednn was built in; everything that is made goes to digits/ there. MEDNNC, MEDNN_RUN and
# COMPARE name other programs to use.
set -eu
# The make that runs the tests has its own options; those are not for generated Makefiles.
unset MAKEFLAGS MFLAGS MAKELEVEL
here=$(cd "$(dirname "$0")" && pwd)
mednnc=${MEDNNC:-./mednnc}
mednn_run=${MEDNN_RUN:-./mednn-run}
compare=${COMPARE:-./compare}
least_right=590

if [ ! -x "$mednnc" ]; then
    echo "run.sh: no $mednnc: run this from the folder that mednn was built in" >&2
    exit 2
fi

# run NAME OPTION...: compile into digits/NAME, build, and classify all test images.
run()
{
    folder=digits/$1
    shift
    "$mednnc" "$here/digits.onnx" "$@" -o "$folder"
    "$mednn_run" "$folder" --batch --input "$here/digits_x.npy" --output-dir "$folder.answers" >"$folder.log"
}

mkdir -p digits
echo "Compiling digits.onnx for 3 devices, building the 3 programs, running them on 597 images over TCP"
run three --devices 3 --partition rows
echo "The same with 1 device"
run one --devices 1

"$compare" same digits/one.answers/output_0.npy digits/three.answers/output_0.npy
echo "3 devices and 1 device give the same answers, bit for bit."
"$compare" close "$here/digits_scores.npy" digits/three.answers/output_0.npy >digits/scores.log
echo "They agree with PyTorch's: $(cat digits/scores.log)."
accuracy=$("$compare" labels digits/three.answers/output_0.npy "$here/digits_y.npy")
right=${accuracy#*\(}
if [ "${right%% *}" -lt $least_right ]; then
    echo "run.sh: only $accuracy right; expected at least $least_right" >&2
    exit 1
fi
echo "Accuracy:            $accuracy"
echo "Latency, 3 devices:  $(tail -n 1 digits/three.log)"
echo "Latency, 1 device:   $(tail -n 1 digits/one.log)"
echo "Generated C:         $(pwd)/digits/three/"
echo "Who does what:       $(pwd)/digits/three/report.html"
