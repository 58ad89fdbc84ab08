#!/bin/sh
# test_planner.sh -- cluster files, what the planner makes of them, and mednn-probe's links.
# SPDX-License-Identifier: MIT
set -eu
# The make that runs the tests has its own options; those are not for generated Makefiles.
unset MAKEFLAGS MFLAGS MAKELEVEL
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work"
digits=$SRCDIR/examples/digits
model=$digits/digits.onnx
failed=0

wrong() {
    echo "FAIL $*"
    failed=$((failed + 1))
}

# refuse MESSAGE: what stands on standard input as a cluster file is refused with this line.
refuse() {
    cat >bad.xml
    if "$MEDNNC" "$model" --cluster bad.xml -o bad 2>err; then
        wrong "accepted: $1"
    elif [ "$(cat err)" != "mednnc: bad.xml: $1" ]; then
        wrong "expected '$1', got '$(cat err)'"
    fi
    [ ! -e bad ] || wrong "a folder is left: $1"
}

d='<device/><device/>'
echo "<cluster>$d<network mbit='0'/></cluster>" | refuse 'line 1: network mbit="0": expected a number from 1e-09 to 1e+09'
echo "<cluster>$d<network mbit='fast'/></cluster>" | refuse 'line 1: network mbit="fast": expected a number from 1e-09 to 1e+09'
echo "<cluster>$d<network latency_ms='-1'/></cluster>" | refuse 'line 1: network latency_ms="-1": expected a number from 0 to 100000'
echo "<cluster>$d<network latency_ms='nan'/></cluster>" | refuse 'line 1: network latency_ms="nan": expected a number from 0 to 100000'
echo "<cluster>$d<network medium='air'/></cluster>" | refuse 'line 1: network medium="air": expected switched or shared'
echo "<cluster>$d<link from='0'/></cluster>" | refuse 'line 1: link: to is missing'
echo "<cluster>$d<link from='0' to='2'/></cluster>" | refuse 'line 1: link to="2": expected a number from 0 to 1'
echo "<cluster>$d<link from='1' to='1'/></cluster>" | refuse 'line 1: link from="1" to="1": expected the ids of two devices'
echo "<cluster>$d<link from='0' to='0.5'/></cluster>" | refuse 'line 1: link from="0" to="0.5": expected the ids of two devices'
echo "<cluster><device gmacs='0'/></cluster>" | refuse 'line 1: device gmacs="0": expected a number from 1e-09 to 1e+09'
echo "<cluster><device><rates direct='1'/></device></cluster>" | refuse 'line 1: rates: winograd is missing'
rates="direct='1' winograd='1' transform='1' depthwise='1' matrix='1' scalar='1' vector='1' element='1' weights='1' stream='1' activations='1' call_us='1' message_us='1' message='1'"
echo "<cluster><device><rates $rates/><rates $rates/></device></cluster>" | refuse 'line 1: a second <rates> of one device'

# What is written is read as the same.
slow="direct='0.001' winograd='0.001' transform='0.001' depthwise='0.001' matrix='0.001' scalar='0.001' vector='0.001' element='0.001' weights='1' stream='1' activations='1' call_us='1' message_us='1' message='1'"
cat >slow.xml <<END
<cluster>
  <device name="a" memory="100000000"><rates $slow/></device>
  <device name="b" up_mbit="100" down_mbit="50"><rates $slow/></device>
  <device name="c" gmacs="0.000001"/>
  <network latency_ms="0.1" mbit="1000" medium="shared"/>
  <link from="0" to="1" latency_ms="0.2" mbit="500"/>
</cluster>
END
"$MEDNNC" "$model" --cluster slow.xml -o slow
"$MEDNNC" "$model" --cluster slow/cluster.xml -o again
cmp slow/cluster.xml again/cluster.xml || wrong "a cluster file changes when it is read and written"
cmp slow/report.xml again/report.xml || wrong "two runs make different plans"

