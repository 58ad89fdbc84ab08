"""zoo_built.py -- small models as other exporters write them, and random graphs, for zoo.py.

MODELS: name -> a function of the path that writes the model and returns its inputs and the options that mednnc needs. `fuzz_N` are
graphs of random operators with random attributes, the same each time."""
# SPDX-License-Identifier: MIT
import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper, shape_inference

MODELS = {}


def model(function):
    MODELS[function.__name__] = function
    return function


def numbers(seed, *shape):
    return numpy.random.default_rng(seed).standard_normal(shape).astype("f4")


def tensor(name, values):
    return numpy_helper.from_array(numpy.asarray(values), name)


def info(name, values):
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(values.dtype) if hasattr(helper, "np_dtype_to_tensor_dtype")
                                         else onnx.mapping.NP_TYPE_TO_TENSOR_TYPE[values.dtype], values.shape)


def constant(name, values):
    return helper.make_node("Constant", [], [name], value=tensor(name, values))


def save(path, nodes, inputs, outputs, initializers=(), opset=17, functions=(), imports=(), **more):
    """inputs: name -> example array; outputs: names. Their types are float, their shapes are left out."""
    graph = helper.make_graph(nodes, "g", [info(n, x) for n, x in inputs.items()],
                              [o if not isinstance(o, str) else helper.make_tensor_value_info(o, TensorProto.FLOAT, None) for o in outputs], list(initializers))
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset), *imports], functions=list(functions), ir_version=8 if opset < 18 else 10 if opset < 25 else 13)
    onnx.save(made, path, **more)
    return list(inputs.values()), []


node = helper.make_node


UINT4, INT4, UINT2, INT2 = 21, 22, 25, 26  # which onnx 1.12 does not know
BITS = {UINT4: 4, INT4: 4, UINT2: 2, INT2: 2}


def packed(name, values, kind, raw=True):
    """Integers of 4 or 2 bits, the first one lowest in its byte."""
    bits, flat = BITS[kind], numpy.asarray(values).astype(int).ravel()
    each = 8 // bits
    flat = numpy.concatenate([flat, numpy.zeros(-len(flat) % each, int)]) & (1 << bits) - 1
    data = sum(flat[i::each] << i * bits for i in range(each)).astype("u1")
    proto = TensorProto(name=name, dims=numpy.shape(values), data_type=kind)
    if raw:
        proto.raw_data = data.tobytes()
    else:
        proto.int32_data.extend(data.tolist())
    return proto


def integers(seed, low, high, *shape):
    return numpy.random.default_rng(seed).integers(low, high + 1, shape)


@model
def int4_perceptron(path):
    """Weights of 4 bits in blocks along the inputs, as quantisers of language models write them. The Negs keep ONNX Runtime from
    computing in 8 bits."""
    nodes = [node("DequantizeLinear", ["w", "s", "z"], ["f"], axis=0, block_size=8), node("Neg", ["f"], ["m"]), node("MatMul", ["x", "m"], ["h"]), node("Relu", ["h"], ["r"]),
             node("DequantizeLinear", ["w2", "s2"], ["f2"], axis=1), node("Neg", ["f2"], ["m2"]), node("Gemm", ["r", "m2"], ["y"])]
    held = [packed("w", integers(31, 0, 15, 64, 33), UINT4), tensor("s", abs(numbers(32, 8, 33)) / 8), packed("z", integers(33, 0, 15, 8, 33), UINT4),
            packed("w2", integers(34, -8, 7, 33, 7), INT4, raw=False), tensor("s2", abs(numbers(35, 7)) / 8)]
    return save(path, nodes, {"x": numbers(36, 3, 64)}, ["y"], held, opset=21)


@model
def int4_activations(path):
    """Activations in 4 bits, moved about before they are numbers again."""
    nodes = [node("QuantizeLinear", ["x", "s", "z"], ["q"]), node("Transpose", ["q"], ["t"], perm=[0, 2, 3, 1]), node("DequantizeLinear", ["t", "s", "z"], ["f"]),
             node("Cast", ["x"], ["c"], to=UINT4),
             node("Cast", ["c"], ["y1"], to=TensorProto.FLOAT), node("MatMul", ["f", "w"], ["y"])]
    held = [tensor("s", numpy.float32(0.3)), packed("z", numpy.int64(-1), INT4), tensor("w", numbers(38, 4, 9))]
    return save(path, nodes, {"x": numbers(37, 2, 4, 5, 6)}, ["y", "y1"], held, opset=21)


