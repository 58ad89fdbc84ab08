# packages.sh -- installs Debian packages that are missing, and says which; sourced by quickstart.sh and test.sh.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash

# shellcheck disable=SC2034 # for those who source this
BUILD_PACKAGES=(autoconf automake make gcc libc6-dev pkg-config protobuf-c-compiler libprotobuf-c-dev libxml2-dev libsodium-dev libopenblas-dev)

is_installed()
{
    [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# install_packages NAME...: as root, or through sudo.
install_packages()
{
    local package missing=() as_root=()
    for package; do
        is_installed "$package" || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    if ! command -v apt-get >/dev/null; then
        echo "These Debian packages are needed, and there is no apt-get here to install them: ${missing[*]}" >&2
        return 1
    fi
    if ((EUID)); then
        if ! command -v sudo >/dev/null; then
            echo "These packages are needed; install them as root: apt-get install ${missing[*]}" >&2
            return 1
        fi
        as_root=(sudo)
    fi
    echo "Installing: ${missing[*]}"
    local log
    log=$(mktemp)
    # The package lists of a fresh machine are empty or old.
    if ! { "${as_root[@]}" apt-get update && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        "${missing[@]}"; } >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        echo "apt-get could not install them." >&2
        return 1
    fi
    rm -f "$log"
}

# quietly LOG COMMAND...: show the end of the log only when the command fails.
quietly()
{
    local log=$1
    shift
    if ! "$@" >"$log" 2>&1; then
        tail -n 40 "$log" >&2
        echo "failed: $* (all of it is in $log)" >&2
        return 1
    fi
}
