#!/bin/bash
# prune-networks.sh -- what --prune takes and what it gains on torchvision's networks: prune-networks.sh [NAME]...
# SPDX-License-Identifier: MIT
#
# For one device: seconds and memory of the whole pruning run with IMAGES (256) made-up pictures (images.py), the repaired network as
# ONNX against ONNX Runtime (AGREE=1), and the time of an inference, dense and pruned programs in turns. For each other number of
# DEVICES ("1 2 3 4"): bytes on the wire of both plans, as the reports say; they do not depend on weights, so nothing is repaired there.
# FRACTION (0.265), OPTIONS (such as --prune-streams), WORK (./bench-work), TURNS (9) can be set. Run it in the build folder, on a quiet
# machine. MEASURE_WITH is a command in front of the timed runs, such as taskset.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mednnc=${MEDNNC:-./mednnc} run=${MEDNN_RUN:-./mednn-run} work=${WORK:-bench-work} fraction=${FRACTION:-0.265} images=${IMAGES:-256}
read -ra options <<<"${OPTIONS:-}"
mkdir -p "$work"
${CC:-cc} -O2 -o "$work/usage" "$here/usage.c"
samples=$work/images-$images.npy
[ -s "$samples" ] || /usr/bin/python3 "$here/images.py" "$samples" "$images" 3 224 224
# Both networks are divided in the same way.
partition=()
for ((i = 0; i + 1 < ${#options[@]}; i++)); do
    [[ ${options[i]} != --partition ]] || partition=(--partition "${options[i + 1]}")
done
(($#)) || set -- vgg16 resnet18 resnet50

total_bytes()
{
    sed -n 's/.*<totals .* bytes="\([0-9]*\)".*/\1/p' "$1/report.xml"
}

# Both programs in turns, so that both see the same machine.
in_turns()
{
    local turn folder
    for folder; do
        make -C "$folder" >"$folder.log" 2>&1
        "$run" "$folder" --random --repeat 3 >/dev/null
    done
    for ((turn = 0; turn < ${TURNS:-9}; turn++)); do
        for folder; do
            "$run" "$folder" --random --repeat "${REPEAT:-10}" | sed -n 's/latency_ms median=\([0-9.]*\).*/\1/p'
        done
    done | paste - - | awk '{ print $2 / $1, $1, $2 }' | sort -n |
        awk '{ line[NR] = $0; ratio[NR] = $1 }
             END { split(line[int((NR + 1) / 2)], m, " ")
                   printf "ms of an inference, median turn: %s -> %s, %.1f %% less (turns: %.1f to %.1f)\n",
                          m[2], m[3], 100 * (1 - m[1]), 100 * (1 - ratio[NR]), 100 * (1 - ratio[1]) }'
}

for name; do
    model=$work/$name.onnx
    [ -s "$model" ] || /usr/bin/python3 "$here/export_torchvision.py" "$work" "$name"
    for devices in ${DEVICES:-1 2 3 4}; do
        dense=$work/$name-dense-$devices pruned=$work/$name-pruned-$devices how=()
        ((devices == 1)) && how=(--emit-onnx "$work/$name-pruned.onnx") || how=(--no-repair)
        echo "== $name, $devices device(s), $fraction of the MACs"
        "$mednnc" -q "$model" --devices "$devices" "${partition[@]}" -o "$dense"
        "$work/usage" "$mednnc" "$model" --devices "$devices" --prune "$fraction" --calibrate "$samples" "${options[@]}" "${how[@]}" \
            -o "$pruned" 2>&1 | sed 's/^.*note: //'
        if ((devices > 1)); then
            echo "$(total_bytes "$dense") $(total_bytes "$pruned")" |
                awk '{ printf "bytes on the wire: %d -> %d, %.1f %% less\n", $1, $2, 100 * (1 - $2 / $1) }'
            continue
        fi
        [ -z "${AGREE:-}" ] || "$here/agreement.sh" "$work/$name-pruned.onnx"
        ${MEASURE_WITH:-} bash -c "$(declare -f in_turns); run=$run TURNS=${TURNS:-9} REPEAT=${REPEAT:-10}; in_turns $dense $pruned"
    done
done