@model
def int4_convolution(path):
    """Filters of 4 bits with a scale each, and of 2 bits."""
    nodes = [node("DequantizeLinear", ["w", "s"], ["f"], axis=0), node("Conv", ["x", "f"], ["h"], pads=[1, 1, 1, 1]), node("Relu", ["h"], ["r"]),
             node("DequantizeLinear", ["w2", "s2", "z2"], ["f2"], axis=0), node("Conv", ["r", "f2"], ["y"])]
    held = [packed("w", integers(41, -8, 7, 20, 3, 3, 3), INT4), tensor("s", abs(numbers(42, 20)) / 8), packed("w2", integers(43, 0, 3, 5, 20, 1, 1), UINT2),
            tensor("s2", abs(numbers(44, 5))), packed("z2", integers(45, 0, 3, 5), UINT2)]
    return save(path, nodes, {"x": numbers(46, 1, 3, 9, 8)}, ["y"], held, opset=25)


@model
def keras_cnn(path):
    """NHWC with Transposes, weights as Constant nodes, chains of Identity, a Reshape whose shape is computed."""
    x = numbers(1, 1, 12, 10, 3)
    nodes = [node("Transpose", ["x"], ["t0"], perm=[0, 3, 1, 2]), constant("w", numbers(2, 8, 3, 3, 3)), constant("b", numbers(3, 8)),
             node("Identity", ["w"], ["w1"]), node("Identity", ["w1"], ["w2"]),
             node("Conv", ["t0", "w2", "b"], ["t1"], auto_pad="SAME_UPPER", strides=[2, 2]), node("Transpose", ["t1"], ["n1"], perm=[0, 2, 3, 1]),
             node("Relu", ["n1"], ["r1"]), constant("scale", numbers(4, 8)), node("Mul", ["r1", "scale"], ["m1"]), node("Transpose", ["m1"], ["t2"], perm=[0, 3, 1, 2]),
             node("MaxPool", ["t2"], ["p"], auto_pad="SAME_LOWER", kernel_shape=[3, 3], strides=[2, 2]), node("Transpose", ["p"], ["n2"], perm=[0, 2, 3, 1]),
             node("Shape", ["n2"], ["s"]), constant("zero", numpy.array([0])), constant("one", numpy.array([1])), node("Slice", ["s", "zero", "one", "zero"], ["batch"]),
             constant("rest", numpy.array([-1])), node("Concat", ["batch", "rest"], ["to"], axis=0), node("Reshape", ["n2", "to"], ["flat"]),
             constant("d", numbers(5, 72, 4)), node("MatMul", ["flat", "d"], ["y0"]), constant("db", numbers(6, 4)), node("Add", ["y0", "db"], ["y1"]), node("Softmax", ["y1"], ["y"], axis=-1)]
    return save(path, nodes, {"x": x}, ["y"])


@model
def keras_depthwise(path):
    x = numbers(1, 1, 9, 8, 4)
    nodes = [node("Transpose", ["x"], ["t"], perm=[0, 3, 1, 2]), node("Pad", ["t", "pads", "zero"], ["p"]), node("Conv", ["p", "w"], ["c"], group=4, strides=[2, 2]),
             node("BatchNormalization", ["c", "g", "b", "m", "v"], ["n"], epsilon=1e-3), node("Clip", ["n", "", "six"], ["r"]), node("Conv", ["r", "w2"], ["c2"]),
             node("GlobalAveragePool", ["c2"], ["a"]), node("Squeeze", ["a", "axes"], ["y"])]
    return save(path, nodes, {"x": x}, ["y"],
                [tensor("pads", numpy.array([0, 0, 0, 0, 0, 0, 1, 1])), tensor("zero", numpy.float32(0)), tensor("w", numbers(2, 4, 1, 3, 3)), tensor("g", numbers(3, 4)),
                 tensor("b", numbers(4, 4)), tensor("m", numbers(5, 4)), tensor("v", numpy.abs(numbers(6, 4)) + 0.5), tensor("six", numpy.float32(6)), tensor("w2", numbers(7, 6, 4, 1, 1)),
                 tensor("axes", numpy.array([2, 3]))])


