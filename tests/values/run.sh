#!/bin/sh
# run.sh -- values that decide shapes, known at run time only: other values, other results, or one line that says why not.
# SPDX-License-Identifier: MIT
#
# The cases are in the files *.cases here. A model is compiled for one device and for three; every set of inputs is given to both
# (in `make check-again` only one is built).
# All tensors hold int64 unless a case says otherwise: they are easily written and read by a shell.
set -eu
LC_ALL=C
export LC_ALL MAKEFLAGS=
cases=$SRCDIR/tests/values
[ -n "${PROTOC:-}" ] || { echo "protoc is missing"; exit 77; }
folders='one three'
[ -z "${MEDNN_AGAIN:-}" ] || folders=one
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

wrong() { # WHAT
    failed=$((failed + 1))
    echo "FAIL $name: $1"
}

tensor() { # KIND NAME [DIM...]: an input, an output or a value_info of int64, or of the type in $type
    kind=$1 tensor=$2
    shift 2
    printf '%s { name: "%s" type { tensor_type { elem_type: %s shape {' "$kind" "$tensor" "${type:-7}"
    [ $# = 0 ] || printf ' dim { dim_value: %s }' "$@"
    echo ' } } } }'
}
boolean() { # as tensor, of bool
    type=9
    tensor "$@"
    type=7
}
int() { # NAME VALUE: an attribute
    echo "attribute { name: \"$1\" type: INT i: $2 }"
}
constant() { # NAME NUMBER...: an initializer, a vector
    printf 'initializer { name: "%s" data_type: 7 dims: %s int64_data: [' "$1" $(($# - 1))
    shift
    separator=
    for number; do
        printf '%s%s' "$separator" "$number"
        separator=', '
    done
    echo '] }'
}

node() { # OPERATOR "INPUT..." "OUTPUT..." [ATTRIBUTES]
    printf 'node { op_type: "%s"' "$1"
    # shellcheck disable=SC2086 # words
    [ -z "$2" ] || printf ' input: "%s"' $2
    # shellcheck disable=SC2086
    printf ' output: "%s"' $3
    echo " ${4:-} }"
}
inside() { # ATTRIBUTE TEXT: a graph as an attribute
    printf 'attribute { name: "%s" type: GRAPH g { name: "inside" %s } }\n' "$1" "$2"
}
plain() { # KIND NAME...: inputs or outputs without a type
    kind=$1
    shift
    printf "$kind { name: \"%s\" } " "$@"
}

# The model's text is the standard input.
model() { # NAME [OPTION of mednnc]...
    name=$1
    shift
    rm -rf "$work/one" "$work/three"
    "$PROTOC" -I"$SRCDIR/compiler/frontend" --encode=onnx.ModelProto onnx.proto >"$work/model.onnx"
    compiled=
    "$MEDNNC" --quiet "$work/model.onnx" "$@" -o "$work/one" &&
        "$MEDNNC" --quiet "$work/model.onnx" "$@" --devices 3 --partition rows -o "$work/three" || {
        wrong "it does not compile"
        return
    }
    # The runtime is compiled once.
    if [ -d "$work/runtime" ]; then
        for folder in one three; do
            rm -r "$work/$folder/runtime"
            cp -Rp "$work/runtime" "$work/$folder"
        done
    fi
    if make -s -C "$work/one" CFLAGS='-O1 -Wall -Wextra -Werror' && {
        [ -d "$work/runtime" ] || cp -Rp "$work/one/runtime" "$work"
        [ "$folders" = one ] || make -s -C "$work/three" CFLAGS='-O1 -Wall -Wextra -Werror'
    }; then
        compiled=1
    else
        wrong "generated code does not compile"
    fi
}
graph() { # NAME: the same, of a graph's text alone
    # No pipe: model() sets variables.
    { printf 'ir_version: 8 opset_import { version: 17 } graph { name: "g"\n'; cat; echo '}'; } >"$work/model.pbtxt"
    model "$@" <"$work/model.pbtxt"
}

# "2x3 1 2 3 4 5 6" as an array of int64, "bool 1 0" as bools; a shape of - is a scalar.
write_array() { # FILE WORD...
    file=$1 shape=$2 descr='<i8'
    shift 2
    if [ "$shape" = bool ]; then
        descr='|b1' shape=$1
        shift
    fi
    bytes=
    for element; do
        digits=$(printf '%016x' "$element")
        count=8
        [ "$descr" = '<i8' ] || count=1
        while [ $count -gt 0 ]; do
            rest=${digits%??}
            bytes="$bytes\\$(printf '%03o' "0x${digits#"$rest"}")"
            digits=$rest
            count=$((count - 1))
        done
    done
    case $shape in
    -) shape='()' ;;
    *) shape="($(echo "$shape" | sed 's/x/,/g'),)" ;;
    esac
    "${SHELL:-sh}" "$SRCDIR/tests/devices/make_npy.sh" "$descr" "$shape" "$bytes" >"$file"
}

# Inputs in graph order, each one argument; runs both folders; sets `status`. Output i of folder one is in one.out/i.
feed() {
    number=0
    options=
    for array; do
        # shellcheck disable=SC2086 # words
        write_array "$work/input_$number.npy" $array
        options="$options --input $work/input_$number.npy"
        number=$((number + 1))
    done
    for folder in $folders; do
        rm -rf "$work/$folder.out"
        status=0
        # shellcheck disable=SC2086 # words
        timeout 60 "$MEDNN_RUN" "$work/$folder" $options --output-dir "$work/$folder.out" >"$work/$folder.log" 2>"$work/$folder.err" ||
            status=$?
    done
}

numbers_of() { # FILE: elements of an .npy of int64
    tail -c +129 "$1" | od -An -v -td8 | tr -s ' \n' ' ' | sed 's/^ //; s/ $//'
}

gives() { # "NUMBERS of output 0[; NUMBERS of output 1...]" INPUT...
    [ -n "$compiled" ] || return 0
    want=$1
    shift
    feed "$@"
    got=
    for output in "$work"/one.out/*.npy; do
        [ ! -e "$output" ] || got="$got; $(numbers_of "$output")"
    done
    if [ "${got#; }" != "$want" ]; then
        wrong "$* gives ${got#; }, expected $want; $(cat "$work/one.err")"
    elif [ "$folders" != one ] && ! diff -r "$work/one.out" "$work/three.out"; then
        wrong "$*: three devices differ from one; $(cat "$work/three.err")"
    else
        passed=$((passed + 1))
    fi
}

refuses() { # MESSAGE INPUT...: the program ends with it
    [ -n "$compiled" ] || return 0
    want=$1
    shift
    feed "$@"
    for folder in $folders; do
        if [ -e "$work/$folder.out/output_0.npy" ] || [ "$(wc -l <"$work/$folder.err")" != 1 ] ||
            ! grep -q -F "$want" "$work/$folder.err"; then
            wrong "$*: $folder does not say \"$want\" but $(cat "$work/$folder.err")"
            return
        fi
    done
    passed=$((passed + 1))
}

for group in "$cases"/${ONLY:-*}.cases; do
    # shellcheck source=/dev/null
    . "$group"
done
echo "$passed cases are right, $failed are not"
[ "$failed" = 0 ]
