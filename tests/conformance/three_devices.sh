#!/bin/sh
# three_devices.sh -- the same tests with the same results when three devices share the rows of every tensor.
# SPDX-License-Identifier: MIT
exec "${SHELL:-sh}" "$SRCDIR/tests/conformance/run.sh" --devices 3 --partition rows