@model
def sklearn_pipeline(path):
    x = numbers(1, 3, 6)
    nodes = [node("Sub", ["x", "mean"], ["c"]), node("Div", ["c", "scale"], ["s"]), node("Gemm", ["s", "w", "b"], ["h"], transB=1), node("Tanh", ["h"], ["t"]),
             node("MatMul", ["t", "v"], ["l0"]), node("Add", ["l0", "vb"], ["l"]), node("ArgMax", ["l"], ["label"], axis=1, keepdims=0), node("Softmax", ["l"], ["p"], axis=1),
             node("Cast", ["label"], ["i"], to=TensorProto.INT32), node("Gather", ["classes", "i"], ["class"], axis=0), node("ReduceMax", ["p"], ["most"], axes=[1], keepdims=1),
             node("Equal", ["p", "most"], ["e"]), node("Cast", ["e"], ["onehot"], to=TensorProto.FLOAT)]
    return save(path, nodes, {"x": x}, ["p", "onehot", helper.make_tensor_value_info("class", TensorProto.INT64, None)],
                [tensor("mean", numbers(2, 6)), tensor("scale", numpy.abs(numbers(3, 6)) + 0.5), tensor("w", numbers(4, 8, 6)), tensor("b", numbers(5, 8)), tensor("v", numbers(6, 8, 3)),
                 tensor("vb", numbers(7, 3)), tensor("classes", numpy.array([10, 20, 30]))])


@model
def external_data(path):
    nodes = [node("Conv", ["x", "w", "b"], ["c"], pads=[1, 1, 1, 1]), node("Relu", ["c"], ["r"]), node("Flatten", ["r"], ["f"]), node("MatMul", ["f", "m"], ["y"])]
    return save(path, nodes, {"x": numbers(1, 1, 3, 8, 8)}, ["y"], [tensor("w", numbers(2, 6, 3, 3, 3)), tensor("b", numbers(3, 6)), tensor("m", numbers(4, 384, 5))],
                save_as_external_data=True, all_tensors_to_one_file=True, location=path.rsplit("/", 1)[1] + ".data", size_threshold=0)


def referring(op, inputs, outputs, **references):
    made = node(op, inputs, outputs)
    for name, (refers, kind) in references.items():
        made.attribute.append(onnx.AttributeProto(name=name, ref_attr_name=refers, type=kind))
    return made


@model
def functions_with_attributes(path):
    """A function that calls another one and hands its attributes on."""
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
    inner = helper.make_function("local", "Scaled", ["a", "b"], ["c"], [referring("Gemm", ["a", "b"], ["c"], alpha=("factor", onnx.AttributeProto.FLOAT), transB=("turned", onnx.AttributeProto.INT))],
                                 imports, attributes=["factor", "turned"])
    outer = helper.make_function("local", "Layer", ["x", "w", "s"], ["y"],
                                 [referring("Scaled", ["x", "w"], ["h"], factor=("gain", onnx.AttributeProto.FLOAT), turned=("turned", onnx.AttributeProto.INT)), node("Add", ["h", "s"], ["i"]), referring("LeakyRelu", ["i"], ["y"], alpha=("slope", onnx.AttributeProto.FLOAT))],
                                 imports, attributes=["gain", "turned", "slope"])
    outer.node[0].domain = "local"
    nodes = [node("Layer", ["x", "w", "s"], ["h"], domain="local", gain=0.5, turned=1, slope=0.1), node("Layer", ["h", "v", "s"], ["y"], domain="local", gain=2.0, turned=0, slope=0.3)]
    return save(path, nodes, {"x": numbers(1, 2, 6)}, ["y"], [tensor("w", numbers(2, 8, 6)), tensor("v", numbers(3, 8, 8)), tensor("s", numbers(4, 8))], functions=[inner, outer], imports=[imports[1]])


