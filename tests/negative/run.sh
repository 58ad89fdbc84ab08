#!/bin/sh
# run.sh -- wrong and hostile models: every one is refused with one line that says what is wrong.
# SPDX-License-Identifier: MIT
#
# The cases are in the files *.cases here, a file a group. Of each is asked: exit status 2, exactly this one line on
# stderr, nothing on stdout, no output folder and nothing else left behind, less than a second of processor time.
set -eu
LC_ALL=C
export LC_ALL
cases=$SRCDIR/tests/negative
[ -n "${PROTOC:-}" ] || { echo "protoc is missing"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

# Parts of models. A graph's text stands between them or uses them.
head='ir_version: 8 opset_import { version: 13 }'
x='input { name: "x" type { tensor_type { elem_type: 1 shape { dim { dim_value: 2 } } } } }'
y='output { name: "y" }'
relu='node { op_type: "Relu" name: "relu" input: "x" output: "y" }'
add_w='node { op_type: "Add" name: "add" input: "x" input: "w" output: "y" }'

wrong() { # NAME WHAT
    failed=$((failed + 1))
    echo "FAIL $1: $2"
}

encode() { # FILE: protobuf text from standard input
    # It complains about names that are no UTF-8, and writes them.
    "$PROTOC" -I"$SRCDIR/compiler/frontend" --encode=onnx.ModelProto onnx.proto >"$1" 2>"$work/protoc" ||
        { cat "$work/protoc"; exit 1; }
}

# Before a case: an empty folder that holds the model only.
fresh() {
    rm -rf "$work/case"
    mkdir "$work/case"
    cd "$work/case"
}

# A refusal takes no second of processor time. What is accepted is planned, and pruned, too: under sanitizers that takes longer.
seconds=1

run() { # OPTIONS...: compiles model.onnx; sets `status`
    ls -A >../before
    status=0
    (
        ulimit -t "$seconds"
        exec "$MEDNNC" model.onnx --devices 1 -o out "$@"
    ) >../out 2>../err || status=$?
    ls -A >../after
}

judge() { # NAME MESSAGE [OPTIONS...]: model.onnx is refused
    name=$1
    printf 'mednnc: model.onnx: %s\n' "$2" >../want
    shift 2
    run "$@"
    if [ "$status" != 2 ]; then
        wrong "$name" "exit status $status, expected 2: $(head -1 ../err)"
    elif ! cmp -s ../want ../err; then
        wrong "$name" "wrong message"
        diff ../want ../err || :
    elif [ -s ../out ] || ! cmp -s ../before ../after; then
        wrong "$name" "something was written"
    else
        passed=$((passed + 1))
    fi
}

# For the groups: the model's text is the standard input.
refuse_model() { # NAME MESSAGE [OPTIONS...]
    fresh
    encode model.onnx
    judge "$@"
}

refuse() { # NAME MESSAGE [OPTIONS...]: the text is the graph's
    fresh
    { printf '%s graph { name: "g"\n' "$head"; cat; echo '}'; } | encode model.onnx
    judge "$@"
}

refuse_bytes() { # NAME MESSAGE HEXADECIMAL BYTES...
    case_name=$1 case_message=$2
    shift 2
    fresh
    for byte; do
        # shellcheck disable=SC2059
        printf "\\$(printf '%03o' "0x$byte")"
    done >model.onnx
    judge "$case_name" "$case_message"
}

# The other side of a case: what is just right must compile, or the refusals prove nothing.
accept() { # NAME [OPTIONS...]: the text is the graph's
    name=$1
    shift
    [ -n "${keep_folder:-}" ] || fresh
    { printf '%s graph { name: "g"\n' "$head"; cat; echo '}'; } | encode model.onnx
    seconds=30
    run "$@"
    seconds=1
    if [ "$status" = 0 ] && [ -f out/device0.c ]; then
        passed=$((passed + 1))
    else
        wrong "$name" "exit status $status, expected 0: $(head -1 ../err)"
    fi
}

for group in "$cases"/*.cases; do
    # shellcheck source=/dev/null
    . "$group"
done
echo "$passed cases are right, $failed are not"
[ "$failed" = 0 ]
