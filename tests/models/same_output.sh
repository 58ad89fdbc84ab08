#!/bin/sh
# same_output.sh -- the same model and options give the same bytes, wherever the model, the tool and the output are.
# SPDX-License-Identifier: MIT
set -eu
# shellcheck source=tests/models/model.sh
. "$SRCDIR/tests/models/model.sh"
find_model digits
work_folder same_output

for partition in rows gtdp single; do
    mkdir -p "$work/a" "$work/some where/else"
    cp "$model" "$work/a/net.onnx"
    cp "$model" "$work/some where/else/net.onnx"
    touch -d '2001-02-03' "$work/some where/else/net.onnx"
    (cd "$work/a" && "$MEDNNC" net.onnx --devices 2,1,1 --partition $partition -o out)
    (cd / && LC_ALL=C TZ=Asia/Tokyo HOME=/nonexistent USER=nobody \
        "$MEDNNC" "$work/some where/else/net.onnx" --devices 2,1,1 --partition $partition -o "$work/b")
    diff -r "$work/a/out" "$work/b"
    if grep -rqF "$work" "$work/b"; then
        die "the output mentions $work"
    fi
    rm -rf "$work/a" "$work/b" "$work/some where"
done
