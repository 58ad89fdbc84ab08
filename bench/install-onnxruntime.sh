#!/bin/sh
# install-onnxruntime.sh -- fetch ONNX Runtime (npm's onnxruntime-node) into a folder of its own and print that folder.
# SPDX-License-Identifier: MIT
#
# Takes the folder as an argument; otherwise ONNXRUNTIME_NODE, otherwise ~/.cache/mednn/onnxruntime. Needs npm.
set -eu
folder=${1:-${ONNXRUNTIME_NODE:-${XDG_CACHE_HOME:-$HOME/.cache}/mednn/onnxruntime}}
if [ ! -d "$folder/node_modules/onnxruntime-node" ]; then
    if ! command -v npm >/dev/null; then
        echo "install-onnxruntime.sh: npm is needed (Debian: npm)" >&2
        exit 1
    fi
    mkdir -p "$folder"
    # Its install script would download GPU libraries.
    npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund --silent onnxruntime-node >&2
fi
echo "$folder"
