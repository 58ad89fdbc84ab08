#!/bin/bash
# run.sh -- how much faster N emulated phones are than one: a table in CSV of every model, cluster and way of dividing.
# SPDX-License-Identifier: MIT
#
#   run.sh [OPTION]... MODEL.onnx...        in the build folder, as root
#
#   -n "2 3 4"      numbers of equal phones                     -g 10     GMAC/s of a phone
#   -s "4:2:1"      instead: unequal ones, in proportion; the fastest has the GMAC/s of -g. Several clusters: "4:2:1 2:1"
#   -r 200          Mbit/s of each phone's own link, up and down (full duplex)
#   -d 2            ms from one phone to another                -m MBIT   all share a medium of this rate as well
#   -p "auto rows"  ways of dividing; naive: equal rows, every exchange waited for (--partition rows --no-overlap)
#   -k 5            inferences per measurement, of which the median counts. Without this, as many as take two seconds, 5 to 40: the first
#                   ones are disturbed
#   -t 3            rounds: everything is measured once a round, the medians of the rounds' ratios count; 0: only build
#   -j throughput   programs for the most inferences a second, several in flight; measured and predicted are then milliseconds
#                   between two of them
#   -c              go on: what an earlier run with the same -w measured is not measured again
#   -w DIR          where programs are built and kept (phones-work)
#   -P FILE         what mednn-probe -o FILE measured on this machine: the phones have its proportions, in plans and forecasts. Without
#                   this, DIR/probe.xml, measured once; "-P default": the proportions of the machine that compiler/plan/rates.c tells of
#   -q              slow down by CPU quotas, to check PHONE_SLOW
#   -o FILE         the table (standard output)
#
# A phone of x GMAC/s is one that alone takes the model's MACs / x for an inference with mednn's one-device program: that is run
# here before each round, for machines get faster and slower, and its processor time gives the phone's slowness. Columns: predicted and
# measured are milliseconds, speedup is over the one-device program on the fastest phone, measured just before the ways of the same
# cluster. Look at ratios: a busy machine shifts times.
#
# The devices' cluster files say what mednn-probe finds on such links: 0.16 ms more than -d, and 4.4 % less than -r for headers.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
numbers='2 3 4' clusters='' gmacs=10 mbit=200 ms=2 medium=0 ways='auto rows' repeat='' rounds=3 work=phones-work quotas='' output=/dev/stdout objective=latency go_on='' probe='' rates='' like=''
mednnc=${MEDNNC:-./mednnc}

die()
{
    echo "run.sh: $*" >&2
    exit 2
}

while getopts n:g:s:r:d:m:p:k:t:w:j:cP:qo: option; do
    case $option in
    n) numbers=$OPTARG ;;
    g) gmacs=$OPTARG ;;
    s) clusters=$OPTARG ;;
    r) mbit=$OPTARG ;;
    d) ms=$OPTARG ;;
    m) medium=$OPTARG ;;
    p) ways=$OPTARG ;;
    k) repeat=$OPTARG ;;
    t) rounds=$OPTARG ;;
    w) work=$OPTARG ;;
    j) objective=$OPTARG ;;
    c) go_on=1 ;;
    P) probe=$OPTARG ;;
    q) quotas=-q ;;
    o) output=$OPTARG ;;
    *) die "see the head of this file" ;;
    esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || die "no model given"
work=$(realpath -m "$work")
[ -x "$mednnc" ] || die "$mednnc is not there: run this in the build folder"
if [ -z "$clusters" ]; then
    for n in $numbers; do
        clusters="$clusters $(yes 1 | head -n "$n" | paste -sd:)"
    done
fi
mkdir -p "$work"
if [ "$probe" != default ]; then
    if [ -z "$probe" ]; then
        probe=$work/probe.xml
        [ -s "$probe" ] || ./mednn-probe -o "$probe" >&2
    fi
    rates=$(grep -o '<rates [^>]*/>' "$probe" | head -n 1)
    [ -n "$rates" ] || die "$probe has no <rates>: mednn-probe writes it"
    like=-probed
fi

calculate()
{
    awk "BEGIN { printf \"%.6g\", $1 }"
}

# GMAC/s of every phone of a cluster such as 4:2:1, a line each.
phones_of()
{
    echo "$1" | tr : '\n' | awk -v g="$gmacs" '{ v[NR] = $1; if ($1 > most) most = $1 }
        END { for (i = 1; i <= NR; i++) printf "%.6g\n", g * v[i] / most }'
}

# cluster.xml as the devices will be: FILE CLUSTER
write_cluster()
{
    phones_of "$2" | awk -v mbit="$mbit" -v ms="$ms" -v medium="$medium" -v rates="$rates" '
        BEGIN { print "<cluster>" }
        { printf "  <device id=\"%d\" speed=\"%s\" gmacs=\"%s\" address=\"198.18.0.%d\" port=\"7700\">%s</device>\n", NR - 1, $1, $1, NR, rates }
        END {
            shared = medium > 0 && medium < mbit
            rate = shared || mbit <= 0 ? (medium > 0 ? medium : 10000) : mbit
            printf "  <network latency_ms=\"%.6g\" mbit=\"%.6g\" medium=\"%s\"/>\n</cluster>\n", ms + 0.16, 0.956 * rate,
                shared ? "shared" : "switched"
        }' >"$1"
}

# Build MODEL for a cluster, divided in a way: DIR MODEL CLUSTER WAY
build()
{
    local options=(--partition "$4")
    [ "$4" != naive ] || options=(--partition rows --no-overlap)
    options+=(--objective "$objective")
    if [ "$1/Makefile" -nt "$mednnc" ] && [ "$1/device0" -nt "$1/Makefile" ]; then
        return
    fi
    write_cluster "$work/cluster.xml" "$3"
    rm -rf "$1"
    "$mednnc" "$2" --cluster "$work/cluster.xml" "${options[@]}" -q -o "$1" && make -s -C "$1" -j2 >/dev/null
}

