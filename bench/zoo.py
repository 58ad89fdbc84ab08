#!/usr/bin/python3
"""zoo.py -- many small models as exporters write them, on one and on three devices, against ONNX Runtime.

zoo.py [-l] [PATTERN]...: models whose names match (all, but of the random graphs only ten). -l lists them. Outputs of one device must be within 1e-4 of the largest
magnitude, or of 1e-3 (integers equal, float16 1e-2, float64 1e-9), those of three devices, by rows, gtdp and auto, equal byte for byte. MEDNNC (./mednnc), MEDNN_RUN
(./mednn-run), WORK (./bench-work/zoo), PARTITIONS ("rows gtdp auto"), CC and CFLAGS ("-O1 -Wall -Wextra -Werror") can be set; NODE_PATH leads to onnxruntime-node (by default
install-onnxruntime.sh's). Models that ONNX Runtime refuses are left out with its reason. Exit status 1 when one disagrees.
PRUNE=F: models are pruned first, by `--prune F --prune-streams` without samples; the program of that command and those of the ONNX file that
it writes are compared with ONNX Runtime on that file."""
# SPDX-License-Identifier: MIT
import base64
import json
import os
import re
import subprocess
import sys
import warnings

import numpy
import onnx

HERE = os.path.dirname(os.path.abspath(__file__))
TYPES = {"float32": "f4", "float64": "f8", "float16": "f2", "bool": "?", "int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2",
         "int32": "i4", "uint32": "u4", "int64": "i8", "uint64": "u8"}


def setting(name, otherwise):
    return os.environ.get(name) or otherwise


def onnxruntime(path, names, inputs):
    """Outputs of ONNX Runtime, or its words as a string."""
    feeds = [{"name": name, "type": x.dtype.name, "dims": list(x.shape), "data": base64.b64encode(numpy.ascontiguousarray(x).tobytes()).decode()}
             for name, x in zip(names, inputs)]
    script = os.path.join(HERE, "../tests/opset24/onnxruntime.js")
    run = subprocess.run(["node", script, path], input=json.dumps(feeds), capture_output=True, text=True, env=os.environ)
    if run.returncode:
        return run.stderr.strip().split("\n")[-1][:200]
    return [numpy.frombuffer(base64.b64decode(o["data"]), TYPES[o["type"]]).reshape(o["dims"]) for o in json.loads(run.stdout)]


def distance(got, expected, doubles=1e-9):
    """Why they differ, or None. `doubles`: how far float64 may be off."""
    if got.shape != expected.shape or got.dtype != expected.dtype:
        return "%s %s, expected %s %s" % (got.dtype, got.shape, expected.dtype, expected.shape)
    if expected.dtype.kind != "f":
        return None if (got == expected).all() else "integers differ"
    a, b = got.astype("f8"), expected.astype("f8")
    finite = numpy.isfinite(b)
    if (numpy.isfinite(a) != finite).any() or not numpy.array_equal(a[~finite], b[~finite], equal_nan=True):
        return "infinities or NaNs differ"
    error = numpy.abs(a[finite] - b[finite]).max(initial=0) / max(numpy.abs(b)[finite].max(initial=0), 1e-3)
    return None if error <= {2: 1e-2, 4: 1e-4, 8: doubles}[expected.dtype.itemsize] else "off by %.2g of the largest" % error


def measured(command, work, inputs):
    """Outputs of the program that `command` writes into `work`, as arrays, or what went wrong as a string."""
    subprocess.run(["rm", "-rf", work, work + ".out"], check=True)
    environment = dict(os.environ, MAKEFLAGS="")
    steps = [command,
             ["make", "-s", "-C", work, "CFLAGS=" + setting("CFLAGS", "-O1 -Wall -Wextra -Werror")],
             [setting("MEDNN_RUN", "./mednn-run"), work, "--output-dir", work + ".out"] + [w for i in inputs for w in ("--input", i)]]
    for step in steps:
        run = subprocess.run(step, capture_output=True, text=True, env=environment)
        if run.returncode:
            lines = (run.stderr.strip() or "status %d" % run.returncode).split("\n")
            return next((line for line in lines if "error" in line), lines[-1])[:300]
    files = sorted(os.listdir(work + ".out"), key=lambda f: int(re.search(r"\d+", f).group()))
    return [numpy.load(os.path.join(work + ".out", f)) for f in files]


def compiled(path, work, devices, partition, inputs, options):
    return measured([setting("MEDNNC", "./mednnc"), path, "--quiet", "--devices", str(devices), "--partition", partition, "-o", work] + options, work, inputs)


def disagreement(got, expected):
    """What went wrong, or None; `got` may be that already."""
    if isinstance(got, str):
        return got
    for k, (a, b) in enumerate(zip(got, expected)):
        why = distance(a, b)
        if why:
            return "output %d: %s" % (k, why)
    return None


