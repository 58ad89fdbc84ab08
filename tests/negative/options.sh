#!/bin/sh
# options.sh -- command lines that mednnc refuses before it looks at a model: status 2 and one line that says what was expected.
# SPDX-License-Identifier: MIT
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# refuse MESSAGE OPTION...
refuse()
{
    message=$1
    shift
    status=0
    "$MEDNNC" "$work/none.onnx" "$@" >"$work/out" 2>"$work/err" || status=$?
    if [ $status != 2 ] || [ -s "$work/out" ] || [ "$(cat "$work/err")" != "mednnc: $message" ]; then
        echo "mednnc $*: status $status, said $(cat "$work/out" "$work/err")"
        failed=1
    fi
}

latency='expected milliseconds (12.5ms), or a fraction between 0 and 1 of the whole network'\''s time'
refuse "--prune-to-latency 0ms: $latency" -o x --prune-to-latency 0ms
refuse "--prune-to-latency 1: $latency" -o x --prune-to-latency 1
refuse "--prune-to-latency -1ms: $latency" -o x --prune-to-latency -1ms
refuse "--prune-to-latency 3s: $latency" -o x --prune-to-latency 3s
refuse "--prune-to-latency nan: $latency" -o x --prune-to-latency nan
refuse "--prune-to-latency ms: $latency" -o x --prune-to-latency ms
refuse '--prune 1: expected the fraction to remove, above 0 and at most 0.9' -o x --prune 1
refuse '--prune-bytes 0: expected the fraction to remove, above 0 and at most 0.9' -o x --prune-bytes 0
refuse '--prune-snap 1.5: expected a whole number of channels' -o x --prune 0.1 --prune-snap 1.5
refuse '--measure does nothing without --prune' -o x --measure
refuse '--no-repair does nothing without --prune' -o x --no-repair
refuse '--measure writes into the report: -o DIR' --emit-onnx y.onnx --prune 0.1 --measure
refuse '--labels needs samples that the model may see: --calibrate FILE.npy' -o x --prune-to-latency 0.5 --labels y.npy
exit $failed