def graph(name, nodes, inputs, outputs, initializers=()):
    kinds = {"b": TensorProto.BOOL, "i": TensorProto.INT64, "f": TensorProto.FLOAT}
    values = lambda names: [helper.make_tensor_value_info(n, kinds[k], s) for n, k, s in names]
    return helper.make_graph(nodes, name, values(inputs), values(outputs), list(initializers))


@model
def nested_branches(path):
    """An If in an If, both of which read tensors of the graph around them."""
    inner_then = graph("it", [node("Add", ["x", "k"], ["i1"])], [], [("i1", "f", [2, 4])])
    inner_else = graph("ie", [node("Sub", ["h", "x"], ["i2"])], [], [("i2", "f", [2, 4])])
    then = graph("t", [node("Mul", ["x", "x"], ["h"]), node("ReduceSum", ["h"], ["q"], keepdims=0), node("Less", ["q", "limit"], ["d"]), node("If", ["d"], ["o"], then_branch=inner_then, else_branch=inner_else)], [], [("o", "f", [2, 4])])
    other = graph("e", [node("Neg", ["x"], ["n"])], [], [("n", "f", [2, 4])])
    nodes = [node("ReduceSum", ["x"], ["s"], keepdims=0), node("Greater", ["s", "nought"], ["c"]), node("If", ["c"], ["y"], then_branch=then, else_branch=other), node("Relu", ["y"], ["z"])]
    return save(path, nodes, {"x": numbers(5, 2, 4)}, ["z", "y"], [tensor("k", numbers(2, 4)), tensor("limit", numpy.float32(7)), tensor("nought", numpy.float32(0))])


@model
def loop_with_scan_outputs(path):
    body = graph("body", [node("Add", ["s", "x"], ["s2"]), node("Tanh", ["s2"], ["o"]), node("Identity", ["c"], ["c2"])], [("i", "i", []), ("c", "b", []), ("s", "f", [2, 3])], [("c2", "b", []), ("s2", "f", [2, 3]), ("o", "f", [2, 3])])
    nodes = [node("Loop", ["n", "", "x"], ["last", "all"], body=body)]
    return save(path, nodes, {"x": numbers(1, 2, 3)}, ["last", "all"], [tensor("n", numpy.array(4))])


@model
def loop_that_stops(path):
    body = graph("body", [node("Mul", ["s", "two"], ["s2"]), node("ReduceMax", ["s2"], ["m"], keepdims=0), node("Less", ["m", "limit"], ["c2"])], [("i", "i", []), ("c", "b", []), ("s", "f", [2, 3])], [("c2", "b", []), ("s2", "f", [2, 3])])
    nodes = [node("Loop", ["n", "yes", "x"], ["y"], body=body)]
    return save(path, nodes, {"x": numbers(1, 2, 3)}, ["y"], [tensor("n", numpy.array(9)), tensor("two", numpy.float32(2)), tensor("limit", numpy.float32(20)), tensor("yes", numpy.array(True))])


@model
def scan_cumulates(path):
    body = graph("body", [node("Add", ["s", "e"], ["s2"]), node("Mul", ["s2", "e"], ["o"])], [("s", "f", [3]), ("e", "f", [3])], [("s2", "f", [3]), ("o", "f", [3])])
    return save(path, [node("Scan", ["z", "x"], ["last", "y"], body=body, num_scan_inputs=1)], {"x": numbers(1, 5, 3)}, ["last", "y"], [tensor("z", numpy.zeros(3, "f4"))])


@model
def quantized_conv(path):
    nodes = [node("QuantizeLinear", ["x", "xs", "xz"], ["q"]), node("DequantizeLinear", ["q", "xs", "xz"], ["d"]), node("DequantizeLinear", ["w", "ws", "wz"], ["dw"], axis=0), node("Conv", ["d", "dw", "b"], ["c"], pads=[1, 1, 1, 1]),
             node("Relu", ["c"], ["y"])]
    return save(path, nodes, {"x": numbers(1, 1, 3, 8, 7)}, ["y"],
                [tensor("xs", numpy.float32(0.03)), tensor("xz", numpy.uint8(128)), tensor("w", numpy.random.default_rng(3).integers(-127, 127, (5, 3, 3, 3)).astype("i1")), tensor("ws", numpy.abs(numbers(4, 5)) * 0.01 + 0.003),
                 tensor("wz", numpy.zeros(5, "i1")), tensor("b", numbers(5, 5))])


