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
if [ $# -lt 3 ] || [ "$2" != -- ]; then die "expected TABLE -- COMMAND"; fi
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
if [ "$count" -lt 1 ] || [ "$count" -gt 64 ]; then die "$table: 1 to 64 phones, not $count"; fi

# shellcheck disable=SC2317 # the trap calls it
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

# A group of processes that may use 1/SLOW of a core, but wins over others: PHONE SLOW
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
        echo "$period" >"$group/$1/cpu.cfs_period_us"
        echo "$quota" >"$group/$1/cpu.cfs_quota_us"
    else
        echo +cpu >"$group/cgroup.subtree_control"
        echo 10000 >"$group/$1/cpu.weight"
        echo "$quota $period" >"$group/$1/cpu.max"
    fi
}

mkdir -p "$logs" || exit 2
for ((i = 0; i < count; i++)); do
    ip netns add "$prefix-$i" || exit 2
    ip -n "$prefix-$i" link set lo up

    [ -z "$quotas" ] || limit_processor "$i" "${slow[i]}"
done
if [ -f "$group/cpu.shares" ]; then echo 200000 >"$group/cpu.shares"; fi

cc -std=c11 -O2 -o "$work/air" "$here/air.c" || exit 2
# Links, and phones that sleep most of the time anyway, do not wait for a time slice of a busy machine.
link_class='' phone_class=''
if chrt -f 10 true 2>/dev/null; then
    link_class='chrt -f 10'
    busy=$(printf '%s\n' "${slow[@]}" | awk '{ sum += 1 / $1 } END { print sum > 1.5 }')
    [ -n "$quotas" ] || [ "$busy" = 1 ] || phone_class='chrt -f 5'
fi
: >"$work/air.out"
# shellcheck disable=SC2086
$link_class "$work/air" -m "$medium" "${links[@]}" >"$work/air.out" &
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
        if [ -n "$quotas" ]; then
            echo $BASHPID >"$group/$i/cgroup.procs"
        else
            export PHONE_SLOW=${slow[i]}
        fi
        # shellcheck disable=SC2086
        exec $phone_class ip netns exec "$prefix-$i" "${arguments[@]}"
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
