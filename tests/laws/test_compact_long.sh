#!/bin/sh
# test_compact_long.sh -- test_compact over many more networks, in `make check-long`.
# SPDX-License-Identifier: MIT
exec "$BUILDDIR/test_compact" 20000 1000