@model
def lstm_keras(path):
    """Reversed and forward, layout and lengths as tf2onnx writes them, states and peepholes absent as empty names."""
    x = numbers(1, 1, 5, 6)
    nodes = [node("Transpose", ["x"], ["t"], perm=[1, 0, 2]), node("LSTM", ["t", "w", "r", "b", "", "h", "c"], ["y", "yh", "yc"], direction="bidirectional", hidden_size=40), node("Transpose", ["yh"], ["last"], perm=[1, 0, 2]),
             node("Flatten", ["last"], ["f"]), node("GRU", ["t", "gw", "gr", "gb", "n"], ["g", ""], hidden_size=20, direction="reverse", linear_before_reset=1, activations=["Sigmoid", "Relu"]), node("ReduceMean", ["g"], ["m"], axes=[0, 1])]
    return save(path, nodes, {"x": x}, ["f", "m"], [tensor("w", numbers(2, 2, 160, 6) * 0.3), tensor("r", numbers(3, 2, 160, 40) * 0.2), tensor("b", numbers(4, 2, 320) * 0.1), tensor("h", numbers(5, 2, 1, 40)), tensor("c", numbers(6, 2, 1, 40)),
                tensor("gw", numbers(7, 1, 60, 6) * 0.3), tensor("gr", numbers(8, 1, 60, 20) * 0.2), tensor("gb", numbers(9, 1, 120) * 0.1), tensor("n", numpy.array([4], "i4"))])


def of_type(path, kind, dtype):
    """Layers in another floating-point type."""
    typed = lambda name: helper.make_tensor_value_info(name, kind, None)
    nodes = [node("MatMul", ["x", "w"], ["m"]), node("Add", ["m", "b"], ["a"]), node("Tanh", ["a"], ["t"]), node("LayerNormalization", ["t", "g"], ["n"]), node("Softmax", ["n"], ["s"]),
             node("ReduceMean", ["n"], ["r"], axes=[1], keepdims=0), node("Transpose", ["n"], ["p"], perm=[1, 0])]
    return save(path, nodes, {"x": numbers(1, 3, 6).astype(dtype)}, [typed("s"), typed("r"), typed("p")],
                [tensor("w", numbers(2, 6, 8).astype(dtype)), tensor("b", numbers(3, 8).astype(dtype)), tensor("g", numbers(4, 8).astype(dtype))])


@model
def halves(path):
    return of_type(path, TensorProto.FLOAT16, "f2")


@model
def doubles_built(path):
    return of_type(path, TensorProto.DOUBLE, "f8")


# ---- random graphs ----