def pruned(path, names, inputs, files, options, work):
    """(the pruned model, what is left of it), or (None, what went wrong)."""
    command = [setting("MEDNNC", "./mednnc"), path, "--devices", "1", "-o", work + "/pruned", "--emit-onnx", work + "/pruned.onnx"] + options
    command += ["--prune", os.environ["PRUNE"], "--prune-streams"]
    got = measured(command, work + "/pruned", files)
    if isinstance(got, str):
        return None, got
    with open(work + "/pruned/report.xml", encoding="utf-8") as report:
        macs = re.search(r'<pruning [^>]*macs_before="(\d+)" macs_after="(\d+)"', report.read())
    left = "%s of %s MACs left" % (macs[2], macs[1]) if macs else "no MACs reported"
    expected = onnxruntime(work + "/pruned.onnx", names, inputs)
    why = expected if isinstance(expected, str) else disagreement(got, expected)
    return (None, "pruned, %s: %s" % (left, why)) if why else (work + "/pruned.onnx", left)


def verdict(name, path, inputs, options, work):
    model = onnx.load(path, load_external_data=False)
    constants = {i.name for i in model.graph.initializer}
    names = [i.name for i in model.graph.input if i.name not in constants]
    expected = onnxruntime(path, names, inputs)
    if isinstance(expected, str):
        return "left out: ONNX Runtime says: " + expected
    files = []
    for i, x in enumerate(inputs):
        files.append("%s/%s.%d.npy" % (work, name, i))
        numpy.save(files[-1], x)
    left = ""
    if "PRUNE" in os.environ:
        path, left = pruned(path, names, inputs, files, options, work)
        if not path:
            return "FAILED: " + left
        expected, left = onnxruntime(path, names, inputs), ", " + left
    one = compiled(path, work + "/one", 1, "single", files, options)
    why = disagreement(one, expected)
    if why:
        return "FAILED: " + why
    for partition in setting("PARTITIONS", "rows gtdp auto").split():
        three = compiled(path, work + "/three", 3, partition, files, options)
        if isinstance(three, str):
            return "FAILED on 3 devices by %s: %s" % (partition, three)
        for k, (a, b) in enumerate(zip(one, three)):
            if a.tobytes() != b.tobytes():
                return "FAILED: output %d of 3 devices by %s differs from 1 device" % (k, partition)
    return "agrees" + left


def torch_models(work):
    """name -> a function that writes the model: (path, inputs, options)."""
    import torch
    from zoo_networks import MODELS

    def write(name):
        function, options = MODELS[name]
        torch.manual_seed(7)
        module, example = function()
        example = example if isinstance(example, tuple) else (example,)
        path = "%s/%s.onnx" % (work, name)
        names = ["input_%d" % i for i in range(len(example))]
        options = {"opset_version": 17, **options}
        if "training" not in options:
            module.eval()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(module, example, path, input_names=names, **options)
        pins = []
        for i in options.get("dynamic_axes", {}):
            pins += ["--input-shape", "%s=%s" % (i, "x".join(map(str, example[names.index(i)].shape)))]
        return path, [x.detach().numpy() for x in example], pins

    return {name: (lambda name=name: write(name)) for name in MODELS}


def built_models(work):
    from zoo_built import MODELS

    def write(name):
        path = "%s/%s.onnx" % (work, name)
        return (path,) + MODELS[name](path)

    return {name: (lambda name=name: write(name)) for name in MODELS}


def find_onnxruntime():
    if "NODE_PATH" not in os.environ:
        folder = subprocess.run([os.path.join(HERE, "install-onnxruntime.sh")], capture_output=True, text=True, check=True).stdout.strip()
        os.environ["NODE_PATH"] = folder + "/node_modules"


def main(words):
    work = os.path.abspath(setting("WORK", "bench-work/zoo"))
    os.makedirs(work, exist_ok=True)
    find_onnxruntime()
    patterns = [w for w in words if not w.startswith("-")] or [""]
    models = built_models(work)
    if any(not p.startswith("fuzz") for p in patterns):
        models = {**torch_models(work), **models}
    chosen = [name for name in models if (patterns != [""] or not re.match("fuzz_..", name)) and any(re.search(p, name) for p in patterns)]
    if "-l" in words:
        print("\n".join(chosen))
        return 0
    failed = 0
    for name in chosen:
        try:
            written = models[name]()
        except Exception as error:  # an exporter's own refusal
            print("%s: left out: %s" % (name, str(error).strip().split("\n")[0][:160]), flush=True)
            continue
        result = verdict(name, *written, work)
        failed += result.startswith("FAILED")
        print("%s: %s" % (name, result), flush=True)
    print("%d models, %d failed" % (len(chosen), failed))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
