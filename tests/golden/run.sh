#!/bin/sh
# run.sh -- compile every NAME.pbtxt here and compare what mednnc made with the files beside it.
# SPDX-License-Identifier: MIT
#
# The first line of NAME.pbtxt is "# mednnc OPTIONS". Siblings: NAME.graph (after fuse), NAME.kernels (after choose_kernels), NAME.plan, NAME.program,
# NAME.deviceN.c (without the kernels it carries) and NAME.err (the one line of a refusal, status 2).
# UPDATE=1 rewrites the siblings that exist.
set -eu
here=$SRCDIR/tests/golden
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ -n "${PROTOC:-}" ] || { echo "protoc is missing"; exit 77; }
passed=0 failed=0

compare() { # WANT GOT
    if [ -n "${UPDATE:-}" ]; then
        cp "$2" "$1"
    fi
    if diff -u "$1" "$2"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "differs: $1 (UPDATE=1 rewrites it)"
    fi
}

for model in "$here"/*.pbtxt; do
    name=$(basename "$model" .pbtxt)
    cd "$work"
    rm -rf out
    "$PROTOC" -I"$SRCDIR/compiler/frontend" --encode=onnx.ModelProto onnx.proto <"$model" >"$name.onnx"
    options=$(sed -n '1s/^# mednnc //p' "$model")
    status=0
    # shellcheck disable=SC2086
    "$MEDNNC" "$name.onnx" $options -o out >"$name.out" 2>"$name.err" || status=$?
    if [ -e "$here/$name.err" ]; then
        [ "$status" = 2 ] || { echo "$name: exit status $status, expected 2"; failed=$((failed + 1)); }
        compare "$here/$name.err" "$name.err"
        continue
    fi
    [ "$status" = 0 ] || { cat "$name.err"; failed=$((failed + 1)); continue; }
    for want in "$here/$name".*; do
        kind=${want#"$here/$name."}
        # shellcheck disable=SC2086
        case $kind in
        pbtxt) continue ;;
        graph) "$MEDNNC" "$name.onnx" $options --dump=fuse --stop-after=fuse >got ;;
        plan) "$MEDNNC" "$name.onnx" $options --dump=partition --stop-after=partition >got ;;
        kernels) "$MEDNNC" "$name.onnx" $options --dump=choose_kernels --stop-after=choose_kernels >got ;;
        program) "$MEDNNC" "$name.onnx" $options --dump=place_buffers --stop-after=place_buffers >got ;;
        device*.c) sed -n '/^.. ---- weights: values/,/fingerprint\[.*= {$/p' "out/$kind" >got ;;
        esac
        compare "$want" got
    done
done
echo "$passed golden files agree, $failed do not"
[ "$failed" = 0 ]