class Fuzz:
    """Grows a graph, node by node; shapes come from onnx.shape_inference."""

    def __init__(self, seed):
        self.random = numpy.random.default_rng(seed)
        self.nodes, self.constants, self.shape = [], [], {}
        self.read = set()

    def pick(self, *of):
        return of[self.random.integers(len(of))]

    def some(self, *ranks):
        """The name of a tensor of one of these ranks, later ones rather than early ones."""
        names = [n for n in self.shape if not ranks or len(self.shape[n]) in ranks]
        if not names:
            return None
        return names[-1 - int(min(self.random.exponential(2), len(names) - 1))]

    def number(self, values):
        name = "c%d" % len(self.constants)
        self.constants.append(tensor(name, values))
        return name

    def weights(self, *shape):
        scale = 1 / max(1, int(numpy.prod(shape[1:]))) ** 0.5
        return self.number((self.random.standard_normal(shape) * scale).astype("f4"))

    def integers(self, *values):
        return self.number(numpy.array(values, "i8"))

    def add(self, op, inputs, outputs=1, **attributes):
        names = ["t%d" % (len(self.shape) + k) for k in range(outputs)]
        made = node(op, inputs, names, **attributes)
        known = [helper.make_tensor_value_info(n, TensorProto.FLOAT, self.shape[n]) for n in inputs if n in self.shape]
        small = helper.make_model(helper.make_graph([made], "g", known, [helper.make_tensor_value_info(names[0], TensorProto.FLOAT, None)], [c for c in self.constants if c.name in inputs]), opset_imports=[helper.make_opsetid("", 17)])
        try:
            inferred = shape_inference.infer_shapes(small, strict_mode=True, data_prop=True)
        except Exception:
            return
        kind = inferred.graph.output[0].type.tensor_type
        dims = [d.dim_value if d.HasField("dim_value") else -1 for d in kind.shape.dim]
        if kind.elem_type != TensorProto.FLOAT or any(d < 1 for d in dims) or not 0 < numpy.prod(dims) <= 20000 or len(dims) > 5:
            return
        self.nodes.append(made)
        self.shape[names[0]] = dims
        self.read.update(inputs)


def unary(z):
    op = z.pick("Relu", "Sigmoid", "Tanh", "Abs", "Neg", "Softplus", "Elu", "Selu", "HardSigmoid", "HardSwish", "Erf", "Sin", "Cos", "Atan", "Floor", "Ceil", "Round", "Sign", "Softsign", "LeakyRelu", "ThresholdedRelu", "Celu", "Identity", "Reciprocal")
    if op == "Reciprocal":
        z.add("Softplus", [z.some()])
    z.add(op, [list(z.shape)[-1] if op == "Reciprocal" else z.some()])


def binary(z):
    a = z.some()
    shape = list(z.shape[a])[int(z.random.integers(len(z.shape[a]) + 1)):]
    shape = [1 if z.random.random() < 0.3 else d for d in shape]
    other = next((n for n in reversed(z.shape) if n != a and z.shape[n] == z.shape[a]), None)
    b = other if other and z.random.random() < 0.5 else z.weights(*shape)
    op = z.pick("Add", "Mul", "Sub", "Max", "Min", "PRelu")
    z.add(op, [a, b] if op == "PRelu" or z.random.random() < 0.5 else [b, a])


