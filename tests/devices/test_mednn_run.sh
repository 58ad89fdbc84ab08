#!/bin/sh
# test_mednn_run.sh -- mednn-run and the device program, with a hand-written program of two devices.
# SPDX-License-Identifier: MIT
set -u
here=$SRCDIR/tests/devices
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
CC=${CC:-cc}

fail()
{
    echo "FAILED: $*" >&2
    exit 1
}

# expect STATUS PART COMMAND...: the status, and a single line on stderr that holds PART
expect()
{
    status=$1 part=$2
    shift 2
    "$@" >out 2>err
    found=$?
    [ $found = "$status" ] || fail "$*: status $found instead of $status: $(cat err)"
    case $status in 0) return ;; esac
    [ "$(wc -l <err)" = 1 ] || fail "$*: not one line: $(cat err)"
    grep -qF -- "$part" err || fail "$*: found '$(cat err)', expected '$part'"
}

same()
{
    cmp "$1" "$2" || fail "$1 differs from $2"
}

npy()
{
    sh "$here/make_npy.sh" "$@"
}

# ---- a compiled model, by hand ----
mkdir -p dir/runtime
cp "$SRCDIR"/runtime/*.[ch] dir/runtime/
rm -f dir/runtime/mednn_run.c dir/runtime/watch_devices.c
cp "$here/pair.c" dir/
cat >dir/Makefile <<'END'
CFLAGS = -std=c11 -O1 -Wall -Wextra -Werror
RUNTIME = $(wildcard runtime/*.c)
all: device0 device1
device0 device1: pair.c $(RUNTIME)
	$(CC) $(CFLAGS) $(FLAGS_$@) -I. -DDEVICE=$(@:device%=%) -DMEDNN_PROGRAM=pair_program -o $@ pair.c $(RUNTIME)
END
cat >dir/cluster.xml <<'END'
<?xml version="1.0"?>
<cluster>
  <device id="0" name="a" address="127.0.0.1" port="7700" speed="1"/>
  <device id="1" name="b" address="127.0.0.1" port="7701" speed="1"/>
</cluster>
END
one='\0\0\200\77' two='\0\0\0\100' four='\0\0\200\100'
row=$one$one$one$two$two$two double=$two$two$two$four$four$four
npy '<f4' '(1, 2, 6)' "$row$row" >x.npy
npy '<f4' '(2, 6)' "$row$row" >x2.npy
npy '<f4' '(6,)' "$row" >x6.npy
npy '<i8' '()' '\5\0\0\0\0\0\0\0' >k.npy
npy '<f4' '(1, 2, 6)' "$double$double" >y.npy
npy '<i8' '()' '\6\0\0\0\0\0\0\0' >n.npy
npy '<f4' '(3, 1, 2, 6)' "$row$row$double$double$row$row" >xs.npy
npy '<f4' '(3, 2, 6)' "$row$row$double$double$row$row" >xs2.npy
npy '<i8' '(3,)' '\5\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0\7\0\0\0\0\0\0\0' >ks.npy
npy '<i8' '(2,)' '\5\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0' >ks2.npy
npy '<i8' '(3,)' '\6\0\0\0\0\0\0\0\6\0\0\0\0\0\0\0\10\0\0\0\0\0\0\0' >ns.npy
# TensorProto: dims 1, 2, 6; data_type 1; raw_data of 48 bytes -- and int64_data for the scalar
printf '\010\001\010\002\010\006\020\001\112\060%b' "$row$row" >x.pb
printf '\020\007\072\001\005' >k.pb

# ---- it works ----
expect 0 '' "$MEDNN_RUN" dir --input x.npy --input k.npy --output-dir a/b
same a/b/output_0.npy y.npy
same a/b/output_1.npy n.npy
tail -n 1 out | grep -Eq '^latency_ms median=[0-9]+\.[0-9]{3} p90=[0-9]+\.[0-9]{3} runs=1$' || fail "$(cat out)"
expect 0 '' "$MEDNN_RUN" dir --input=k=k.pb --input=x.pb --output-dir c --repeat 7
same c/output_0.npy y.npy
same c/output_1.npy n.npy
grep -q ' runs=7$' out || fail "$(cat out)"
expect 0 '' "$MEDNN_RUN" dir --input x2.npy --input k.npy --output-dir c
same c/output_0.npy y.npy
for xs in xs.npy xs2.npy; do
    expect 0 '' "$MEDNN_RUN" --batch dir --input $xs --input ks.npy --output-dir d --repeat 2
    grep -q ' runs=6$' out || fail "$(cat out)"
    same d/output_1.npy ns.npy
    npy '<f4' '(3, 2, 6)' "$double$double$four$four$four\0\0\0\101\0\0\0\101\0\0\0\101$four$four$four\0\0\0\101\0\0\0\101\0\0\0\101$double$double" >ys.npy
    same d/output_0.npy ys.npy
done
expect 0 '' "$MEDNN_RUN" dir --random --output-dir e1
expect 0 '' "$MEDNN_RUN" dir --random --output-dir e2 --repeat 3
same e1/output_0.npy e2/output_0.npy
cmp -s e1/output_0.npy y.npy && fail "random inputs are not random"
expect 0 '' "$MEDNN_RUN" dir --random --input k=k.npy --output-dir e3
same e3/output_1.npy n.npy
expect 0 '' "$MEDNN_RUN" dir --random --wrapper '1=env LC_ALL=C' --program "0=dir/device0"
expect 0 '' "$MEDNN_RUN" --version
expect 0 '' "$MEDNN_RUN" --help
expect 0 '' dir/device1 --help

# ---- devices of other instruction sets ----
for pair in aarch64-linux-gnu:qemu-aarch64 arm-linux-gnueabihf:qemu-arm; do
    target=${pair%:*} emulator=${pair#*:}
    command -v "$target-gcc" >/dev/null && command -v "$emulator" >/dev/null || continue
    mkdir -p "$target"
    cp -R dir/pair.c dir/runtime dir/Makefile "$target/"
    make -s -C "$target" CC="$target-gcc" || fail "make for $target"
    wrapper="$emulator -L /usr/$target"
    expect 0 '' "$MEDNN_RUN" dir --input x.npy --input k.npy --output-dir f --wrapper "1=$wrapper" --program "1=$target/device1"
    same f/output_0.npy y.npy
    expect 0 '' "$MEDNN_RUN" dir --input x.pb --input k.pb --output-dir g --wrapper "0=$wrapper" --program "0=$target/device0"
    same g/output_0.npy y.npy
    same g/output_1.npy n.npy
done

# ---- bad usage and input: status 2, one line ----
expect 2 'expected one folder' "$MEDNN_RUN"
expect 2 'nowhere/cluster.xml: No such file' "$MEDNN_RUN" nowhere --random
expect 2 "'--frobnicate': unknown option" "$MEDNN_RUN" dir --frobnicate
expect 2 "there is no device 2" "$MEDNN_RUN" dir --random --wrapper 2=env
expect 2 "expected DEVICE=VALUE" "$MEDNN_RUN" dir --random --wrapper env
expect 2 "input 'x' is missing" "$MEDNN_RUN" dir --input k=k.npy
expect 2 "input 'k' is missing" "$MEDNN_RUN" dir --input x.npy
expect 2 "gone.npy: No such file" "$MEDNN_RUN" dir --input gone.npy --input k.npy
expect 2 "k.npy: its elements are int64 but input 'x' has float32" "$MEDNN_RUN" dir --input k.npy --input x.npy
expect 2 "xs.npy: its shape is 3x1x2x6 but input 'x' has 1x2x6" "$MEDNN_RUN" dir --input xs.npy --input k.npy
expect 2 "k.npy: its shape is scalar but input 'k' has SAMPLES" "$MEDNN_RUN" dir --batch --input x.npy --input k.npy
expect 2 "x6.npy: its shape is 6 but input 'x' has SAMPLESx1x2x6" "$MEDNN_RUN" dir --batch --input x6.npy --input k.npy
expect 2 "input 'k' has 2 samples but an earlier one has 3" "$MEDNN_RUN" dir --batch --input xs.npy --input ks2.npy
expect 2 "input 'x' is given twice" "$MEDNN_RUN" dir --input x=x.npy --input x=x.npy
expect 2 "the model has only 2 inputs" "$MEDNN_RUN" dir --input x.npy --input k.npy --input x.npy
expect 2 "the model has no input of that name" "$MEDNN_RUN" dir --input z=x.npy --input k.npy
expect 2 "--repeat '0'" "$MEDNN_RUN" dir --random --repeat 0
expect 2 "neither a .npy file nor an ONNX TensorProto" "$MEDNN_RUN" dir --input dir/Makefile --input k.npy
expect 2 "inputs and outputs belong to device 0" dir/device1 --cluster dir/cluster.xml --random
expect 2 "give --cluster FILE" dir/device1
sed 's/127.0.0.1/192.0.2.7/' dir/cluster.xml >far.xml
expect 2 "is another machine and this program does not encrypt" dir/device1 --cluster far.xml
sed '/id="1"/d' dir/cluster.xml >few.xml
expect 2 "few.xml: lists 1 devices; this program was built for 2" dir/device1 --cluster few.xml
expect 1 "cannot reach device 0 at 127.0.0.1:7700 within 0.2 s" dir/device1 --cluster dir/cluster.xml --wait 0.2
: >plain
expect 1 "plain" "$MEDNN_RUN" dir --random --output-dir plain

# ---- failures of devices: status 1, one line, nothing left behind ----
rm dir/device1
make -s -C dir FLAGS_device1=-DMODE=1 || fail make
expect 1 'rebuild one of them' "$MEDNN_RUN" dir --random
rm dir/device1
make -s -C dir FLAGS_device1=-DDIE=3 || fail make
start=$(date +%s)
ulimit -c 0
expect 1 'device 1 was killed by signal 6' "$MEDNN_RUN" dir --random --repeat 100
[ $(($(date +%s) - start)) -le 3 ] || fail "a dead device took too long"
rm dir/device1
make -s -C dir || fail make
expect 1 'cannot run /nonexistent' "$MEDNN_RUN" dir --random --program 1=/nonexistent
mkdir tmp
TMPDIR=$work/tmp
export TMPDIR
"$MEDNN_RUN" dir --random --repeat 100000000 >out 2>err &
pid=$!
sleep 1
kill -TERM $pid
wait $pid
[ $? = 143 ] || fail "SIGTERM: $(cat err)"
[ -z "$(ls tmp)" ] || fail "temporary files are left behind"
sleep 0.2
ps -e -o args= 2>/dev/null | grep -q "^dir/device[01] --cluster $work/tmp" && fail "devices are left behind"
cp -R dir broken
echo 'nonsense' >>broken/pair.c
"$MEDNN_RUN" broken --random >out 2>err && fail "built nonsense"
tail -n 1 err | grep -qF 'mednn-run: make -C broken failed' || fail "$(cat err)"
echo ok
