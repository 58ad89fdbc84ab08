#!/bin/bash
# test.sh -- installs what the tests need, builds with gcc and with clang and sanitizers, and runs all tests.
# SPDX-License-Identifier: MIT
#
# The last line is `N passed, N failed`, with `, N skipped` where tests were skipped; the exit status is not 0 when any
# failed. MEDNN_DATA may name a folder with more models and data sets. Safe to run again; build folders are
# build-test/gcc and build-test/clang.
set -euo pipefail
cd "$(dirname "$0")"
root=$PWD
# shellcheck source=packages.sh
. ./packages.sh

TEST_PACKAGES=(libcunit1-dev protobuf-compiler clang gcc-aarch64-linux-gnu libc6-dev-arm64-cross gcc-arm-linux-gnueabihf
    libc6-dev-armhf-cross qemu-user libxml2-utils libonnx-testdata shellcheck)
install_packages "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}"

# Tests compile the runtime and some models again and again, and the archive is built once more at the end: what the same compiler has made
# of the same text is taken from a cache, which lives with the build folders. Where there is none, all of it only takes longer.
if install_packages ccache; then
    export PATH=/usr/lib/ccache:$PATH CCACHE_DIR=$root/build-test/ccache
fi

passed=0 failed=0 skipped=0
jobs=$(nproc)

# count WORD FOLDER: how many .trs files there end with that result.
count()
{
    local files
    mapfile -t files < <(find "$2" -name '*.trs')
    cat /dev/null "${files[@]}" | grep -cE "^:test-result: ($1)" || true
}

# A build or a script is a test of its own.
step()
{
    local name=$1 log=$root/build-test/$1.log
    shift
    echo "== $name"
    if "$@" >"$log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        tail -n 60 "$log"
        echo "FAILED: $name (all of it is in $log)"
        return 1
    fi
}

# suite NAME CHECK: run `make CHECK` of build-test/NAME, show what failed, and add its results up.
suite()
{
    local folder=$root/build-test/$1 status=0 before=$failed
    echo "== make $2 ($1)"
    find "$folder" -name '*.trs' -delete
    make -C "$folder" -k -j"$jobs" "$2" >"$folder/check.log" 2>&1 || status=$?
    grep -E '^(PASS|FAIL|SKIP|XFAIL|XPASS|ERROR): ' "$folder/check.log" || true
    passed=$((passed + $(count 'PASS|XFAIL' "$folder")))
    failed=$((failed + $(count 'FAIL|XPASS|ERROR' "$folder")))
    skipped=$((skipped + $(count SKIP "$folder")))
    if ((status)); then
        # Something that is no test can fail, too.
        ((failed > before)) || { failed=$((failed + 1)); tail -n 60 "$folder/check.log"; }
        [[ ! -f $folder/test-suite.log ]] || tail -n 200 "$folder/test-suite.log"
    fi
}

# build NAME OPTION...: configure and build in build-test/NAME.
build()
{
    local folder=build-test/$1
    shift
    mkdir -p "$folder"
    (cd "$folder" && ../../configure "$@" && make -j"$jobs")
}

mkdir -p build-test
step scripts shellcheck quickstart.sh test.sh packages.sh .ci/run \
    examples/digits/run.sh tests/models/*.sh tests/conformance/*.sh docs/*.sh bench/*.sh completions/*.sh completions/mednnc || true
if step autoreconf autoreconf -fi; then
    if step build-gcc build gcc --enable-werror; then
        suite gcc check
    fi
    if step build-clang build clang --enable-werror --enable-sanitizers CC=clang CFLAGS='-O1 -g'; then
        suite clang check-again
    fi
    if [[ -f build-test/gcc/Makefile ]]; then
        # The archive builds, tests, installs and uninstalls; its tests ran above already.
        step distcheck make -C build-test/gcc distcheck TESTS= || true
    fi
fi

summary="$passed passed, $failed failed"
((skipped == 0)) || summary+=", $skipped skipped"
echo "$summary"
((failed == 0))
