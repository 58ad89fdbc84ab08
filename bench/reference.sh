#!/bin/sh
# reference.sh CLUSTER.xml -- a table of compiler/plan/rates.c, from what `mednn-probe -o CLUSTER.xml` measured.
# SPDX-License-Identifier: MIT
set -eu
grep -o '<rates [^>]*' "$1" | head -n 1 | tr ' ' '\n' | awk -F'"' '
    /^call_us=/ { printf "    [WORK_CALLS] = %.2g,\n", $2 * 1e-6; next }
    /^message/ || !/=/ { next }
    { name = $1; sub(/=/, "", name); printf "    [WORK_%s] = %.2g,\n", toupper(name), 1e-9 / $2 }'
