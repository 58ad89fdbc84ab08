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

Made from `mednnc --list-operators` by `UPDATE=1 make check TESTS=docs/operators.sh`.

- **since**: the opset that gave the operator the meaning which it has here. Models of older opsets are brought to it; where that
  cannot be, mednnc says which attribute or input is in the way.
- **splits**: devices can share it. The others run on one device, or are computed while compiling where their inputs are constant.
- **types**: of the first input. *floats*: float32, float64, float16, bfloat16; *signed*, *unsigned*: integers of 8 to 64 bits;
  *integers*: both; *all*: these and bool. A combination of types and shapes that generated code does not compute is refused by
  the name of the node.

| operator | since | splits | types |
|---|---|---|---|
END
echo "$list" | awk 'NR > 1 { types = $4; for (i = 5; i <= NF; i++) types = types ", " $i
    print "| " $1 " | " $2 " | " $3 " | " types " |" }' >>"$made"
[ -z "${UPDATE:-}" ] || cp "$made" "$page"
diff -u "$page" "$made" || { echo "operators.md is out of date: UPDATE=1 rewrites it" >&2; exit 1; }
