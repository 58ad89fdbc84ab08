#!/bin/sh
# run.sh -- the fixtures of this folder through mednnc, make and mednn-run on one and on three devices.
# SPDX-License-Identifier: MIT
#
# From make: MEDNNC, MEDNN_RUN, PROTOC, SRCDIR, BUILDDIR, CC. From the user: ONLY=NAME, one fixture.
set -eu
here=$SRCDIR/tests/opset24
[ -n "${PROTOC:-}" ] || { echo "protoc is missing"; exit 77; }
mkdir -p "$BUILDDIR/tests"
work=$(mktemp -d "$BUILDDIR/tests/opset24.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
export MAKEFLAGS=

# encode MESSAGE: protobuf text in, its bytes out.
encode()
{
    "$PROTOC" -I"$SRCDIR/compiler/frontend" --encode="onnx.$1" onnx.proto
}

# The model, then the inputs and outputs, each behind a line `# input I` or `# output I`.
unpack()
{
    awk '/^# (input|output) / { file = $2 "_" $3 ".txt"; next } { print >(file ? file : "model.txt") }' "$1"
    encode ModelProto <model.txt >model.onnx
    inputs=
    for tensor in input_*.txt output_*.txt; do
        encode TensorProto <"$tensor" >"${tensor%.txt}.pb"
    done
    i=0
    while [ -f "input_$i.pb" ]; do
        inputs="$inputs --input input_$i.pb"
        i=$((i + 1))
    done
}

# The runtime is compiled once. In `make check-again` only the program for one device is built.
check()
{
    for devices in 1 3; do
        "$MEDNNC" --quiet model.onnx --devices $devices --partition rows -o $devices
        [ $devices = 1 ] || [ -z "${MEDNN_AGAIN:-}" ] || break
        if [ -d ../runtime ]; then
            rm -r $devices/runtime
            cp -Rp ../runtime $devices
        fi
        make -s -C $devices CFLAGS='-O1 -Werror'
        [ -d ../runtime ] || cp -Rp $devices/runtime ..
        # shellcheck disable=SC2086 # words
        "$MEDNN_RUN" $devices --output-dir $devices.out $inputs >/dev/null
        "$BUILDDIR/judge" near . $devices.out
    done
    for output in 1.out/*; do
        [ -n "${MEDNN_AGAIN:-}" ] || cmp "$output" "3.out/${output#1.out/}"
    done
}

failed=0
for fixture in "$here"/${ONLY:-*}.pbtxt; do
    name=$(basename "$fixture" .pbtxt)
    mkdir "$name"
    cd "$name"
    unpack "$fixture"
    set +e # in a condition, check would not stop at what fails
    (
        set -e
        check
    ) >log 2>&1
    status=$?
    set -e
    if [ $status = 0 ]; then
        echo "PASS $name"
    else
        echo "FAIL $name"
        cat log
        failed=1
    fi
    cd ..
done
exit $failed
