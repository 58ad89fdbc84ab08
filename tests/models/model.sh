# model.sh -- what the scripts about whole models share; sourced.
# shellcheck shell=sh disable=SC2034 # what is set here is used there
# SPDX-License-Identifier: MIT
#
# From make: MEDNNC, MEDNN_RUN, SRCDIR, BUILDDIR. From the user: MEDNN_DATA, a folder with models/NAME.onnx and
# models/NAME.testdata/test_data_set_0/{input,output}_I.pb (what is not there is skipped), and MEDNN_LONG, for all of a long test.
# From `make check-again`: MEDNN_AGAIN.
set -eu
# The make that runs the tests has its own options; those are not for generated Makefiles.
unset MAKEFLAGS MFLAGS MAKELEVEL

COMPARE=$BUILDDIR/compare
CHECK_SHARES=$BUILDDIR/check_shares
long=${MEDNN_LONG:-} again=${MEDNN_AGAIN:-}

skip()
{
    echo "skipped: $*"
    exit 77
}

die()
{
    echo "failed: $*" >&2
    exit 1
}

remove_work()
{
    [ "$1" -ne 0 ] || rm -rf "$work"
    exit "$1"
}

# A work folder of this test's own, removed unless the test fails.
work_folder()
{
    work=$BUILDDIR/tests/models/$1.work
    rm -rf "$work"
    mkdir -p "$work"
    trap 'remove_work $?' EXIT
}

# Set $model for a model by name; skip the test when there is none.
find_model()
{
    if [ "$1" = digits ]; then
        model=$SRCDIR/examples/digits/digits.onnx
        return
    fi
    [ -n "${MEDNN_DATA:-}" ] || skip "MEDNN_DATA is not set"
    model=$MEDNN_DATA/models/$1.onnx
    [ -f "$model" ] || skip "no $model"
}

# Words for mednn-run that feed the stored inputs, one word a line.
input_words()
{
    if [ "$1" = digits ]; then
        printf '%s\n' --batch --input "$SRCDIR/examples/digits/digits_x.npy"
        return
    fi
    i=0
    while [ -f "$MEDNN_DATA/models/$1.testdata/test_data_set_0/input_$i.pb" ]; do
        printf '%s\n' --input "$MEDNN_DATA/models/$1.testdata/test_data_set_0/input_$i.pb"
        i=$((i + 1))
    done
}

# Reference of output I of a model: a file name.
expected_output()
{
    if [ "$1" = digits ]; then
        echo "$SRCDIR/examples/digits/digits_scores.npy"
    else
        echo "$MEDNN_DATA/models/$1.testdata/test_data_set_0/output_$2.pb"
    fi
}

# build_folder FOLDER [OPTION of make...]: generated C compiles, without a warning.
build_folder()
{
    build_folder=$1
    shift
    make -s -C "$build_folder" WARNINGS='-Wall -Wextra -Werror' "$@" >"$work/log" 2>&1 || {
        cat "$work/log"
        die "make in $build_folder"
    }
}

# run_folder NAME FOLDER OUTPUTS [OPTION...]: run a compiled model on its stored inputs.
run_folder()
{
    run_name=$1 run_folder=$2 run_outputs=$3
    shift 3
    # The words hold no newlines, and may hold spaces.
    old_ifs=$IFS
    IFS='
'
    # shellcheck disable=SC2046 # one word a line is meant
    set -- $(input_words "$run_name") "$@"
    IFS=$old_ifs
    "$MEDNN_RUN" "$run_folder" --output-dir "$run_outputs" "$@"
}

# All outputs within the tolerance of the references; there must be at least one.
check_close()
{
    i=0
    while [ -f "$(expected_output "$1" $i)" ]; do
        "$COMPARE" close "$(expected_output "$1" $i)" "$2/output_$i.npy"
        i=$((i + 1))
        [ "$1" != digits ] || break
    done
    [ $i -gt 0 ] || die "no reference outputs of $1"
}

# Two folders of outputs are equal, byte for byte.
check_same()
{
    for file in "$1"/output_*.npy; do
        "$COMPARE" same "$file" "$2/${file##*/}"
    done
}
