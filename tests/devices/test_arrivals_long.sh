#!/bin/sh
# test_arrivals_long.sh -- test_arrivals with every network for every cluster.
# SPDX-License-Identifier: MIT
MEDNN_LONG=1 exec "$BUILDDIR/test_arrivals"
