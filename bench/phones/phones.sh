#!/bin/bash
# phones.sh -- run a command on N emulated phones: a network namespace, a link and a slow processor each.
# SPDX-License-Identifier: MIT
#
#   phones.sh [OPTION]... TABLE -- COMMAND [ARGUMENT]...
#
#   TABLE      a file with one phone a line: SLOW MBIT MS. SLOW: how many times slower than this machine's one core (fractions
#              allowed), MBIT: of its link, up and down (0: no limit), MS: one-way delay of its link (a message passes two links)
#   -m MBIT    the capacity of the air, if all share one medium
#   -q         slow down by CPU quotas instead of PHONE_SLOW (at least 1 % of a core; 10 ms periods)
#   -t SECONDS kill everything after that time (120)
#   -o DIR     logs: phoneI.out, phoneI.err (./phones-out)
#
# COMMAND runs once on every phone; %i in its arguments becomes the phone's number (0...), %ip its address 198.18.0.(i+1). All
# traffic stays inside the namespaces. Everything that was made is gone at the end. Needs root and /dev/net/tun.
# Exit status: 0 if all commands succeed, 1 if not, 2 for usage, 124 when the time is up.
set -u
here=$(cd "$(dirname "$0")" && pwd)
medium=0 quotas='' limit=120 logs=phones-out

die()
{
    echo "phones.sh: $*" >&2
    exit 2
}

while getopts m:qt:o: option; do
    case $option in
    m) medium=$OPTARG ;;
    q) quotas=1 ;;
    t) limit=$OPTARG ;;
    o) logs=$OPTARG ;;
    *) die "see the head of this file" ;;
    esac
done
shift $((OPTIND - 1))
[ $# -ge 3 ] && [ "$2" = -- ] || die "expected TABLE -- COMMAND"
[ "$(id -u)" = 0 ] || die "needs root"
table=$1
shift 2

slow=() links=() pids=()
prefix=phone$$
group=/sys/fs/cgroup/$prefix
[ -d /sys/fs/cgroup/cpu ] && group=/sys/fs/cgroup/cpu/$prefix
work=$(mktemp -d)
while read -r factor mbit ms _; do
    case $factor in '' | \#*) continue ;; esac
    slow+=("$factor")
    links+=("$prefix-${#links[@]}:198.18.0.$((${#links[@]} + 1)):$mbit:$ms")
done <"$table"
count=${#slow[@]}
[ "$count" -gt 0 ] && [ "$count" -le 64 ] || die "$table: 1 to 64 phones, not $count"

cleanup()
{
    trap - EXIT INT TERM
    exec 2>/dev/null
    for pid in "${pids[@]}" ${air_pid:-}; do
        kill -9 "$pid"
    done
    wait
    for ((i = 0; i < count; i++)); do
        ip netns del "$prefix-$i"
        rmdir "$group/$i"
    done
    rmdir "$group"
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# A group of processes that may use 1/SLOW of a core, but wins over others.
limit_processor()
{
    local quota period=10000
    mkdir -p "$group/$1" || die "no control groups"
    quota=$(awk -v p=$period -v s="$2" 'BEGIN { printf "%d", p / s }')
    if [ "$quota" -lt 1000 ]; then # the kernel wants a millisecond
        period=$(awk -v s="$2" 'BEGIN { printf "%d", 1000 * s }')
        quota=1000
    fi
    if [ -f "$group/$1/cpu.cfs_quota_us" ]; then
        echo 100000 >"$group/$1/cpu.shares"
        [ -z "$quotas" ] || { echo "$period" >"$group/$1/cpu.cfs_period_us" && echo "$quota" >"$group/$1/cpu.cfs_quota_us"; }
    else
        echo +cpu >"$group/cgroup.subtree_control"
        echo 10000 >"$group/$1/cpu.weight"
        [ -z "$quotas" ] || echo "$quota $period" >"$group/$1/cpu.max"
    fi
}

mkdir -p "$logs" "$group" || exit 2
if [ -f "$group/cpu.shares" ]; then echo 200000 >"$group/cpu.shares"; fi
for ((i = 0; i < count; i++)); do
    ip netns add "$prefix-$i" && ip -n "$prefix-$i" link set lo up || exit 2
    limit_processor "$i" "${slow[i]}"
done

cc -std=c11 -O2 -o "$work/air" "$here/air.c" || exit 2
# The links do not wait for a time slice.
realtime=''
chrt -f 10 true 2>/dev/null && realtime='chrt -f 10'
# shellcheck disable=SC2086
$realtime "$work/air" -m "$medium" "${links[@]}" >"$work/air.out" &
air_pid=$!
until grep -q ready "$work/air.out"; do
    kill -0 $air_pid 2>/dev/null || die "the links do not come up"
    sleep 0.02
done

for ((i = 0; i < count; i++)); do
    arguments=()
    for argument in "$@"; do
        argument=${argument//%ip/198.18.0.$((i + 1))}
        arguments+=("${argument//%i/$i}")
    done
    (
        echo $BASHPID >"$group/$i/cgroup.procs"
        [ -n "$quotas" ] || export PHONE_SLOW=${slow[i]}
        exec ip netns exec "$prefix-$i" "${arguments[@]}"
    ) >"$logs/phone$i.out" 2>"$logs/phone$i.err" &
    pids+=($!)
done

status=0
end=$((SECONDS + limit))
for pid in "${pids[@]}"; do
    while kill -0 "$pid" 2>/dev/null; do
        [ $SECONDS -lt $end ] || { echo "phones.sh: $limit s are over" >&2; exit 124; }
        sleep 0.02
    done
    wait "$pid" || status=1
done
pids=()
exit $status
