#!/bin/sh
# tally.sh -- how many tests of each kind pass, by expected.txt; at least 987 of those that a compiler for tensors of static shape can pass.
# SPDX-License-Identifier: MIT
#
# A test belongs to the first kind whose pattern its name matches.
set -eu
LC_ALL=C
export LC_ALL
awk '
function kind(name, pattern) { kinds++; title[kinds] = name; matches[kinds] = pattern }
BEGIN {
    kind("strings", "(_to_STRING|STRING_to_|strnorm)")
    kind("sequences and optionals", "/test_(sequence_|optional_|identity_(opt|sequence)$|if_(opt|seq)$|loop13_seq|loop16_seq)")
    kind("training", "/test_(adam|adagrad|momentum|nesterov|gradient)")
    kind("random numbers", "/test_(bernoulli|training_dropout(_default)?(_mask)?$)")
    kind("TfIdfVectorizer", "tfidf")
    kind("If, Loop, Scan", "/test_(if|loop11|scan|range_.*_expanded)")
    kind("tensors of static shape", "")
}
{
    for (k = 1; $1 !~ matches[k]; k++);
    tests[k]++
    if ($2 == "PASS")
        pass[k]++
}
END {
    for (k = 1; k <= kinds; k++) {
        printf "%-26s %4d tests, %4d pass\n", title[k], tests[k], pass[k]
        all += tests[k]
        passed += pass[k]
    }
    printf "%-26s %4d tests, %4d pass\n", "all", all, passed
    exit !(all == 1072 && tests[kinds] == 990 && pass[kinds] >= 987)
}' "$SRCDIR/tests/conformance/expected.txt"