def convolution(z):
    x = z.some(3, 4, 5)
    if not x:
        return
    shape = z.shape[x]
    axes, c, group = len(shape) - 2, shape[1], 1
    group = z.pick(*[g for g in range(1, c + 1) if c % g == 0])
    m = group * int(z.random.integers(1, 4))
    kernel = [int(z.random.integers(1, 5)) for _ in range(axes)]
    strides, dilations = [z.pick(1, 1, 2, 3) for _ in kernel], [z.pick(1, 1, 2) for _ in kernel]
    more = {"pads": [int(z.random.integers(0, 3)) for _ in range(2 * axes)]} if z.random.random() < 0.7 else {"auto_pad": z.pick("SAME_UPPER", "SAME_LOWER", "VALID")}
    if "auto_pad" in more:
        dilations = [1] * axes
    bias = [z.weights(m)] if z.random.random() < 0.6 else []
    z.add("Conv", [x, z.weights(m, c // group, *kernel)] + bias, group=group, strides=strides, dilations=dilations, **more)


def transposed(z):
    x = z.some(3, 4)
    if not x:
        return
    shape = z.shape[x]
    axes, c = len(shape) - 2, shape[1]
    group = z.pick(*[g for g in range(1, c + 1) if c % g == 0])
    kernel, strides = [int(z.random.integers(1, 5)) for _ in range(axes)], [z.pick(1, 2, 3) for _ in range(axes)]
    z.add("ConvTranspose", [x, z.weights(c, int(z.random.integers(1, 4)), *kernel)], group=group, strides=strides, output_padding=[int(z.random.integers(s)) for s in strides],
          pads=[int(z.random.integers(0, min(2, k))) for k in kernel] * 2)


def pool(z):
    x = z.some(3, 4, 5)
    if not x:
        return
    axes = len(z.shape[x]) - 2
    kernel = [int(z.random.integers(1, 4)) for _ in range(axes)]
    op = z.pick("MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "LpPool")
    more = {}
    if not op.startswith("Global"):
        if any(k > d for k, d in zip(kernel, z.shape[x][2:])): # perhaps larger than the padded input
            return
        more = {"kernel_shape": kernel, "strides": [z.pick(1, 2) for _ in kernel], "pads": [int(z.random.integers(k)) for k in kernel + kernel]}
    if op in ("MaxPool", "AveragePool"):
        more["ceil_mode"] = z.pick(0, 0, 1)
    if op == "AveragePool":
        more["count_include_pad"] = z.pick(0, 1)
    z.add(op, [x], **more)


def matrix(z):
    x = z.some(2, 3, 4)
    if x:
        last = z.shape[x][-1]
        if len(z.shape[x]) == 2 and z.random.random() < 0.5:
            m, turned = int(z.random.integers(1, 40)), z.pick(0, 1)
            z.add("Gemm", [x, z.weights(*((m, last) if turned else (last, m))), z.weights(m)], transB=turned, alpha=0.7, beta=1.3)
        else:
            z.add("MatMul", [x, z.weights(last, int(z.random.integers(1, 40)))])


def normalization(z):
    x = z.some(3, 4)
    if not x:
        return
    c = z.shape[x][1]
    op = z.pick("BatchNormalization", "InstanceNormalization", "LayerNormalization", "LRN", "MeanVarianceNormalization")
    if op == "BatchNormalization":
        z.add(op, [x, z.weights(c), z.weights(c), z.weights(c), z.number(numpy.abs(z.random.standard_normal(c)).astype("f4") + 0.5)])
    elif op == "InstanceNormalization":
        z.add(op, [x, z.weights(c), z.weights(c)], epsilon=1e-2)
    elif op == "LayerNormalization": # what is constant is normalised to noise
        z.add("Add", [x, z.weights(*z.shape[x])])
        x = list(z.shape)[-1]
        axis = int(z.random.integers(1, len(z.shape[x])))
        z.add(op, [x, z.weights(*z.shape[x][axis:])], axis=axis, epsilon=1e-2)
    elif len(z.shape[x]) == 4 and op == "LRN":
        z.add(op, [x], size=3)
    elif len(z.shape[x]) == 4 and numpy.prod(z.shape[x]) > c:
        z.add("Add", [x, z.weights(*z.shape[x])]) # of what is constant ONNX Runtime makes 0 / 0
        z.add(op, [list(z.shape)[-1]])


def reduction(z):
    x = z.some()
    rank = len(z.shape[x])
    axes = sorted(set(int(a) for a in z.random.integers(0, max(rank, 1), 2)))
    op = z.pick("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceLogSumExp", "ReduceSumSquare")
    if rank and op == "ReduceSum":
        z.add(op, [x, z.integers(*axes)], keepdims=z.pick(0, 1))
    elif rank:
        z.add(op, [x], axes=axes, keepdims=z.pick(0, 1))


def softmax(z):
    x = z.some(1, 2, 3, 4)
    if x:
        z.add(z.pick("Softmax", "LogSoftmax", "Hardmax"), [x], axis=int(z.random.integers(-len(z.shape[x]), len(z.shape[x]))))


def movement(z):
    x = z.some(2, 3, 4)
    if not x:
        return
    shape = z.shape[x]
    rank = len(shape)
    axis = int(z.random.integers(rank))
    what = z.random.integers(9)
    if what == 0:
        z.add("Transpose", [x], perm=[int(p) for p in z.random.permutation(rank)])
    elif what == 1:
        step = z.pick(1, 2, -1)
        z.add("Slice", [x, z.integers(*([-1] if step < 0 else [int(z.random.integers(shape[axis]))])), z.integers(-(1 << 40) if step < 0 else 1 << 40), z.integers(axis), z.integers(step)])
    elif what == 2:
        mode = z.pick("constant", "reflect", "edge")
        z.add("Pad", [x, z.integers(*[int(z.random.integers(min(3, d))) if mode == "reflect" else int(z.random.integers(3)) for d in shape + shape])] + ([z.number(numpy.float32(0.3))] if mode == "constant" else []), mode=mode)
    elif what == 3:
        z.add("Concat", [x, x if z.random.random() < 0.5 else z.weights(*shape), x], axis=axis)
    elif what == 4:
        z.add("Gather", [x, z.integers(*[int(i) for i in z.random.integers(-shape[axis], shape[axis], 3)])], axis=axis)
    elif what == 5:
        z.add("Reshape", [x, z.integers(*z.pick([-1, shape[-1]], [shape[0], -1], [0, -1], [1, shape[0], -1, 1]))])
    elif what == 6:
        z.add("Tile", [x, z.integers(*[z.pick(1, 1, 2) for _ in shape])])
    elif what == 7:
        z.add("Expand", [x, z.integers(2, *shape)])
    else:
        z.add("CumSum", [x, z.number(numpy.int64(axis))], exclusive=z.pick(0, 1), reverse=z.pick(0, 1))


def resize(z):
    x = z.some(4)
    if x:
        mode = z.pick("nearest", "linear", "cubic")
        more = {"nearest_mode": z.pick("floor", "ceil", "round_prefer_floor", "round_prefer_ceil")} if mode == "nearest" else {}
        how = z.pick("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel")
        if z.random.random() < 0.5:
            rows, columns = z.pick(2, 0.5, 1.5), z.pick(2, 3)
            if how == "align_corners" and rows * z.shape[x][2] % 1: # ONNX's own tests take the length before it is rounded, ONNX Runtime the one after
                return
            z.add("Resize", [x, "", z.number(numpy.array([1, 1, rows, columns], "f4"))], mode=mode, coordinate_transformation_mode=how, **more)
        else:
            z.add("Resize", [x, "", "", z.integers(*z.shape[x][:2], int(z.random.integers(1, 20)), int(z.random.integers(1, 20)))], mode=mode, coordinate_transformation_mode=how, **more)


def spaces(z):
    x = z.some(4)
    if x:
        if z.shape[x][1] % 4 == 0:
            z.add("DepthToSpace", [x], blocksize=2, mode=z.pick("DCR", "CRD"))
        elif z.shape[x][2] % 2 == 0 and z.shape[x][3] % 2 == 0:
            z.add("SpaceToDepth", [x], blocksize=2)


def choice(z):
    a = z.some()
    values = z.random.random(z.shape[a]) < 0.5
    z.add("Where", [z.number(values), a, z.weights(*([1] * len(z.shape[a])))])


def clipped(z):
    z.add("Clip", [z.some(), z.number(numpy.float32(-0.6))] + ([z.number(numpy.float32(0.9))] if z.random.random() < 0.7 else []))


def product(z):
    x = z.some(4)
    if x:
        z.add("Einsum", [x, z.weights(z.shape[x][1], 5)], equation="abcd,be->aecd")


KINDS = [unary, unary, binary, binary, convolution, convolution, transposed, pool, matrix, normalization, reduction, softmax, movement, movement, resize, spaces, choice, clipped, product]


def fuzz(seed, path):
    z = Fuzz(seed)
    inputs = {}
    for i, shape in enumerate([(1, int(z.random.integers(1, 20)), int(z.random.integers(4, 16)), int(z.random.integers(4, 16))), (2, 7, 9), (5, 12)]):
        inputs["x%d" % i] = numbers(seed * 10 + i, *shape)
        z.shape["x%d" % i] = list(shape)
    for _ in range(60):
        KINDS[z.random.integers(len(KINDS))](z)
        if len(z.nodes) >= 24:
            break
    outputs = [n for made in z.nodes for n in made.output[:1] if n not in z.read]
    used = {n for made in z.nodes for n in made.input}
    inputs = {n: x for n, x in inputs.items() if n in used}
    return save(path, z.nodes, inputs, [helper.make_tensor_value_info(n, TensorProto.FLOAT, z.shape[n]) for n in outputs], [c for c in z.constants if c.name in used])


for _seed in range(200):
    MODELS["fuzz_%d" % _seed] = lambda path, seed=_seed: fuzz(seed, path)
