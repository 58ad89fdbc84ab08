#!/bin/sh
# operators.sh -- operators.md is what `mednnc --list-operators` says; UPDATE=1 rewrites it.
# SPDX-License-Identifier: MIT
set -eu
page=$SRCDIR/docs/operators.md
made=$(mktemp)
trap 'rm -f "$made"' EXIT

list=$("$MEDNNC" --list-operators)
cat >"$made" <<'END'
# Operators

All operators of ONNX's default domain up to opset 24, but those of strings (RegexFullMatch, StringConcat, StringNormalizer, StringSplit) and
ImageDecoder. Constant, Scatter and Upsample become others when a model is read. Made from `mednnc --list-operators` by `UPDATE=1 make check TESTS=docs/operators.sh`.

- **since**: the opset that gave the operator the meaning which it has here. Models of older opsets are brought to it; where that
  cannot be, mednnc says which attribute or input is in the way.
- **splits**: devices can share it. The others run on one device, or are computed while compiling where their inputs are constant.
- A shape that follows from a **value known at run time only** (starts of Slice, pads of Pad, scales of Resize, k of TopK, axes, ...)
  is taken from what the model declares (the graph's outputs and value_info). The programs read the value, honour it, and end the
  inference with an error when it would give another shape. Where a **size depends on data** (NonZero, Compress, ...) the declared size
  is the capacity: more results are an error; with fewer, the rest of a graph output holds -1 (indices) or 0, but they are an error where
  another node reads the result.
- **prunes**: channels can go where it stands; at the others, and along axes that an operator normalises or reduces, they stay.
- **If, Loop, Scan** become part of the graph around them and are divided as that is. Of an If whose condition is computed, both branches
  are computed and one is chosen. Loops are written out: their iterations are known from a constant, or from the declared length of
  a list of results; a computed condition or count chooses among the results, and is an error where it does not fit the list.
- **types**: of the first input. *floats*: float32, float64, float16, bfloat16; *signed*, *unsigned*: integers of 8 to 64 bits;
  *integers*: both; *all*: these and bool. Halves are computed in float32 and rounded once; float64 is
  computed in double throughout, by plain loops that no instruction set makes faster: the same bits on every target. A combination of
  types and shapes that generated code does not compute is refused by the name of the node. **int4, uint4, int2 and uint2** are Cast, quantised, dequantised and moved; programs hold a byte for each, .npy files
  int8 or uint8. No strings, complex numbers, floats of 8 bits and less, maps; sequences and optional
  values only inside of a model.
- **random numbers** are made when the model is compiled, from the attribute seed or the node's name: the same in every inference.

| operator | since | splits | prunes | types |
|---|---|---|---|---|
END
echo "$list" | awk 'NR > 1 { types = $5; for (i = 6; i <= NF; i++) types = types ", " $i
    print "| " $1 " | " $2 " | " $3 " | " $4 " | " types " |" }' >>"$made"
[ -z "${UPDATE:-}" ] || cp "$made" "$page"
diff -u "$page" "$made" || { echo "operators.md is out of date: UPDATE=1 rewrites it" >&2; exit 1; }