# Two slow devices share; the third, far slower, is left out with a reason; the answers are those of one device.
grep -q '<time device="1".*idle=""' slow/report.xml || wrong "device 1 has no work"
grep -q '<time device="2".*idle="it does not help' slow/report.xml || wrong "device 2 is not left out with a reason"
"$MEDNNC" "$model" --cluster slow.xml --partition single -o one # the same rates choose the same kernels
"$MEDNN_RUN" slow --batch --input "$digits/digits_x.npy" --output-dir slow.out >/dev/null
"$MEDNN_RUN" one --batch --input "$digits/digits_x.npy" --output-dir one.out >/dev/null
cmp slow.out/output_0.npy one.out/output_0.npy || wrong "the searched plan computes something else than one device"

# Where gmacs is said as well, rates give the proportions and it the speed: half of it takes twice as long; twice the rates change
# nothing.
foretold()
{
    echo "<cluster><device gmacs='$1'><rates $2/></device></cluster>" >speed.xml
    "$MEDNNC" "$model" --cluster speed.xml -q -o speed
    sed -n 's/.* predicted_ms="\([0-9.]*\)".*/\1/p' speed/report.xml | head -n 1
}
twice=$(echo "$slow" | sed "s/0\.001/0.002/g; s/='1'/='2'/g; s/_us='2'/_us='0.5'/g")
echo "$(foretold 0.02 "$slow") $(foretold 0.01 "$slow") $(foretold 0.02 "$twice")" | awk '
    { exit !($1 > 0 && $2 / $1 > 1.99 && $2 / $1 < 2.01 && $3 / $1 > 0.99 && $3 / $1 < 1.01) }' ||
    wrong "gmacs does not scale rates: $(foretold 0.02 "$slow"), $(foretold 0.01 "$slow") and $(foretold 0.02 "$twice") ms"

# The network is small and the devices are quick: one device is left alone, and it is never foretold to be slower.
"$MEDNNC" "$model" --devices 3 -o quick
grep -q '<time device="1".*idle="it does not help' quick/report.xml || wrong "three quick devices share a small network"

# For throughput several inferences are on their way at a time, as many as the plan wants; their outputs
# belong to their inputs. Other numbers do as well, on all devices alike.
"$MEDNNC" "$model" --cluster slow.xml --objective throughput -o flow
working=$(grep -c '<time device="[0-9]*".*idle=""' flow/report.xml)
[ "$working" -gt 1 ] || wrong "one device alone is planned for throughput"
planned=$(sed -n "s/^ *\.in_flight = \([0-9]*\),/\1/p" flow/device0.c)
[ "${planned:-1}" -gt 1 ] || wrong "one inference at a time is planned for throughput"
for flight in '' '--in-flight 1' '--in-flight 5'; do
    # shellcheck disable=SC2086
    "$MEDNN_RUN" flow --batch --input "$digits/digits_x.npy" --repeat 2 $flight --output-dir flow.out >said || wrong "throughput, $flight"
    cmp flow.out/output_0.npy one.out/output_0.npy || wrong "inferences in flight get each other's outputs: $flight"
    expected=${flight#--in-flight }
    expected=${expected:-$planned}
    if [ "$expected" = 1 ]; then
        grep -q in_flight said && wrong "one inference at a time is called several"
    else
        grep -q "^inferences_per_s=[0-9.]* in_flight=$expected\$" said || { cat said; wrong "not $expected inferences in flight"; }
    fi
    tail -1 said | grep -q '^latency_ms ' || wrong "the latency is not the last line"
done
if "$MEDNN_RUN" flow --random --in-flight 17 2>err; then
    wrong "17 inferences in flight are not refused"
fi

# Links, over loopback.
port=$((20000 + $$ % 20000))
"$MEDNN_PROBE" --serve=$port --links-only -q &
server=$!
tries=0
until "$MEDNN_PROBE" --links-only -q --device here=127.0.0.1:$port -o probed.xml 2>err; do
    tries=$((tries + 1))
    [ $tries -lt 20 ] || { cat err; wrong "no answer from mednn-probe --serve"; break; }
    sleep 0.2
done
"$MEDNNC" "$model" --cluster probed.xml -o probed || wrong "mednnc does not read what mednn-probe wrote"
if "$MEDNN_PROBE" --links-only -q --device nobody=127.0.0.1:1 2>err; then
    wrong "nobody answered, and mednn-probe did not say so"
fi
[ "$(wc -l <err)" = 1 ] || wrong "more or less than one line about a machine that does not answer"

[ $failed = 0 ]
