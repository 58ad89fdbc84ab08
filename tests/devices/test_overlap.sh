#!/bin/sh
# test_overlap.sh -- devices of different speeds, which compute the boxes of a layer in different orders, get the same bytes as one.
# SPDX-License-Identifier: MIT
#
# PHONE_SLOW stretches what each device computes, so that messages come early here and late there. The model is made here: layers
# that are divided into urgent and interior boxes, between them some that are not. (test_arrivals takes every way that a program can go;
# here it is the wire that decides.)
set -eu
# The make that runs the tests has its own options; those are not for generated Makefiles.
unset MAKEFLAGS MFLAGS MAKELEVEL
[ -n "${PROTOC:-}" ] || { echo "protoc is missing"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

awk 'function tensor(name, a, b, rows, columns,    i, n) {
    printf "  initializer { name: \"%s\" data_type: 1 dims: %d dims: %d dims: %d dims: %d float_data: [", name, a, b, rows, columns
    n = a * b * rows * columns
    for (i = 0; i < n; i++) printf "%s%.4f", i ? "," : "", (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648 - 0.5
    print "] }"
}
function conv(x, y, edge, stride) {
    printf "  node { op_type: \"Conv\" input: \"%s\" input: \"w_%s\" output: \"%s\" attribute { name: \"pads\" type: INTS", x, y, y
    printf " ints: %d ints: %d ints: %d ints: %d }", (edge - 1) / 2, (edge - 1) / 2, (edge - 1) / 2, (edge - 1) / 2
    printf " attribute { name: \"strides\" type: INTS ints: %d ints: %d } }\n", stride, stride
}
function value(kind, name, channels, size) {
    printf "  %s { name: \"%s\" type { tensor_type { elem_type: 1 shape { dim { dim_value: 1 } dim { dim_value: %d }", kind, name, channels
    printf " dim { dim_value: %d } dim { dim_value: %d } } } } }\n", size, size
}
BEGIN {
    state = 2017
    print "ir_version: 8 opset_import { version: 17 } graph { name: \"overlap\""
    value("input", "x", 8, 60)
    conv("x", "a", 5, 1); conv("a", "b", 3, 1); conv("b", "c", 1, 1)
    print "  node { op_type: \"Add\" input: \"c\" input: \"a\" output: \"d\" }"
    print "  node { op_type: \"Relu\" input: \"d\" output: \"e\" }"
    print "  node { op_type: \"MaxPool\" input: \"e\" output: \"m\" attribute { name: \"kernel_shape\" type: INTS ints: 2 ints: 2 }"
    print "    attribute { name: \"strides\" type: INTS ints: 2 ints: 2 } }"
    conv("m", "f", 3, 1); conv("f", "y", 3, 1)
    value("output", "y", 20, 30)
    tensor("w_a", 20, 8, 5, 5); tensor("w_b", 20, 20, 3, 3); tensor("w_c", 20, 20, 1, 1); tensor("w_f", 24, 20, 3, 3)
    tensor("w_y", 20, 24, 3, 3)
    print "}"
}' >overlap.pbtxt
"$PROTOC" -I"$SRCDIR/compiler/frontend" --encode=onnx.ModelProto onnx.proto <overlap.pbtxt >overlap.onnx

compile() # FOLDER OPTION...
{
    folder=$1
    shift
    "$MEDNNC" overlap.onnx -q -o "$folder" "$@"
    make -s -C "$folder" -j2 ${optimise:+"$optimise"} >make.log 2>&1 || { cat make.log; exit 1; }
}

run() # FOLDER OUTPUT SLOW...
{
    folder=$1 output=$2 device=0
    shift 2
    for slow; do
        set -- "$@" --wrapper "$device=env PHONE_SLOW=$slow"
        shift
        device=$((device + 1))
    done
    "$MEDNN_RUN" "$folder" --random --repeat 5 --output-dir "$output" "$@" >run.log 2>&1 || { cat run.log; exit 1; }
    cmp one.out/output_0.npy "$output/output_0.npy" || { echo "$folder $*: differs from one device"; exit 1; }
}

optimise=CFLAGS=-O1
compile one --devices 1
"$MEDNN_RUN" one --random --output-dir one.out >/dev/null
optimise='' # as users do
compile rows --devices 3 --partition rows
grep -q 'mednn_exchange_ready' rows/device0.c || { echo "nothing is computed while messages travel"; exit 1; }
optimise=CFLAGS=-O1
run rows rows.out 1 1 1
run rows rows.out 1 30 5
run rows rows.out 40 1 15.5
compile rectangles --devices 3,1,2,2,1 --partition gtdp
run rectangles gtdp.out 1 1 1 1 1
run rectangles gtdp.out 20 1 40 3 7.25
if [ -z "${MEDNN_AGAIN:-}" ]; then
    compile star --devices 2 --partition star
    run star star.out 5 30
    compile naive --devices 2 --partition rows --no-overlap
    grep -q 'mednn_exchange_ready' naive/device0.c && { echo "--no-overlap overlaps"; exit 1; }
    run naive naive.out 30 5
fi

# A device that is played slow takes so much longer, and what it did is written down.
PHONE_SLOW=200 "$MEDNN_RUN" one --random --repeat 3 >run.log
PHONE_SLOW=1600 MEDNN_TRACE=trace.json "$MEDNN_RUN" one --random --repeat 3 >>run.log
awk '/^latency_ms/ { sub("median=", "", $2); ms[++n] = $2 } END { ratio = ms[2] / ms[1]; print ratio " times slower"; exit !(n == 2 && ratio > 5 && ratio < 13) }' run.log
layers=$(sed -n 's/^STEP void \(layer_[a-z]*\)(.*/\1/p' one/device0.c)
[ -n "$layers" ] || { echo "no layers in device0.c"; exit 1; }
for layer in $layers; do
    grep -q "\"cat\":\"compute\",.*\"dur\":[0-9.]*[1-9][0-9.]*,\"name\":\"$layer\"" trace-0.json || { echo "$layer is not in the trace"; exit 1; }
done
# So slow that even packing takes long enough to be written down.
MEDNN_TRACE=trace.json run rows traced.out 50 50 50
for device in 0 1 2; do
    for event in compute pack wait sent received; do
        grep -q "\"cat\":\"$event\",\"pid\":$device," trace-$device.json || { echo "device $device: no $event in the trace"; exit 1; }
    done
done

# Floats that travel as float16 are rounded, and nothing else happens to them.
compile half --devices 3,1,2 --partition gtdp --wire fp16
"$MEDNN_RUN" half --random --repeat 3 --output-dir half.out >/dev/null
"$BUILDDIR/compare" close one.out/output_0.npy half.out/output_0.npy 3e-3 >compare.log || { cat compare.log; exit 1; }
cmp -s one.out/output_0.npy half.out/output_0.npy && { echo "--wire fp16 rounds nothing"; exit 1; }
sent() { sed -n 's/^#define OVERLAP_DEVICE0_BYTES_SENT \([0-9]*\)$/\1/p' "$1/mednn_model.h"; }
[ "$(($(sent half) * 100))" -lt "$(($(sent rectangles) * 80))" ] || { echo "--wire fp16 sends $(sent half) bytes"; exit 1; }
echo "all orders, the same bytes"
