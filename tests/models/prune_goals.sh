#!/bin/sh
# prune_goals.sh -- what --prune-to-latency, --prune-bytes and --measure promise, on a small network: read from its reports.
# SPDX-License-Identifier: MIT
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
model=$SRCDIR/examples/digits/digits.onnx
die() { echo "$*" >&2; exit 1; }

# prune OPTION...: into $work/p; --no-repair where goals are all that is asked about, for repair and tuning take long
prune()
{
    "$MEDNNC" -q "$model" --max-drop 100 --calibrate "$SRCDIR/examples/digits/digits_x.npy" -o "$work/p" "$@" ||
        die "mednnc $* failed"
}

# attribute ELEMENT NAME [FOLDER]: of the first such element
attribute()
{
    sed -n "s/.*<$1 \(.* \)\{0,1\}$2=\"\([^\"]*\)\".*/\2/p" "$work/${3:-p}/report.xml" | head -n 1
}

# holds EXPRESSION...: of numbers
holds() { awk "BEGIN { exit !($1) }" || die "$2: not $1"; }

prune --prune-to-latency 0.8 --no-repair
before=$(attribute pruning foretold_ms_before) after=$(attribute pruning foretold_ms_after)
holds "$after <= 0.8 * $before && $after >= 0.7 * $before" 'time foretold'
holds "$(attribute totals macs) == $(attribute pruning macs_after)" 'multiply-accumulates of the plan'

"$MEDNNC" -q "$model" --devices 2 --partition rows -o "$work/dense"
prune --devices 2 --partition rows --prune-bytes 0.1 --prune 0.3 --no-repair
holds "$(attribute totals bytes) <= 0.9 * $(attribute totals bytes dense)" 'bytes, of two goals'
holds "$(attribute totals macs) <= 0.7 * $(attribute totals macs dense)" 'multiply-accumulates, of two goals'

# Sanitizers have seen it all now: test_prune and test_tune show them the rest.
[ -z "${MEDNN_AGAIN:-}" ] || exit 0

ms=$(awk "BEGIN { print 0.75 * $before }")
prune --prune-to-latency "${ms}ms" --no-repair
holds "$(attribute pruning foretold_ms_after) <= $ms" 'time foretold, given in ms'

prune --devices 2 --partition rows --prune-bytes 0.2 --no-repair
holds "$(attribute totals bytes) <= 0.8 * $(attribute totals bytes dense)" 'bytes of the plans'
holds "$(attribute totals bytes) == $(attribute pruning wire_bytes_after)" 'bytes foretold'

# Repaired, and measured; not repaired: the weights that are left are those of the model.
TMPDIR=$work prune --prune 0.2 --measure
grep -q '<change [^>]*error=' "$work/p/report.xml" || die 'nothing was repaired'
holds "$(attribute pruning measured_ms_before) > 0 && $(attribute pruning measured_ms_after) > 0" 'time measured'
find "$work" -name 'mednnc-*' | grep . && die 'a folder was left behind'
prune --prune 0.2 --no-repair
grep -q '<change [^>]*error=' "$work/p/report.xml" && die 'something was repaired'
exit 0
