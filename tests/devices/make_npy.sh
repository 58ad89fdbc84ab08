#!/bin/sh
# make_npy.sh -- a .npy file on stdout: make_npy.sh DESCR SHAPE BYTES, BYTES as printf's escapes
# SPDX-License-Identifier: MIT
# make_npy.sh '<f4' '(2,)' '\0\0\200\77\0\0\0\100' is the array [1, 2].
set -eu
printf '\223NUMPY\001\000\166\000%-117s\n' "{'descr': '$1', 'fortran_order': False, 'shape': $2, }"
printf "$3"
