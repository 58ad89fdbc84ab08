#!/usr/bin/python3
"""operators.py -- single operators with random shapes, types, attributes and opsets (operators_cases.py), on one and three devices, against ONNX Runtime.

operators.py [-n COUNT] [-s SEED] [KIND]...: COUNT (40) cases of each kind (all), the same each time; -l lists the kinds. Cases that ONNX Runtime
refuses are left out (VERBOSE=1 lists them); the others of an opset become one model. Outputs of one device must be within 1e-4 of the largest magnitude (integers
equal but for a few that round otherwise, float16 1e-2, float64 1e-9), those of three devices by rows equal byte for byte. What mednnc refuses is listed with its line. MEDNNC,
MEDNN_RUN, WORK (./bench-work/operators), CC, CFLAGS and NODE_PATH as for zoo.py. Exit status 1 when one disagrees."""
# SPDX-License-Identifier: MIT
import base64
import json
import os
import re
import subprocess
import sys

import numpy
import onnx
from onnx import helper, numpy_helper

import zoo
from operators_cases import KINDS, Draw, Fixed

NUMBERS = {"float32": 1, "uint8": 2, "int8": 3, "uint16": 4, "int16": 5, "int32": 6, "int64": 7, "bool": 9, "float16": 10, "float64": 11, "uint32": 12, "uint64": 13}


