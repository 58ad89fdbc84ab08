#!/bin/sh
# run.sh -- ONNX's backend suite (Debian: libonnx-testdata) through mednnc, cc and generated programs, against expected.txt.
# SPDX-License-Identifier: MIT
#
# Usage: run.sh [OPTION of mednnc]...   such as --devices 3 --partition rows
# From make: MEDNNC, MEDNN_RUN, SRCDIR, BUILDDIR, CC. From the user, all optional:
#   MEDNN_LONG=1      all tests, not only those in fast.txt
#   ONLY=PATTERN      of these, those that match grep's PATTERN
#   UPDATE=1          take what happened for expected
#   JOBS=N            tests at a time (2)
#   TARGET_CFLAGS=... for generated code (-O1 -Werror)
#   KEEP=1            leave the work folder, for what failed
#   ONNX_TESTDATA     where the suite is
#
# The runtime and main.c do not depend on the model: they are compiled once and copied, newer than their sources, into
# each test's folder, where the generated Makefile compiles the rest: as users do, but with -O1 and -Werror.
set -eu
LC_ALL=C
SUITE=${ONNX_TESTDATA:-/usr/lib/python3/dist-packages/onnx/backend/test/data}
here=$SRCDIR/tests/conformance
JUDGE=$BUILDDIR/judge
MEDNNC_OPTIONS=$*
CFLAGS=${TARGET_CFLAGS:--O1 -Werror}
[ -d "$SUITE/node" ] || { echo "skipped: no $SUITE"; exit 77; }
mkdir -p "$BUILDDIR/tests"
WORK=$(mktemp -d "$BUILDDIR/tests/conformance.XXXXXX")
BUILT=$WORK/built
export LC_ALL SUITE JUDGE MEDNNC_OPTIONS CFLAGS WORK BUILT
[ -n "${KEEP:-}" ] || trap 'rm -rf "$WORK"' EXIT

# The Makefile names the program after the model's file.
cp "$SRCDIR/examples/digits/digits.onnx" "$WORK/model.onnx"
# shellcheck disable=SC2086 # words
"$MEDNNC" --quiet "$WORK/model.onnx" $MEDNNC_OPTIONS -o "$BUILT"
MAKEFLAGS='' make -s -C "$BUILT"
rm "$BUILT"/device*.o

if [ -n "${MEDNN_LONG:-}" ]; then
    (cd "$SUITE" && for model in node/*/ simple/*/ pytorch-*/*/; do echo "${model%/}"; done)
else
    cat "$here/fast.txt"
fi | grep "${ONLY:-}" | sort >"$WORK/names"

xargs -n 1 -P "${JOBS:-2}" "${SHELL:-sh}" "$here/one_test.sh" <"$WORK/names" >"$WORK/unsorted" ||
    echo "tests without a result" # the comparison says which
sort "$WORK/unsorted" >"$WORK/results"

echo "Tests that mednnc refuses, by operator or reason:"
sed -n 's/^[^ ]* NO \(operator [^ ]*\|[^:]*\).*/\1/p' "$WORK/results" | sort | uniq -c | sort -k1,1nr -k2
awk '{n[$2]++} END {print n["PASS"] + 0 " pass, " n["FAIL"] + 0 " fail, " n["NO"] + 0 " no"}' "$WORK/results"

# What is expected of these tests; what is not listed is unexpected.
if [ -n "${UPDATE:-}" ]; then
    join -v1 "$here/expected.txt" "$WORK/names" | sort - "$WORK/results" >"$WORK/updated"
    cp "$WORK/updated" "$here/expected.txt"
fi
join "$WORK/names" "$here/expected.txt" >"$WORK/expected"
diff -U0 "$WORK/expected" "$WORK/results" && [ -s "$WORK/results" ]