# Processor time of one inference on this machine, as PHONE_SLOW counts it.
inference_seconds()
{
    local factor=4
    PHONE_SLOW=$factor "$1/device0" --random --repeat 3 |
        sed -n 's/^latency_ms median=\([0-9.]*\) .*/\1/p' | awk -v f=$factor '{ printf "%.6g\n", $1 / 1e3 / f }'
}

# Median latency in ms, or time between inferences, of the programs of DIR, which take about MS, on phones of the SLOWness given after it.
run_phones()
{
    local dir=$1 limit=600 count
    count=${repeat:-$(awk -v ms="$2" 'BEGIN { n = int(2000 / ms); print (n < 5 ? 5 : n > 40 ? 40 : n) }')}
    shift 2
    printf "%s $mbit $(calculate "$ms / 2")\n" "$@" >"$work/table"
    # shellcheck disable=SC2016 # for the phone's shell
    "$here/phones.sh" -m "$medium" $quotas -t $limit -o "$work/logs" "$work/table" -- sh -c '
        owner=""
        [ %i != 0 ] || owner="--random --repeat '"$count"'"
        exec "'"$dir"'/device%i" --cluster "'"$dir"'/cluster.xml" --insecure $owner' || {
        cat "$work"/logs/*.err >&2
        return 1
    }
    awk -F'[= ]' -v objective="$objective" '/^latency_ms/ { ms = $3 } /^inferences_per_s/ && objective == "throughput" { each = 1000 / $2 }
        END { print each ? each : ms }' "$work/logs/phone0.out"
}

predicted()
{
    local what=predicted_ms
    [ "$objective" = latency ] || what=interval_ms
    sed -n 's/.* '$what'="\([0-9.]*\)".*/\1/p' "$1/report.xml" | head -1
}

# Where the programs of MODEL for CLUSTER, divided in a WAY, are kept.
folder()
{
    echo "$work/$1-${2//:/_}-$3-$gmacs-$mbit-$ms-$medium-$objective$like"
}

# MODEL CLUSTER WAY ROUND: has an earlier run measured that?
is_measured()
{
    [ -n "$go_on" ] && grep -q "^$1,$2,$gmacs,$mbit,$ms,$medium,$3,.*,$4,$objective\$" "$rows"
}

# MODEL ROUND: is anything left to measure?
is_complete()
{
    local cluster way
    for cluster in $clusters; do
        for way in $ways; do
            is_measured "$1" "$cluster" "$way" "$2" || return 1
        done
    done
}

rows=$work/rows.csv
[ -n "$go_on" ] || : >"$rows"
touch "$rows"
for model in "$@"; do
    name=$(basename "$model" .onnx)
    one=$work/$name-one$like
    build "$one" "$model" 1 single
    macs=$(sed -n 's/^ \* Weights .* per inference \([0-9]*\) multiply.*/\1/p' "$one/device0.c")
    for cluster in $clusters; do
        for way in $ways; do
            build "$(folder "$name" "$cluster" "$way")" "$model" "$cluster" "$way"
        done
    done
    for ((round = 0; round < rounds; round++)); do
        is_complete "$name" "$round" && continue
        seconds=$(inference_seconds "$one")
        slowness=$(calculate "$macs / ($gmacs * 1e9) / $seconds")
        echo "$name: $macs MACs, $(calculate "$macs / $seconds / 1e9") GMAC/s here, so $gmacs GMAC/s are $slowness times as slow" >&2
        for cluster in $clusters; do
            alone=''
            slow=$(phones_of "$cluster" | awk -v s="$slowness" -v g="$gmacs" '{ printf "%.6g ", s * g / $1 }')
            for way in $ways; do
                is_measured "$name" "$cluster" "$way" "$round" && continue
                dir=$(folder "$name" "$cluster" "$way")
                alone=${alone:-$(run_phones "$one" "$(calculate "$macs / $gmacs / 1e6")" "$slowness")}
                # shellcheck disable=SC2086
                took=$(run_phones "$dir" "$(predicted "$dir")" $slow)
                echo "$name,$cluster,$gmacs,$mbit,$ms,$medium,$way,$(predicted "$dir"),$took,$alone,$(calculate "$alone / $took"),$round,$objective" |
                    tee -a "$rows" >&2
            done
        done
    done
done
awk -F, -v objective="$objective" -v setting="$gmacs,$mbit,$ms,$medium" '$13 == objective && $3 "," $4 "," $5 "," $6 == setting {
    key = $1 "," $2 "," $3 "," $4 "," $5 "," $6 "," $7 "," $8
    if (!(key in count)) order[++keys] = key
    n = ++count[key]; took[key, n] = $9; one[key, n] = $10; ratio[key, n] = $11
}
function middle(list, key, n,    i, j, t, v) {
    for (i = 1; i <= n; i++) v[i] = list[key, i]
    for (i = 1; i <= n; i++) for (j = i + 1; j <= n; j++) if (v[j] < v[i]) { t = v[i]; v[i] = v[j]; v[j] = t }
    return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
}
BEGIN { print "model,cluster,gmacs,mbit,ms,medium,way,predicted_ms,measured_ms,one_ms,speedup" }
END {
    for (k = 1; k <= keys; k++) {
        n = count[order[k]]
        printf "%s,%.1f,%.1f,%.3f\n", order[k], middle(took, order[k], n), middle(one, order[k], n), middle(ratio, order[k], n)
    }
}' "$rows" >"$output"
