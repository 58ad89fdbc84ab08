#!/bin/bash
# test.sh -- bash completion knows the options, and the words that mednnc takes after them.
# SPDX-License-Identifier: MIT
set -euo pipefail
# shellcheck disable=SC1091 # in the source tree
. "$SRCDIR/completions/mednnc"

die()
{
    echo "$*" >&2
    exit 1
}

# complete_words PROGRAM BEFORE WORD: completions of WORD after BEFORE, sorted, in a line.
complete_words()
{
    COMP_WORDS=("$1" "$2" "$3") COMP_CWORD=2
    _mednn "$1" "$3" "$2"
    printf '%s\n' "${COMPREPLY[@]}" | sort | paste -sd' '
}

[ "$(complete_words "$MEDNNC" x --devi)" = --devices ] || die "--devi: $(complete_words "$MEDNNC" x --devi)"
[ "$(complete_words "$MEDNN_RUN" x --out)" = --output-dir ] || die "mednn-run --out"
[ "$(complete_words "$MEDNN_PROBE" x --serv)" = --serve ] || die "mednn-probe --serv"
[ "$(complete_words "$MEDNN_TUNE" x --roun)" = --rounds ] || die "mednn-tune --roun"
[ "$(complete_words "$MEDNNC" --stop-after part)" = partition ] || die "--stop-after part"

# mednnc lists what it expects when a word is none of it.
for option in --partition --objective --float --wire --weights --target; do
    refusal=$("$MEDNNC" x.onnx $option no-such-word 2>&1) && die "mednnc took $option no-such-word"
    expected=$(echo "${refusal##*expected }" | sed 's/,/ /g; s/ or / /' | xargs -n1 | sort | paste -sd' ')
    offered=$(complete_words "$MEDNNC" $option '')
    [ "$offered" = "$expected" ] || die "$option: completes to '$offered', mednnc takes '$expected'"
done

# Every option of --help stands in the manual.
for program in "$MEDNNC" "$MEDNN_RUN" "$MEDNN_PROBE" "$MEDNN_TUNE"; do
    page=$SRCDIR/man/${program##*/}.1
    text=$(sed 's/\\-/-/g' "$page")
    for option in $(_mednn_options "$program"); do
        [[ $text == *"$option"* ]] || die "$page lacks $option"
    done
done
