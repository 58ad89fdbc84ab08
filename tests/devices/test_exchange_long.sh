#!/bin/sh
# test_exchange_long.sh -- eight devices send 64 MB to each other, all at once (needs 5 GB of memory).
# SPDX-License-Identifier: MIT
exec "$BUILDDIR/tests/devices/test_exchange" --long
