#!/usr/bin/env python3
# make.py -- write the fixtures of this folder with what ONNX Runtime computes: NODE_PATH=... make.py [FAMILY]...
# SPDX-License-Identifier: MIT
#
# Needs numpy, onnx and node with onnxruntime-node (bench/install-onnxruntime.sh). A family is one model of independent nodes, a
# node a case of cases.py; FAMILY.pbtxt holds it, its inputs and the outputs as protobuf text.
import base64
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from google.protobuf import text_format
from onnx import helper

import cases

HERE = os.path.dirname(os.path.abspath(__file__))
TYPES = {np.dtype(t): n for t, n in [(np.float32, 1), (np.uint8, 2), (np.int8, 3), (np.uint16, 4), (np.int16, 5), (np.int32, 6),
                                     (np.int64, 7), (np.bool_, 9), (np.float16, 10), (np.float64, 11), (np.uint32, 12),
                                     (np.uint64, 13)]}
FIELDS = {1: "float_data", 11: "double_data", 7: "int64_data", 12: "uint64_data", 13: "uint64_data"}


def tensor(name, array):
    """A TensorProto whose elements are readable as text."""
    number = TYPES[array.dtype]
    proto = onnx.TensorProto(name=name, data_type=number, dims=array.shape)
    field = FIELDS.get(number, "int32_data")
    values = array.view(np.uint16) if number == 10 else array
    getattr(proto, field).extend(values.flatten().tolist())
    return proto


def run(model, feeds):
    """The model's outputs as ONNX Runtime computes them; fails with its message."""
    with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
        file.write(model.SerializeToString())
        file.flush()
        inputs = [{"name": n, "type": a.dtype.name, "dims": a.shape, "data": base64.b64encode(a.tobytes()).decode()}
                  for n, a in feeds.items()]
        made = subprocess.run(["node", os.path.join(HERE, "onnxruntime.js"), file.name], input=json.dumps(inputs), text=True,
                              capture_output=True, check=False)
    if made.returncode:
        raise RuntimeError(made.stderr.strip())
    return {o["name"]: np.frombuffer(base64.b64decode(o["data"]), o["type"]).reshape(o["dims"]) for o in json.loads(made.stdout)}


class Builder:
    """Nodes of one model and what they are fed."""

    def __init__(self, opset):
        self.opset, self.nodes, self.inputs, self.constants, self.outputs = opset, [], {}, {}, []
        self.results = {}

    def add(self, prefix, case):
        names = []
        for i, value in enumerate(case.inputs):
            if isinstance(value, np.ndarray): # one array fed to several nodes is one input
                known = [n for n, a in self.inputs.items() if a is value]
                names.append(known[0] if known else f"{prefix}.x{i}")
                self.inputs[names[-1]] = value
            else:
                names.append("" if value is None else f"{prefix}.x{i}")
            if isinstance(value, cases.Constant):
                self.constants[names[-1]] = value.array
        outputs = [f"{prefix}.y{k}" if wanted else "" for k, wanted in enumerate(case.outputs)]
        self.nodes.append(helper.make_node(case.op, names, outputs, prefix, **case.attributes))
        self.outputs += [o for o in outputs if o]

    def model(self, results=None):
        def value(name, array):
            return helper.make_tensor_value_info(name, TYPES[array.dtype], array.shape)

        inputs = [value(n, a) for n, a in self.inputs.items()]
        outputs = [value(n, results[n]) if results else onnx.ValueInfoProto(name=n) for n in self.outputs]
        constants = [tensor(n, a) for n, a in self.constants.items()]
        graph = helper.make_graph(self.nodes, "cases", inputs, outputs, constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=10)


def text(proto):
    return text_format.MessageToString(proto, float_format=".7g", double_format=".17g", use_short_repeated_primitives=True)


def make(family, opset, listed):
    builder = Builder(opset)
    for i, case in enumerate(listed):
        alone = Builder(opset)
        alone.add(f"c{i}", case)
        try:
            results = dict(zip(alone.outputs, case.expected)) if case.expected else run(alone.model(), alone.inputs)
        except RuntimeError as error:
            print(f"{family} {i} {case.op}: {error}", file=sys.stderr)
            continue
        builder.add(f"c{i}", case)
        names = zip(alone.outputs, builder.outputs[-len(alone.outputs):])
        builder.results.update({new: results[old] for old, new in names})
    model = builder.model(builder.results)
    with open(os.path.join(HERE, family + ".pbtxt"), "w", encoding="ascii") as file:
        file.write(text(model))
        for k, (name, array) in enumerate(builder.inputs.items()):
            file.write(f"# input {k}\n" + text(tensor(name, array)))
        for k, name in enumerate(builder.outputs):
            file.write(f"# output {k}\n" + text(tensor(name, builder.results[name])))


def main(families):
    for family, (opset, listed) in cases.FAMILIES.items():
        if not families or family in families:
            make(family, opset, listed())


main(sys.argv[1:])