class Server:
    """ONNX Runtime in a process of its own, which may die of a model."""

    def __init__(self):
        self.process = None

    def run(self, path, feeds):
        """Outputs, or its words as a string."""
        if not self.process or self.process.poll() is not None:
            self.process = subprocess.Popen(["node", os.path.join(zoo.HERE, "../tests/opset24/onnxruntime.js")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        inputs = [{"name": n, "type": x.dtype.name, "dims": list(x.shape), "data": base64.b64encode(numpy.ascontiguousarray(x).tobytes()).decode()} for n, x in feeds.items()]
        try:
            self.process.stdin.write(json.dumps({"model": path, "inputs": inputs}) + "\n")
            self.process.stdin.flush()
            answer = json.loads(self.process.stdout.readline())
        except (BrokenPipeError, ValueError):
            self.process.wait()
            return "ONNX Runtime crashes"
        if "error" in answer:
            return answer["error"]
        return [numpy.frombuffer(base64.b64decode(o["data"]), zoo.TYPES[o["type"]]).reshape(o["dims"]) for o in answer]


class Node:
    """A case with its place in a model."""

    def __init__(self, kind, number, case):
        self.name, self.case = "%s_%d" % (kind, number), case
        self.feeds, self.held, names = {}, {}, []
        for i, value in enumerate(case.inputs):
            names.append("" if value is None else "%s.x%d" % (self.name, i))
            if isinstance(value, Fixed):
                self.held[names[-1]] = value.array
            elif value is not None:
                self.feeds[names[-1]] = value
        outer = ["%s.z%d" % (self.name, i) for i in range(len(case.outer))]
        self.feeds.update(zip(outer, case.outer))
        self.outputs = ["%s.y%d" % (self.name, k) for k in range(case.outputs)]
        self.node = helper.make_node(case.op, names, self.outputs, self.name, **{n: v(self.name, outer) if callable(v) else v for n, v in case.attributes.items()})
        self.expected = None

    def describe(self):
        what = ["-" if x is None else ("held " if isinstance(x, Fixed) else "") + "%s%s" % (a.dtype, list(a.shape)) + ("=%s" % a.tolist() if isinstance(x, Fixed) and a.size < 9 else "")
                for x in self.case.inputs for a in [x.array if isinstance(x, Fixed) else x]]
        return "%s opset %d (%s) %s" % (self.case.op, self.case.opset, ", ".join(what), {n: v for n, v in self.case.attributes.items() if not callable(v)})


def write(path, nodes):
    feeds, held, outputs = {}, {}, []
    for node in nodes:
        feeds.update(node.feeds)
        held.update(node.held)
        for k, name in enumerate(node.outputs):
            known = node.expected and node.expected[k]
            outputs.append(onnx.ValueInfoProto(name=name) if node.expected is None else helper.make_tensor_value_info(name, NUMBERS[known.dtype.name], known.shape))
    graph = helper.make_graph([n.node for n in nodes], "operators", [helper.make_tensor_value_info(n, NUMBERS[x.dtype.name], x.shape) for n, x in feeds.items()], outputs,
                              [numpy_helper.from_array(x, n) for n, x in held.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", nodes[0].case.opset)], ir_version=10), path)
    return feeds


# Which ONNX Runtime computes in float64 with constants of float32.
INEXACT = {"BlackmanWindow", "DFT", "Gelu", "HammingWindow", "HannWindow", "STFT"}


def differs(op, got, expected):
    """Why, or None. Where both round a half, they may do so differently."""
    if got.dtype == expected.dtype and got.shape == expected.shape and expected.dtype.itemsize == 1 and expected.dtype.kind in "iu" and expected.size:
        off = numpy.abs(got.astype(int) - expected.astype(int))
        if off.max() <= 1 and off.astype(bool).mean() <= 0.02:
            return None
    return zoo.distance(got, expected, 1e-6 if op in INEXACT else 1e-9)


def refusal(path, work):
    run = subprocess.run([zoo.setting("MEDNNC", "./mednnc"), path, "--quiet", "--devices", "1", "-o", work], capture_output=True, text=True)
    if run.returncode not in (0, 2):
        return "CRASH: status %d: %s" % (run.returncode, run.stderr.strip()[-300:])
    return None if not run.returncode else run.stderr.strip()


def judge(nodes, work, count):
    """Compiles nodes of one opset together, prints what is wrong; how many agree, are refused, are wrong."""
    path = work + "/model.onnx"
    count["refused"] += 0
    while nodes:
        write(path, nodes)
        why = refusal(path, work + "/one")
        if why is None:
            break
        named = re.search(r"'([a-z_]+_\d+)['.]", why)
        guilty = next((n for n in nodes if named and n.name == named.group(1)), None)
        if not guilty:
            guilty = next((n for n in nodes if write(path, [n]) is not None and refusal(path, work + "/one")), None)
            if not guilty:
                print("FAILED: together: " + why, flush=True)
                count["wrong"] += 1
                return
            print("UNNAMED: ", end="")
        print("%s: %s: %s" % ("CRASH" if why.startswith("CRASH") else "refused", guilty.describe(), why.split(": ", 2)[-1]), flush=True)
        count["wrong" if why.startswith("CRASH") else "refused"] += 1
        nodes = [n for n in nodes if n is not guilty]
    if not nodes:
        return
    feeds = write(path, nodes)
    files = []
    for i, x in enumerate(feeds.values()):
        files.append("%s/input.%d.npy" % (work, i))
        numpy.save(files[-1], x)
    one = zoo.compiled(path, work + "/one", 1, "single", files, [])
    three = zoo.compiled(path, work + "/three", 3, "rows", files, []) if not isinstance(one, str) else one
    if isinstance(one, str) or isinstance(three, str):
        if len(nodes) == 1:
            print("FAILED: %s: %s" % (nodes[0].describe(), one if isinstance(one, str) else "3 devices: " + three), flush=True)
            count["wrong"] += 1
        else:
            judge(nodes[: len(nodes) // 2], work, count)
            judge(nodes[len(nodes) // 2 :], work, count)
        return
    k = 0
    for node in nodes:
        why = None
        for i, expected in enumerate(node.expected):
            why = why or differs(node.case.op, one[k], expected) or ("three devices differ from one" if one[k].tobytes() != three[k].tobytes() else None)
            if why and "output" not in why:
                why = "output %d: %s" % (i, why)
            k += 1
        if why:
            print("FAILED: %s: %s: %s" % (node.name, node.describe(), why), flush=True)
        count["wrong" if why else "agree"] += 1


def option(words, name, otherwise):
    if name not in words:
        return otherwise
    at = words.index(name)
    value = int(words[at + 1])
    del words[at : at + 2]
    return value


def main(words):
    number, seed = option(words, "-n", 40), option(words, "-s", 1)
    if any(word.startswith("-") and word != "-l" for word in words):
        print(__doc__)
        return 2
    if "-l" in words:
        print("\n".join(KINDS))
        return 0
    work = os.path.abspath(zoo.setting("WORK", "bench-work/operators"))
    os.makedirs(work, exist_ok=True)
    zoo.find_onnxruntime()
    server, count = Server(), {"agree": 0, "refused": 0, "wrong": 0, "left out": 0}
    for kind in words or KINDS:
        groups = {}
        for i in range(number):
            node = Node(kind, i, KINDS[kind](Draw([seed, i, *kind.encode()])))
            feeds = write(work + "/model.onnx", [node])
            node.expected = server.run(work + "/model.onnx", feeds)
            if isinstance(node.expected, str):
                count["left out"] += 1
                if os.environ.get("VERBOSE"):
                    print("left out: %s: %s" % (node.describe(), node.expected[:200]))
                continue
            groups.setdefault(node.case.opset, []).append(node)
        for nodes in groups.values():
            judge(nodes, work, count)
        print("%s: %s so far" % (kind, ", ".join("%d %s" % (n, what) for what, n in count.items())), flush=True)
    return count["wrong"] > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
