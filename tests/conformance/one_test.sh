#!/bin/sh
# one_test.sh -- one test of the suite, through mednnc, make and mednn-run: prints `NAME PASS`, `NAME NO why` or `NAME FAIL why`.
# SPDX-License-Identifier: MIT
#
# From run.sh: SUITE, WORK, BUILT (object files of the runtime), JUDGE, MEDNNC_OPTIONS, MEDNNC, MEDNN_RUN, CC, CFLAGS.
set -eu
name=$1
test=$SUITE/$name
folder=$WORK/tests/$name
mkdir -p "$folder"
cd "$folder"

# finish CLASS [WHY]: folders of failed tests stay until the run ends.
finish()
{
    printf '%s %s\n' "$name" "$*"
    case $1 in
    FAIL) printf '== %s %s\n' "$name" "$*" | cat - message >&2 ;;
    *) rm -rf "$folder" ;;
    esac
    exit 0
}

# mednnc's line without file, node and tensor names, sizes and advice: "operator CumSum", "Reshape: shape is computed at run time".
reason()
{
    sed -n -e "s|^mednnc: $test/model.onnx: ||;t short" -e 's/^mednnc: //;t short' -e b -e ': short' \
        -e "s/^node '[^']*': //" -e "s/^operator \(.*\) (opset [0-9]*) is not supported;.*/operator \1/" \
        -e "s/^operator \(.*\) (domain '\(.*\)') is not supported;.*/operator \2.\1/" \
        -e "s/ *([^)]*'[^']*'[^)]*)//g; s/ '[^']*'//g; s/;.*//; s/ ([^()]*)\$//; p; q" message
}

export MAKEFLAGS=
status=0
# shellcheck disable=SC2086 # words
timeout 60 "$MEDNNC" --quiet "$test/model.onnx" $MEDNNC_OPTIONS -o out >message 2>&1 || status=$?
case $status in
0) ;;
2) finish NO "$(reason)" ;;
*) finish FAIL "mednnc ends with status $status" ;;
esac

cp "$BUILT"/*.o out
cp "$BUILT"/runtime/*.o out/runtime
make -s -C out >message 2>&1 || finish FAIL "generated code does not compile"

for set in "$test"/test_data_set_*; do
    set --
    i=0
    while [ -f "$set/input_$i.pb" ]; do
        set -- "$@" --input "$set/input_$i.pb"
        i=$((i + 1))
    done
    rm -rf outputs
    timeout 60 "$MEDNN_RUN" out --output-dir outputs "$@" >message 2>&1 || status=$?
    case $status in
    0) ;;
    2) finish FAIL "the data do not fit the model's inputs" ;;
    *) finish FAIL "generated program fails" ;;
    esac
    "$JUDGE" outputs "$set" outputs >message 2>&1 || finish FAIL "other results"
done
finish PASS
