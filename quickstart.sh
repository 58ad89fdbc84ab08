#!/bin/bash
# quickstart.sh -- from a fresh clone on Debian 12 to a neural network that three programs compute together.
# SPDX-License-Identifier: MIT
#
# Installs what the build needs, builds in ./build, compiles examples/digits for three devices, runs them as three
# processes over TCP on 597 handwritten digits, and checks the answers. Safe to run again.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=packages.sh
. ./packages.sh

install_packages "${BUILD_PACKAGES[@]}"

echo "Building mednn in build/"
mkdir -p build
[[ -x configure && configure -nt configure.ac ]] || quietly build/autoreconf.log autoreconf -fi
cd build
[[ -f Makefile ]] || quietly configure.log ../configure
quietly make.log make -j"$(nproc)" mednnc mednn-run compare

exec ../examples/digits/run.sh
