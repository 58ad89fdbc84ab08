"""operators_cases.py -- single nodes with random shapes, types, attributes and opsets, for operators.py. KINDS: name -> a function of a Draw
that returns a Case."""
# SPDX-License-Identifier: MIT
import numpy
from onnx import TensorProto, helper, numpy_helper

F4, F8, F2 = numpy.float32, numpy.float64, numpy.float16
I8, I4, I2, I1 = numpy.int64, numpy.int32, numpy.int16, numpy.int8
U8, U4, U2, U1 = numpy.uint64, numpy.uint32, numpy.uint16, numpy.uint8


class Fixed:
    """An input that the model holds."""

    def __init__(self, values, dtype=I8):
        self.array = numpy.array(values, dtype)


class Case:
    """A node. Attributes may be functions of the node's name and the names of the tensors `outer`, which make graphs that read these."""

    outer = ()

    def __init__(self, opset, op, inputs, outputs=1, **attributes):
        while inputs and inputs[-1] is None:
            inputs = inputs[:-1]
        self.opset, self.op, self.inputs, self.outputs = opset, op, inputs, outputs
        self.attributes = {name: value for name, value in attributes.items() if value is not None}


class Draw:
    """Random numbers of one case."""

    def __init__(self, seed):
        self.random = numpy.random.default_rng(seed)

    def pick(self, *of):
        return of[self.random.integers(len(of))]

    def chance(self, p=0.5):
        return self.random.random() < p

    def int(self, low, high):
        return int(self.random.integers(low, high + 1))

    def maybe(self, value, p=0.5):
        return value if self.chance(p) else None

    def shape(self, low=0, high=4, zero=0.04):
        return [0 if self.chance(zero) else self.int(1, 6) for _ in range(self.int(low, high))]

    def values(self, shape, dtype=F4, low=-2, high=2):
        if dtype == bool:
            return self.random.random(shape) < 0.5
        if numpy.dtype(dtype).kind == "u":
            return self.random.integers(0, 40, shape).astype(dtype)
        if numpy.dtype(dtype).kind == "i":
            return self.random.integers(-40, 40, shape).astype(dtype)
        return numpy.asarray(self.random.uniform(low, high, shape)).astype(dtype)

    def held(self, array, p=0.5):
        """Fed or in the model."""
        return Fixed(array, array.dtype) if self.chance(p) else array

    def axis(self, rank):
        return self.int(-rank, rank - 1)

    def broadcast(self, shape):
        """Another shape that broadcasts to this one."""
        shape = list(shape)[self.int(0, len(shape)):]
        return [1 if self.chance(0.3) else d for d in shape]


KINDS = {}


def kind(function):
    KINDS[function.__name__] = function
    return function


# ---- element by element ----

UNARY = {"Abs": "fi", "Neg": "f", "Ceil": "f", "Floor": "f", "Round": "f", "Sqrt": "f", "Exp": "f", "Log": "f", "Sin": "f", "Cos": "f", "Tan": "f",
         "Asin": "f", "Acos": "f", "Atan": "f", "Sinh": "f", "Cosh": "f", "Asinh": "f", "Acosh": "f", "Atanh": "f", "Erf": "f", "Reciprocal": "f", "Sign": "fi",
         "Relu": "f", "Sigmoid": "f", "Tanh": "f", "Softplus": "f", "Softsign": "f", "Elu": "f", "Selu": "f", "Celu": "f", "LeakyRelu": "f", "ThresholdedRelu": "f",
         "HardSigmoid": "f", "HardSwish": "f", "Shrink": "f", "Gelu": "f", "Mish": "f", "Identity": "fi", "IsNaN": "f", "IsInf": "f", "Not": "b", "BitwiseNot": "i", "Swish": "f"}
FIRST = {"Round": 11, "Celu": 12, "HardSwish": 14, "Shrink": 9, "Gelu": 20, "Mish": 18, "IsNaN": 20, "IsInf": 20, "BitwiseNot": 18, "Swish": 24, "Sinh": 9, "Cosh": 9,
         "Asinh": 9, "Acosh": 9, "Atanh": 9, "Erf": 9, "Sign": 9, "ThresholdedRelu": 10}


@kind
def unary(z):
    op = z.pick(*UNARY)
    what = z.pick(*UNARY[op])
    dtype = {"f": z.pick(F4, F4, F8, F2), "i": z.pick(I1, I4, I8, I2, U1), "b": bool}[what]
    opset = z.int(max(FIRST.get(op, 7), 7), 23) if op != "Swish" else 24
    low, high = {"Log": (0.1, 4), "Sqrt": (0, 4), "Acosh": (1, 4), "Asin": (-1, 1), "Acos": (-1, 1), "Atanh": (-0.9, 0.9), "Tan": (-1, 1)}.get(op, (-3, 3))
    attributes = {"Elu": {"alpha": 0.7}, "Selu": {"alpha": 1.2, "gamma": 1.1}, "Celu": {"alpha": 1.4}, "LeakyRelu": {"alpha": 0.2}, "ThresholdedRelu": {"alpha": 0.6},
                  "HardSigmoid": {"alpha": 0.3, "beta": 0.4}, "Shrink": {"lambd": 0.7, "bias": 0.2}, "Gelu": {"approximate": "tanh"}, "Swish": {"alpha": 0.7},
                  "IsInf": {"detect_negative": 0}}.get(op, {}) if z.chance() else {}
    x = z.values(z.shape(), dtype, low, high)
    if op in ("IsNaN", "IsInf") and x.size:
        x.flat[0], x.flat[-1] = numpy.nan, -numpy.inf
    return Case(opset, op, [x], **attributes)


@kind
def binary(z):
    op = z.pick("Add", "Sub", "Mul", "Div", "Pow", "Mod", "PRelu", "Min", "Max", "Sum", "Mean", "And", "Or", "Xor", "Equal", "Less", "Greater", "LessOrEqual",
                "GreaterOrEqual", "BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "Where")
    shape = z.shape()
    first = {"Mod": 10, "LessOrEqual": 12, "GreaterOrEqual": 12, "BitShift": 11, "BitwiseAnd": 18, "BitwiseOr": 18, "BitwiseXor": 18, "Where": 9, "Equal": 7, "Min": 13, "Max": 13}.get(op, 7)
    opset = z.int(first, 23)
    shapes = [shape, z.broadcast(shape)]
    if z.chance() and op not in ("PRelu",):
        shapes.reverse()
    dtype = z.pick(F4, F4, F8, F2, I4, I8)
    attributes = {}
    if op in ("Sum", "Mean", "PRelu", "Pow"):
        dtype = z.pick(F4, F4, F8)
    if op == "BitShift":
        dtype, attributes = z.pick(U1, U4, U8), {"direction": z.pick("LEFT", "RIGHT")}
    if op.startswith("Bitwise"):
        dtype = z.pick(I4, I8, U1, U2, I1)
    if op in ("And", "Or", "Xor"):
        dtype = bool
    if op == "Equal":
        dtype = z.pick(F4, I4, I8, bool)
    if op == "Mod" and numpy.dtype(dtype).kind == "f":
        attributes = {"fmod": 1}
    elif op == "Mod":
        attributes = {"fmod": z.pick(0, 1)}
    values = [z.values(s, dtype) for s in shapes]
    if op in ("Div", "Mod"):
        values[1] = numpy.where(numpy.abs(values[1].astype(F4)) < 0.2, 3, values[1]).astype(dtype)
    if op == "Pow":
        values[0] = numpy.abs(values[0]) + dtype(0.1)
    if op == "BitShift":
        values[1] = (values[1] % 8).astype(dtype)
    if op in ("Min", "Max", "Sum", "Mean"):
        values = [z.values(z.broadcast(shape), dtype) for _ in range(z.int(0, 2))] + [values[0]] + ([values[1]] if z.chance() else [])
    if op == "Where":
        values = [z.values(z.broadcast(shape), bool)] + values
    return Case(opset, op, [z.held(v, 0.3) for v in values], **attributes)


@kind
def clip(z):
    opset = z.pick(6, 7, 11, 12, 13, 18)
    x = z.values(z.shape(), F4 if opset < 12 else z.pick(F4, F8, I4, I8, U1, F2))
    low, high = z.maybe(-1), z.maybe(1)
    if opset < 11:
        return Case(opset, "Clip", [x], min=low and float(low), max=high and float(high))
    bound = lambda v: None if v is None else z.held(numpy.array(v if x.dtype.kind != "u" else v + 10, x.dtype))
    return Case(opset, "Clip", [x, bound(low), bound(high)])


TYPE_NUMBERS = {F4: 1, U1: 2, I1: 3, U2: 4, I2: 5, I4: 6, I8: 7, bool: 9, F2: 10, F8: 11, U4: 12, U8: 13}


@kind
def cast(z):
    x = z.values(z.shape(), z.pick(*TYPE_NUMBERS), 0, 30)
    return Case(z.pick(6, 9, 13, 19, 21, 23), "Cast", [x], to=TYPE_NUMBERS[z.pick(*TYPE_NUMBERS)]) if z.chance() else \
        Case(z.pick(15, 19), "CastLike", [x, z.held(z.values([2], z.pick(*TYPE_NUMBERS)))])


@kind
def softmax(z):
    shape = z.shape(1)
    axis = z.maybe(z.axis(len(shape)), 0.8)
    opset = z.pick(1, 11, 13, 18)
    if opset < 11 and axis is not None:
        axis %= len(shape)
    return Case(opset, z.pick("Softmax", "LogSoftmax", "Hardmax"), [z.values(shape, z.pick(F4, F4, F8))], axis=axis)


# ---- reductions ----


@kind
def reduction(z):
    op = z.pick("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceSumSquare")
    shape = z.shape(0, 4)
    dtype = z.pick(F4, F4, F8, I4, I8)
    if op in ("ReduceLogSum", "ReduceLogSumExp", "ReduceL2", "ReduceProd"): # a product of integers that overflows wraps here and is limited there
        dtype = z.pick(F4, F8)
    if op in ("ReduceMax", "ReduceMin") and z.chance(0.3):
        dtype = z.pick(I1, U1)
    opset = z.pick(1, 11, 13, 18, 20)
    x = z.values(shape, dtype, 0.1, 2)
    axes = [int(a) if z.chance() or opset < 11 else int(a) - len(shape) for a in z.random.permutation(len(shape))[:z.int(0, len(shape))]]
    keep = z.maybe(z.pick(0, 1), 0.7)
    if opset >= 18 or (opset >= 13 and op == "ReduceSum"):
        noop = z.maybe(z.pick(0, 1), 0.3)
        return Case(opset, op, [x, z.maybe(z.held(numpy.array(axes, I8), 0.8), 0.8)], keepdims=keep, noop_with_empty_axes=noop)
    return Case(opset, op, [x], axes=axes or None, keepdims=keep)


@kind
def arg(z):
    shape = z.shape(1, 4, 0)
    opset = z.pick(11, 12, 13)
    return Case(opset, z.pick("ArgMax", "ArgMin"), [z.values(shape, z.pick(F4, F8, I4, I1, U1))], axis=z.maybe(z.axis(len(shape))), keepdims=z.maybe(z.pick(0, 1)),
                select_last_index=z.pick(0, 1) if opset >= 12 else None)


@kind
def cumulation(z):
    shape = z.shape(1, 4, 0.02)
    return Case(z.pick(11, 14), "CumSum", [z.values(shape, z.pick(F4, F8, I4, I8)), z.held(numpy.array(z.axis(len(shape)), z.pick(I4, I8)))], exclusive=z.pick(0, 1), reverse=z.pick(0, 1))


@kind
def topk(z):
    shape = z.shape(1, 4, 0)
    axis = z.axis(len(shape))
    opset = z.pick(10, 11, 24)
    k = z.int(1, shape[axis])
    if opset == 10:
        return Case(10, "TopK", [z.values(shape), Fixed([k])], 2, axis=axis % len(shape))
    return Case(opset, "TopK", [z.values(shape, z.pick(F4, F8, I4, I8)), z.held(numpy.array([k], I8))], 2, axis=axis, largest=z.pick(0, 1), sorted=1)


# ---- windows ----


def spatial(z, axes, kernel_high=4, dilations=(1, 1, 2), strides=(1, 1, 2, 3)):
    kernel = [z.int(1, kernel_high) for _ in range(axes)]
    more = {"strides": [z.pick(*strides) for _ in kernel], "dilations": [z.pick(*dilations) for _ in kernel]}
    if z.chance(0.7):
        more["pads"] = [z.int(0, min(2, kernel[a % axes] - 1)) for a in range(2 * axes)]
    elif z.chance(0.7):
        more["auto_pad"] = z.pick("SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET")
        if more["auto_pad"].startswith("SAME"):
            more["dilations"] = [1] * axes
            more["strides"] = [min(s, k) for s, k in zip(more["strides"], kernel)] # for less than nothing to pad there are two opinions
    return kernel, {name: value for name, value in more.items() if z.chance(0.8) or name != "strides"}


def image(z, axes, low=3, high=12, channels=None):
    return [z.int(1, 2), channels or z.int(1, 9)] + [z.int(low, max(low, high if axes < 3 else 7)) for _ in range(axes)]


@kind
def convolution(z):
    axes = z.pick(1, 2, 2, 2, 3)
    shape = image(z, axes, 8)
    group = z.pick(*[g for g in range(1, shape[1] + 1) if shape[1] % g == 0])
    m = group * z.int(1, 4)
    kernel, more = spatial(z, axes)
    if z.chance():
        more["kernel_shape"] = kernel
    dtype = z.pick(F4, F4, F4, F8, F2)
    bias = z.maybe(z.held(z.values([m], dtype), 0.8))
    return Case(z.pick(1, 11, 22), "Conv", [z.values(shape, dtype), z.held(z.values([m, shape[1] // group] + kernel, dtype), 0.8), bias], group=z.maybe(group, 1 if group > 1 else 0.5), **more)


@kind
def transposed(z):
    axes = z.pick(1, 2, 2, 3)
    shape = image(z, axes, 2, 8)
    group = z.pick(*[g for g in range(1, shape[1] + 1) if shape[1] % g == 0])
    m = z.int(1, 4)
    kernel, more = spatial(z, axes)
    strides, dilations = more.get("strides", [1] * axes), more["dilations"]
    if z.chance(0.3):
        more["output_padding"] = [z.int(0, max(s, d) - 1) for s, d in zip(strides, dilations)]
    if z.chance(0.25):
        full = [s * (n - 1) + (k - 1) * d + 1 for s, n, k, d in zip(strides, shape[2:], kernel, dilations)]
        more["output_shape"] = [max(1, f - z.int(0, min(2, f - 1))) for f in full]
        more.pop("pads", None)
        more.pop("output_padding", None)
    bias = z.maybe(z.held(z.values([group * m]), 0.8))
    return Case(z.pick(1, 11, 22), "ConvTranspose", [z.values(shape), z.held(z.values([shape[1], m] + kernel), 0.8), bias], group=group, **more)


@kind
def pool(z):
    axes = z.pick(1, 2, 2, 3)
    op = z.pick("MaxPool", "MaxPool", "AveragePool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool")
    x = z.values(image(z, axes, 8))
    if op.startswith("Global"):
        return Case(z.pick(7, 22), op, [x], **({"p": z.int(1, 3)} if op == "GlobalLpPool" and z.chance() else {}))
    kernel, more = spatial(z, axes, 3)
    opset = {"MaxPool": z.pick(8, 10, 12, 22), "AveragePool": z.pick(7, 10, 11, 19, 22), "LpPool": z.pick(2, 11, 18, 22)}[op]
    if opset < {"MaxPool": 10, "AveragePool": 19, "LpPool": 18}[op]:
        more.pop("dilations", None)
    if opset >= {"MaxPool": 10, "AveragePool": 10, "LpPool": 18}[op] and z.chance():
        more["ceil_mode"] = 1
    if op == "AveragePool":
        more["count_include_pad"] = z.maybe(z.pick(0, 1))
    if op == "LpPool":
        more["p"] = z.maybe(z.int(1, 3))
    outputs = 2 if op == "MaxPool" and z.chance(0.4) else 1
    if outputs == 2:
        more["storage_order"] = z.maybe(z.pick(0, 1))
    if op == "MaxPool" and opset >= 12 and z.chance(0.3):
        x = z.values(x.shape, z.pick(F8, U1, I1))
    return Case(opset, op, [x], outputs, kernel_shape=kernel, **more)


@kind
def unpool(z):
    shape = [1, z.int(1, 3), 4, 6]
    indices = numpy.stack([z.random.permutation(4 * 6 * 4)[:24].reshape(4, 6) + c * 96 for c in range(shape[1])])[None]
    return Case(z.pick(9, 11, 22), "MaxUnpool", [z.values(shape), indices.astype(I8)], kernel_shape=[2, 2], strides=[2, 2])


@kind
def resize(z):
    opset = z.pick(10, 11, 13, 18, 19)
    shape = z.pick([1, 2, 5, 6], [2, 3, 7, 4], [1, 1, 9, 8], [1, 2, 7], [1, 2, 3, 4, 5])
    mode = z.pick("nearest", "linear", "cubic") if len(shape) == 4 else z.pick("nearest", "linear")
    more = {"mode": mode}
    axes = list(range(len(shape)))
    scales = [1.0, 1.0] + [z.pick(0.5, 2.0, 1.5, 0.8, 3.0, 0.6, 1.0) for _ in shape[2:]]
    sizes = shape[:2] + [z.int(1, 11) for _ in shape[2:]]
    if opset == 10:
        more["mode"] = z.pick("nearest", "linear")
        return Case(10, "Resize", [z.values(shape), Fixed(scales, F4)], **more)
    more["coordinate_transformation_mode"] = z.pick(*(["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_crop_and_resize"] + (["half_pixel_symmetric"] if opset >= 19 else [])))
    if mode == "nearest":
        more["nearest_mode"] = z.pick("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
    if mode == "cubic":
        more["cubic_coeff_a"] = z.maybe(z.pick(-0.5, -0.75))
        more["exclude_outside"] = z.maybe(z.pick(0, 1))
    roi = None
    if opset >= 18:
        if z.chance():
            axes, scales, sizes = axes[2:], scales[2:], sizes[2:]
            more["axes"] = axes
        if mode != "nearest" and more["coordinate_transformation_mode"] != "tf_crop_and_resize" and z.chance(0.3):
            more["antialias"] = 1
    by_size = z.chance()
    if opset >= 18 and by_size and "axes" in more and z.chance(0.4):
        more["keep_aspect_ratio_policy"] = z.pick("stretch", "not_larger", "not_smaller") if more["coordinate_transformation_mode"] != "align_corners" else "stretch"
    if more["coordinate_transformation_mode"] == "align_corners": # ONNX's own tests take the length before it is rounded, ONNX Runtime the one after
        scales = [2.0 if s != int(s) else s for s in scales]
    if more["coordinate_transformation_mode"] == "tf_crop_and_resize":
        by_size, n, sizes = True, len(axes), [s + (s == d) for s, d in zip(sizes, shape[-len(sizes):])] # ONNX Runtime leaves the region out of the length, and out of all where no size changes
        begin = [0.0] * (n - len(shape[2:])) + [z.pick(0.0, 0.2, 0.4, -0.1) for _ in shape[2:]]
        end = [1.0] * (n - len(shape[2:])) + [z.pick(0.9, 0.7, 1.0, 1.2) for _ in shape[2:]]
        roi = Fixed(begin + end, F4)
        more["extrapolation_value"] = z.maybe(3.0)
    elif opset == 11 or z.chance(0.2):
        roi = Fixed([], F4)
    elif z.chance(0.2):
        roi = z.held(z.values([2 * len(axes)]))
    more["mode"] = mode
    x = z.values(shape, z.pick(F4, F4, F4, U1, I4) if mode == "nearest" else F4)
    return Case(opset, "Resize", [x, roi, Fixed(scales, F4) if not by_size else (Fixed([], F4) if opset == 11 else None), Fixed(sizes) if by_size else None], **more)


@kind
def upsample(z):
    shape = z.pick([1, 2, 5, 6], [2, 3, 7, 4])
    scales = [1.0, 1.0, z.pick(1.0, 2.0, 1.5), z.pick(2.0, 3.0, 2.6)]
    mode = z.pick("nearest", "linear")
    return Case(7, "Upsample", [z.values(shape)], mode=mode, scales=scales) if z.chance() else Case(9, "Upsample", [z.values(shape), Fixed(scales, F4)], mode=mode)


@kind
def sampling(z):
    opset = z.pick(16, 20, 22)
    axes = 2 if opset < 20 else z.pick(2, 2, 3)
    shape = image(z, axes, 2, 7)
    mode = z.pick("bilinear", "nearest", "bicubic") if opset < 20 else z.pick(*(["linear", "nearest"] + (["cubic"] if axes == 2 else [])))
    grid = z.values([shape[0]] + [z.int(1, 5) for _ in range(axes)] + [axes], F4, -1.3, 1.3)
    return Case(opset, "GridSample", [z.values(shape), grid], mode=z.maybe(mode), padding_mode=z.maybe(z.pick("zeros", "border", "reflection")), align_corners=z.maybe(z.pick(0, 1)))


@kind
def regions(z):
    shape = [2, 3, 9, 10]
    n = z.int(1, 4)
    begin = z.values([n, 2], F4, 0, 4)
    rois = numpy.concatenate([begin, begin + z.values([n, 2], F4, 1, 6)], 1)
    if z.chance(0.3):
        boxes = numpy.concatenate([numpy.array([[z.int(0, 1)] for _ in range(n)], F4), rois - z.pick(0, 1)], 1)
        return Case(z.pick(7, 21), "MaxRoiPool", [z.values(shape), boxes.astype(F4)], pooled_shape=[z.int(1, 4), z.int(1, 3)], spatial_scale=z.pick(None, 0.5, 1.7))
    opset = z.pick(10, 16, 21)
    more = {"coordinate_transformation_mode": z.maybe(z.pick("half_pixel", "output_half_pixel"))} if opset >= 16 else {}
    return Case(opset, "RoiAlign", [z.values(shape), rois, numpy.array([z.int(0, 1) for _ in range(n)], I8)], mode=z.maybe(z.pick("avg", "max")), output_height=z.int(1, 4), output_width=z.int(1, 3),
                sampling_ratio=z.int(0, 3), spatial_scale=z.pick(1.0, 0.5), **more)


# ---- products ----


@kind
def product(z):
    batch = z.shape(0, 2, 0)
    k = z.int(1, 20)
    a, b = z.broadcast(batch) + [z.int(1, 9), k], z.broadcast(batch) + [k, z.int(1, 20)]
    if z.chance(0.15):
        a = [k]
    elif z.chance(0.15):
        b = [k]
    dtype = z.pick(F4, F4, F8, I4, I8, F2)
    return Case(z.pick(9, 13), "MatMul", [z.held(z.values(a, dtype), 0.2), z.held(z.values(b, dtype))])


@kind
def gemm(z):
    m, k, n = z.int(1, 9), z.int(1, 20), z.int(1, 20)
    ta, tb = z.pick(0, 1), z.pick(0, 1)
    dtype = z.pick(F4, F4, F8)
    opset = z.pick(7, 9, 11, 13)
    c = z.values(z.pick([], [1], [n], [1, n], [m, 1], [m, n], [1, 1]), dtype)
    c = z.held(c) if opset < 11 else z.maybe(z.held(c), 0.8)
    return Case(opset, "Gemm", [z.held(z.values([k, m] if ta else [m, k], dtype), 0.2), z.held(z.values([n, k] if tb else [k, n], dtype)), c], transA=z.maybe(ta, 1 if ta else 0.5), transB=tb,
                alpha=z.maybe(0.5), beta=z.maybe(2.0))


@kind
def einsum(z):
    equation = z.pick("ij,jk->ik", "bij,bjk->bik", "ij->ji", "ii->i", "ij->", "i,j->ij", "bhid,bhjd->bhij", "...ij,...jk->...ik", "ij,ij->i", "abc,cd,de->abe", "i,i", "bi,oij,bj->bo", "ij,jk", "a...b->b...a")
    size = {c: z.int(1, 5) for c in "abcdeijkho"}
    terms = equation.split("->")[0].split(",")
    shapes = []
    dots = [z.int(1, 3) for _ in range(z.int(0, 2))]
    for term in terms:
        shape = []
        for c in term.replace("...", "."):
            shape += dots if c == "." else [size[c]]
        shapes.append(shape)
    dtype = z.pick(F4, F4, F8, I4)
    return Case(12, "Einsum", [z.held(z.values(s, dtype), 0.3) for s in shapes], equation=equation)


# ---- movement ----

ANY = (F4, F4, F8, F2, I4, I8, U1, bool, I1, I2, U2, U4, U8)


@kind
def pad(z):
    opset = z.pick(2, 11, 13, 18, 19, 21)
    shape = z.shape(1, 4, 0.02)
    mode = z.pick("constant", "constant", "reflect", "edge") if opset < 19 else z.pick("constant", "reflect", "edge", "wrap")
    axes = list(range(len(shape)))
    if opset >= 18 and z.chance():
        axes = [int(a) for a in z.random.permutation(axes)[:z.int(1, len(axes))]]
    amount = lambda d: z.int(0, min(2, max(d - 1, 0))) if mode == "reflect" else (0 if d == 0 and mode != "constant" else z.int(-min(1, d // 3), 3 if mode != "wrap" else min(3, d)))
    pads = [amount(shape[a]) for a in axes + axes]
    dtype = F4 if opset < 11 else z.pick(F4, F8, I4, I8, U1)
    value = 0.5 if numpy.dtype(dtype).kind == "f" else 3
    x = z.values(shape, dtype)
    if opset < 11:
        return Case(opset, "Pad", [x], pads=pads, mode=mode, value=z.maybe(value))
    given = [x, z.held(numpy.array(pads, I8), 0.7), z.maybe(z.held(numpy.array(value, dtype))) if mode == "constant" else None]
    if opset >= 18:
        negative = [a - len(shape) if z.chance() else a for a in axes]
        given.append(Fixed(negative, z.pick(I4, I8)) if len(axes) != len(shape) or axes != list(range(len(shape))) or z.chance(0.3) else None)
    return Case(opset, "Pad", given, mode=z.maybe(mode, 1 if mode != "constant" else 0.5))


@kind
def slice_(z):
    opset = z.pick(1, 10, 11, 13)
    shape = z.shape(1, 4, 0.03)
    axes = [int(a) for a in z.random.permutation(len(shape))[:z.int(1, len(shape))]]
    starts = [z.int(-shape[a] - 2, shape[a] + 1) for a in axes]
    steps = [z.pick(1, 1, 2, -1, -2, 3) for _ in axes]
    ends = [z.pick(z.int(-shape[a] - 2, shape[a] + 2), *((2**31 - 1, 2**62) if s > 0 else (-2**31 + 1, -(2**62)))) for a, s in zip(axes, steps)]
    x = z.values(shape, F4 if opset < 10 else z.pick(*ANY))
    if opset < 10:
        return Case(opset, "Slice", [x], starts=starts, ends=[z.int(-d, d) if e < -d else e for e, d in zip(ends, [shape[a] for a in axes])], axes=axes)
    kind = z.pick(I8, I8, I4)
    if kind == I4:
        ends = [max(min(e, 2**31 - 1), -2**31 + 1) for e in ends]
    p = 0.8
    full = len(axes) == len(shape) and axes == sorted(axes) and z.chance()
    given = [z.held(numpy.array(starts, kind), p), z.held(numpy.array(ends, kind), p), None if full else z.held(numpy.array([a if opset == 10 or z.chance() else a - len(shape) for a in axes], kind), p),
             z.held(numpy.array(steps, kind), p) if min(steps) < 0 or z.chance() else None]
    return Case(opset, "Slice", [x] + given)


@kind
def split(z):
    opset = z.pick(2, 11, 13, 18)
    shape = z.shape(1, 4, 0)
    axis = z.axis(len(shape))
    shape[axis] = n = z.int(2, 9)
    axis = axis % len(shape) if opset < 11 else axis
    parts = z.int(1, min(4, n))
    cuts = sorted(int(c) for c in z.random.integers(0, n + 1, parts - 1))
    sizes = [b - a for a, b in zip([0] + cuts, cuts + [n])]
    even = z.chance() and (opset >= 18 or n % parts == 0)
    x = z.values(shape, F4 if opset < 2 else z.pick(F4, I4, I8, F8))
    if opset < 13:
        return Case(opset, "Split", [x], parts, axis=axis, split=None if even else sizes)
    if opset < 18:
        return Case(opset, "Split", [x, None if even else Fixed(sizes)], parts, axis=axis)
    return Case(opset, "Split", [x] + ([] if even else [Fixed(sizes)]), parts, axis=axis, num_outputs=parts if even else None)


@kind
def arrangement(z):
    shape = z.shape(1, 4, 0.03)
    rank, x = len(shape), z.values(shape, z.pick(*ANY))
    axis = z.axis(rank)
    what = z.int(0, 12)
    size = int(numpy.prod(shape))
    if what == 0:
        return Case(z.pick(7, 13, 21), "Transpose", [x], perm=z.maybe([int(p) for p in z.random.permutation(rank)], 0.8))
    if what == 1:
        parts = []
        for _ in range(z.int(1, 3)):
            shape[axis] = z.int(0, 4)
            parts.append(z.held(z.values(shape, x.dtype.type if x.dtype != bool else bool), 0.3))
        return Case(z.pick(11, 13), "Concat", [z.held(x, 0.2)] + parts, axis=axis)
    if what == 2:
        return Case(z.pick(6, 13), "Tile", [x, z.held(numpy.array([z.int(0, 3) if z.chance(0.1) else z.int(1, 3) for _ in shape], I8))])
    if what == 3:
        to = [z.int(1, 3) for _ in range(z.int(0, 1))] + shape
        x = z.values(z.broadcast(shape), z.pick(F4, F8, I4, I8, bool))
        return Case(z.pick(8, 13), "Expand", [x, z.held(numpy.array([1 if z.chance(0.2) else d for d in to], I8))])
    if what == 4:
        to = z.pick([-1], [0, -1], [size], [1, -1], [-1, 1, 1])
        if size == 0:
            return Case(14, "Reshape", [x, Fixed([0, 3])], allowzero=1)
        return Case(z.pick(5, 13, 14, 21), "Reshape", [x, z.held(numpy.array(to, I8))])
    if what == 5:
        return Case(z.pick(11, 13, 21), "Flatten", [x], axis=z.maybe(z.int(-rank, rank)))
    if what == 6:
        shape.insert(z.int(0, rank), 1)
        x, axes = z.values(shape, x.dtype.type), [int(a) for a in range(rank + 1) if shape[a] == 1 and z.chance(0.8)]
        opset = z.pick(11, 13, 21)
        axes = [a - rank - 1 if z.chance() else a for a in axes]
        return Case(opset, "Squeeze", [x], axes=axes or None) if opset < 13 else Case(opset, "Squeeze", [x, z.maybe(z.held(numpy.array(axes, I8)), 0.8) if axes else None])
    if what == 7:
        n = z.int(1, 3)
        axes = [int(a) - (rank + n if z.chance() else 0) for a in z.random.permutation(rank + n)[:n]]
        opset = z.pick(11, 13, 21)
        return Case(opset, "Unsqueeze", [x], axes=axes) if opset < 13 else Case(opset, "Unsqueeze", [x, z.held(numpy.array(axes, I8))])
    if what == 8:
        return Case(z.pick(15, 21), "Shape", [x], start=z.maybe(z.int(-rank - 1, rank + 1)), end=z.maybe(z.int(-rank - 1, rank + 1)))
    if what == 9:
        return Case(13, "Size", [x])
    if what == 10:
        b = z.pick(2, 3)
        shape = [z.int(1, 2), b * b * z.int(1, 3), z.int(1, 4), z.int(1, 4)]
        return Case(z.pick(11, 13), "DepthToSpace", [z.values(shape, z.pick(F4, F8))], blocksize=b, mode=z.maybe(z.pick("DCR", "CRD")))
    if what == 11:
        b = z.pick(2, 3)
        return Case(z.pick(1, 13), "SpaceToDepth", [z.values([1, z.int(1, 4), b * z.int(1, 3), b * z.int(1, 3)])], blocksize=b)
    shape = z.shape(2, 4, 0.03)
    return Case(14, "Trilu", [z.values(shape, z.pick(F4, F8, I8, bool)), z.maybe(z.held(numpy.array(z.int(-7, 7), I8)))], upper=z.maybe(z.pick(0, 1)))


@kind
def gathering(z):
    shape = z.shape(1, 4, 0)
    rank, x = len(shape), z.values(shape, z.pick(*ANY))
    axis = z.axis(rank)
    index = z.pick(I8, I4)
    what = z.int(0, 6)
    some = lambda d, s, low=None: z.random.integers(-d if low is None else low, d, s).astype(index)
    if what == 0:
        return Case(z.pick(11, 13), "Gather", [z.held(x, 0.2), z.held(some(shape[axis], z.shape(0, 2)))], axis=z.maybe(axis, 0.9) if axis else None)
    if what == 1:
        to = [z.int(1, d) for d in shape]
        to[axis] = z.int(0, 6)
        return Case(z.pick(11, 13), "GatherElements", [x, z.held(some(shape[axis], to))], axis=axis)
    if what == 2:
        batch = z.int(0, rank - 1)
        depth = z.int(1, rank - batch)
        to = shape[:batch] + z.shape(0 if batch else 1, 2, 0)
        places = numpy.stack([z.random.integers(-shape[batch + j], shape[batch + j], to) for j in range(depth)], -1).astype(I8)
        return Case(z.pick(12, 13), "GatherND", [x, z.held(places)], batch_dims=batch)
    x = z.values(shape, z.pick(F4, F8, I4, I8))
    opset = z.pick(11, 13, 16, 18)
    reduction = z.pick(*(["none"] if opset < 16 else ["none", "add", "mul"] if opset < 18 else ["none", "add", "mul", "max", "min"]))
    if what in (3, 4):
        to = [z.int(1, d) for d in shape]
        if reduction == "none": # no index twice along the axis
            where = numpy.argsort(z.random.random([shape[i] if i == axis % rank else to[i] for i in range(rank)]), axis)
            where = numpy.take(where, numpy.arange(to[axis]), axis).astype(index)
        else:
            where = some(shape[axis], to)
        return Case(opset, "ScatterElements", [x, z.held(where), z.held(z.values(to, x.dtype.type))], axis=axis, reduction=reduction if opset >= 16 else None)
    if what == 5:
        depth = z.int(1, rank)
        total = int(numpy.prod(shape[:depth]))
        n = z.int(1, min(total, 5))
        flat = z.random.permutation(total)[:n] if reduction == "none" else z.random.integers(0, total, n)
        places = numpy.stack(numpy.unravel_index(flat, shape[:depth]), -1).astype(I8)
        return Case(opset, "ScatterND", [x, z.held(places), z.held(z.values([n] + shape[depth:], x.dtype.type))], reduction=reduction if opset >= 16 else None)
    depth = z.int(1, 5)
    return Case(11, "OneHot", [z.values(z.shape(0, 3), z.pick(I8, I4, F4), -2, 2) if z.chance(0.3) else some(depth, z.shape(0, 3)).astype(I8), Fixed(depth), z.held(numpy.array([0, 3], z.pick(F4, I8, I4)))],
                axis=z.maybe(z.pick(0, -1)))


@kind
def made(z):
    what = z.int(0, 4)
    if what == 0:
        return Case(z.pick(9, 20), "ConstantOfShape", [Fixed(z.shape(0, 3))])
    if what == 1:
        return Case(9, "EyeLike", [z.values([z.int(1, 5), z.int(1, 5)], z.pick(F4, I4))], k=z.maybe(z.int(-3, 3)), dtype=z.maybe(z.pick(1, 7, 11)))
    if what == 2:
        kind = z.pick(F4, I8, I4, F8)
        start, step = z.int(-5, 5), z.pick(1, 2, -1, 3)
        return Case(11, "Range", [Fixed(start, kind), Fixed(start + step * z.int(0, 5) + z.int(-1, 1), kind), Fixed(step, kind)])
    if what == 3:
        x = z.values([z.int(1, 4), z.int(2, 6), z.int(1, 3)])
        time = z.pick(0, 1)
        lengths = numpy.array([z.int(1, x.shape[time]) for _ in range(x.shape[1 - time])], I8)
        return Case(10, "ReverseSequence", [x, z.held(lengths)], time_axis=time, batch_axis=1 - time)
    shape = z.shape(1, 3, 0)
    axis = z.maybe(z.axis(len(shape)))
    n = int(numpy.prod(shape)) if axis is None else shape[axis]
    return Case(z.pick(9, 11), "Compress", [z.values(shape, z.pick(F4, I8)), Fixed(z.values([z.int(1, n)], bool), bool)], axis=axis)


# ---- normalisation ----


@kind
def normalization(z):
    shape = image(z, z.pick(1, 2, 2), 2, 8)
    x, c = z.values(shape, z.pick(F4, F4, F4, F8)), shape[1]
    dtype = x.dtype.type
    weights = lambda *s: z.held(z.values(list(s), dtype, 0.5, 1.5), 0.8)
    what = z.int(0, 8)
    epsilon = z.maybe(z.pick(1e-2, 1e-3))
    if what <= 1:
        return Case(z.pick(7, 9, 14, 15), "BatchNormalization", [x, weights(c), weights(c), weights(c), weights(c)], epsilon=epsilon)
    if what == 2:
        return Case(z.pick(6, 22), "InstanceNormalization", [x, weights(c), weights(c)], epsilon=epsilon)
    if what == 3:
        axis = z.axis(len(shape))
        part = shape[axis:] if axis >= 0 else shape[len(shape) + axis:]
        return Case(17, "LayerNormalization", [x, weights(*part), z.maybe(weights(*part))], z.pick(1, 1, 3), axis=axis, epsilon=epsilon)
    if what == 4:
        groups = z.pick(*[g for g in range(1, c + 1) if c % g == 0])
        opset = z.pick(18, 21)
        n = groups if opset == 18 else c
        return Case(opset, "GroupNormalization", [x, weights(n), weights(n)], num_groups=groups, epsilon=epsilon)
    if what == 5:
        axis = z.axis(len(shape))
        part = shape[axis:] if axis >= 0 else shape[len(shape) + axis:]
        return Case(23, "RMSNormalization", [x, weights(*part)], axis=axis, epsilon=epsilon)
    if what == 6:
        return Case(z.pick(1, 13), "LRN", [z.values(image(z, 2, 2, 6), F4)], size=z.pick(1, 3, 5, 2), alpha=z.maybe(0.01), beta=z.maybe(0.6), bias=z.maybe(1.5))
    if what == 7:
        return Case(z.pick(1, 22), "LpNormalization", [x], axis=z.maybe(z.axis(len(shape))), p=z.maybe(z.pick(1, 2)))
    return Case(z.pick(9, 13), "MeanVarianceNormalization", [z.values(image(z, 2, 2, 6), F4)], axes=z.maybe(z.pick([0, 2, 3], [1, 2, 3], [2, 3])))


# ---- recurrent layers ----


@kind
def recurrent(z):
    op = z.pick("LSTM", "LSTM", "GRU", "GRU", "RNN")
    steps, batch, size, hidden = z.int(1, 5), z.int(1, 3), z.int(1, 6), z.int(1, 7)
    direction = z.pick("forward", "reverse", "bidirectional")
    d, gates = 2 if direction == "bidirectional" else 1, {"LSTM": 4, "GRU": 3, "RNN": 1}[op]
    opset = z.pick(7, 14, 22)
    layout = z.pick(0, 1) if opset >= 14 and z.chance(0.2) else 0
    small = lambda *s: z.values(list(s), F4, -0.8, 0.8)
    hold = lambda a: z.held(a, 0.8)
    state = lambda: z.maybe(z.held(small(batch, d, hidden) if layout else small(d, batch, hidden), 0.3))
    given = [small(batch, steps, size) if layout else small(steps, batch, size), hold(small(d, gates * hidden, size)), hold(small(d, gates * hidden, hidden)), z.maybe(hold(small(d, 2 * gates * hidden))),
             z.maybe(z.held(numpy.array([z.int(1, steps) for _ in range(batch)], I4)), 0.4), state()]
    more = {"hidden_size": hidden, "direction": z.maybe(direction, 0 if direction == "forward" and z.chance() else 1), "clip": z.maybe(0.5, 0.3)}
    if op == "LSTM":
        given += [state(), z.maybe(hold(small(d, 3 * hidden)), 0.4)]
        more["input_forget"] = z.maybe(1, 0.2)
        if z.chance(0.3):
            more["activations"] = [z.pick("Sigmoid", "HardSigmoid"), z.pick("Tanh", "Relu", "Softsign"), z.pick("Tanh", "Softplus")] * d
    elif op == "GRU":
        more["linear_before_reset"] = z.maybe(z.pick(0, 1))
        if z.chance(0.3):
            more["activations"] = [z.pick("Sigmoid", "HardSigmoid"), z.pick("Tanh", "Relu", "ScaledTanh", "Affine")] * d
            if "ScaledTanh" in more["activations"] or "Affine" in more["activations"]:
                more["activation_alpha"], more["activation_beta"] = [0.3, 0.7] * d, [0.4, 0.2] * d
    elif z.chance(0.3):
        more["activations"] = [z.pick("Relu", "Tanh", "Sigmoid")] * d
    if layout:
        more["layout"] = 1
    return Case(opset, op, given, z.pick(1, 2, 3 if op == "LSTM" else 2), **more)


# ---- quantised ----


@kind
def quantization(z):
    shape = z.shape(2, 4, 0)
    opset = z.pick(10, 13, 19, 21, 23)
    kind = z.pick(U1, I1) if opset < 21 else z.pick(U1, I1, U2, I2)
    per_axis = opset >= 13 and z.chance()
    axis = z.axis(len(shape))
    n = [shape[axis]] if per_axis else []
    scale = z.values(n, F4, 0.02, 0.2)
    zero = z.random.integers(0, 20, n).astype(kind)
    more = {"axis": axis} if per_axis else {}
    if z.chance():
        if opset >= 21 and z.chance(0.4): # blocks
            block = z.pick(1, 2, 3)
            to = list(shape)
            to[axis] = -(-shape[axis] // block)
            return Case(opset, "DequantizeLinear", [z.values(shape, kind), z.held(z.values(to, F4, 0.1, 1)), z.maybe(z.held(z.random.integers(0, 20, to).astype(kind)))], axis=axis, block_size=block)
        return Case(opset, "DequantizeLinear", [z.held(z.values(shape, kind), 0.2), z.held(scale), z.maybe(z.held(zero))], **more)
    x = z.values(shape, F4, -3, 3)
    give = z.maybe(z.held(zero)) if kind == U1 else z.held(zero)
    return Case(opset, "QuantizeLinear", [x, z.held(scale), give], **more)


@kind
def integers(z):
    what = z.int(0, 4)
    a, b = z.pick(U1, I1), z.pick(U1, I1)
    m, k, n = z.int(1, 6), z.int(1, 20), z.int(1, 9)
    scale = lambda: Fixed(z.int(1, 9) / 64, F4)
    zero = lambda kind: Fixed(z.int(0, 9), kind)
    if what == 0:
        return Case(11, "DynamicQuantizeLinear", [z.values(z.shape(1, 3, 0))], 3)
    if what == 1:
        return Case(10, "MatMulInteger", [z.values([m, k], a), z.held(z.values([k, n], b)), z.maybe(zero(a)), z.maybe(zero(b))])
    if what == 2:
        return Case(z.pick(10, 21), "QLinearMatMul", [z.values([m, k], U1), scale(), zero(U1), z.held(z.values([k, n], b)), scale(), zero(b), scale(), zero(U1)])
    c = z.int(1, 4)
    o = z.int(1, 5)
    kernel, more = spatial(z, 2, 3)
    x, w = z.values([1, c, 8, 8], U1), z.held(z.values([o, c] + kernel, b))
    if what == 3:
        return Case(10, "ConvInteger", [x, w, z.maybe(zero(U1)), z.maybe(zero(b))], **more)
    return Case(10, "QLinearConv", [x, scale(), zero(U1), w, scale(), zero(b), scale(), zero(U1), z.maybe(Fixed(z.random.integers(-99, 99, o), I4))], **more)


# ---- the rest ----


@kind
def attention(z):
    batch, heads, length, keys, size = z.int(1, 2), z.int(1, 4), z.int(1, 5), z.int(1, 6), z.pick(2, 4, 8)
    groups = z.pick(*[g for g in range(1, heads + 1) if heads % g == 0])
    width = z.pick(size, 3)
    more = {"scale": z.maybe(0.3), "is_causal": z.maybe(z.pick(0, 1)), "softcap": z.maybe(2.0, 0.2)}
    mask = z.pick(None, None, [length, keys], [batch, 1, length, keys], [batch, heads, length, keys], [1, 1, 1, keys])
    mask = None if mask is None else (z.values(mask, F4) if z.chance() else z.random.random(mask) < 0.8)
    if mask is not None and mask.dtype == bool:
        mask[..., 0] = True
    if z.chance():
        given = [z.values([batch, heads, length, size]), z.values([batch, groups, keys, size]), z.values([batch, groups, keys, width])]
    else:
        given = [z.values([batch, length, heads * size]), z.values([batch, keys, groups * size]), z.values([batch, keys, groups * width])]
        more.update(q_num_heads=heads, kv_num_heads=groups)
    if mask is None and z.chance(0.3):
        past = z.int(1, 3)
        return Case(23, "Attention", given + [None, z.values([batch, groups, past, size]), z.values([batch, groups, past, width])], 3, **more)
    return Case(23, "Attention", given + [mask], **more)


@kind
def rotary(z):
    batch, heads, length, size = z.int(1, 2), z.int(1, 3), z.int(1, 5), z.pick(4, 6, 8)
    part = z.pick(size, size - 2)
    half, more = part // 2, {"interleaved": z.maybe(z.pick(0, 1))}
    if part != size:
        more["rotary_embedding_dim"] = part
    x = z.values([batch, heads, length, size])
    if z.chance() or part != size:
        x, more["num_heads"] = (x if part != size and z.chance() else z.values([batch, length, heads * size])), heads
    if z.chance():
        return Case(23, "RotaryEmbedding", [x, z.held(z.values([9, half])), z.held(z.values([9, half])), z.held(z.random.integers(0, 9, [batch, length]).astype(I8))], **more)
    return Case(23, "RotaryEmbedding", [x, z.held(z.values([batch, length, half])), z.held(z.values([batch, length, half]))], **more)


@kind
def loss(z):
    c = z.int(2, 5)
    shape = [z.int(1, 3), c] + z.shape(0, 2, 0)
    labels = z.random.integers(0, c, shape[:1] + shape[2:]).astype(z.pick(I8, I4))
    more = {"reduction": z.maybe(z.pick("none", "sum", "mean")), "ignore_index": z.maybe(0, 0.3)}
    weights = z.maybe(z.held(z.values([c], F4, 0.2, 2)))
    if z.chance():
        return Case(13, "NegativeLogLikelihoodLoss", [z.values(shape), labels, weights], **more)
    return Case(13, "SoftmaxCrossEntropyLoss", [z.values(shape), labels, weights], z.pick(1, 2), **more)


@kind
def signal(z):
    what = z.int(0, 4)
    if what <= 1:
        shape = [z.int(1, 2), z.int(2, 9), z.pick(1, 2)] if z.chance() else [z.int(1, 2), z.int(2, 7), z.int(2, 6), z.pick(1, 2)]
        axis = z.int(1, len(shape) - 2)
        length = z.maybe(Fixed(z.int(1, 9)), 0.4)
        inverse = z.pick(0, 0, 1)
        onesided = 1 if shape[-1] == 1 and not inverse and z.chance() else 0
        if z.chance():
            return Case(17, "DFT", [z.values(shape, z.pick(F4, F4, F8)), length], axis=axis, onesided=onesided, inverse=inverse)
        return Case(20, "DFT", [z.values(shape, z.pick(F4, F4, F8)), length, Fixed(axis - z.pick(0, len(shape)))], onesided=onesided, inverse=inverse)
    if what == 2:
        frame = z.int(2, 8)
        return Case(17, "STFT", [z.values([z.int(1, 2), z.int(10, 30), 1]), Fixed(z.int(1, 5)), z.maybe(z.held(z.values([frame]))), Fixed(frame)], onesided=z.maybe(z.pick(0, 1)))
    if what == 3:
        return Case(17, z.pick("HannWindow", "HammingWindow", "BlackmanWindow"), [Fixed(z.int(1, 12))], periodic=z.maybe(z.pick(0, 1)), output_datatype=z.maybe(z.pick(1, 11)))
    n = z.int(1, 5)
    return Case(11, "Det", [z.values(z.shape(0, 2, 0) + [n, n])])


@kind
def placement(z):
    what = z.int(0, 3)
    if what == 0:
        shape = z.shape(1, 4, 0)
        axes = [int(a) for a in z.random.permutation(len(shape))[:z.int(1, len(shape))]]
        return Case(18, "CenterCropPad", [z.values(shape, z.pick(F4, I8)), Fixed([z.int(1, 9) for _ in axes])], axes=[a - z.pick(0, len(shape)) for a in axes])
    if what == 1:
        block, dilations = [z.int(1, 3), z.int(1, 3)], [z.pick(1, 2), z.pick(1, 2)]
        strides, pads, size = [z.pick(1, 2), z.pick(1, 2)], [z.int(0, 1) for _ in range(4)], [z.int(6, 9), z.int(6, 9)]
        count = 1
        for a in range(2):
            count *= (size[a] + pads[a] + pads[a + 2] - dilations[a] * (block[a] - 1) - 1) // strides[a] + 1
        return Case(18, "Col2Im", [z.values([z.int(1, 2), z.int(1, 3) * block[0] * block[1], count]), Fixed(size), Fixed(block)], dilations=dilations, strides=strides, pads=pads)
    if what == 2:
        axes = z.pick(2, 2, 3)
        return Case(20, "AffineGrid", [z.values([z.int(1, 2), axes, axes + 1]), None], align_corners=z.pick(0, 1))
    c, m, group = z.pick((2, 4, 1), (4, 4, 2), (1, 3, 1))
    kernel = [z.int(1, 3), z.int(1, 3)]
    offsets = z.pick(*[g for g in range(1, c + 1) if c % g == 0])
    x, n = [1, c, 7, 6], kernel[0] * kernel[1]
    out = [7 - kernel[0] + 1, 6 - kernel[1] + 1]
    return Case(z.pick(19, 22), "DeformConv", [z.values(x), z.held(z.values([m, c // group] + kernel)), z.values([1, offsets * 2 * n] + out), z.maybe(z.held(z.values([m]))), z.maybe(z.values([1, offsets * n] + out))],
                group=group, offset_group=offsets, kernel_shape=kernel)


@kind
def boxes(z):
    n, classes, batch = z.int(3, 12), z.int(1, 2), z.int(1, 2)
    low = z.values([batch, n, 2], F4, 0, 2)
    corners = numpy.concatenate([low, low + z.values([batch, n, 2], F4, 0.3, 2)], 2)
    return Case(z.pick(10, 11), "NonMaxSuppression", [corners, z.values([batch, classes, n], F4, 0, 1), Fixed([z.int(1, n)]), z.maybe(Fixed([0.4], F4), 0.8), z.maybe(Fixed([0.3], F4))], center_point_box=z.maybe(z.pick(0, 1)))


def _affine_size(case, z):
    theta = case.inputs[0]
    case.inputs = [theta, Fixed([theta.shape[0], 2] + [z.int(2, 5) for _ in range(theta.shape[1])])]
    return case


_placement = placement
KINDS["placement"] = lambda z: (lambda case: _affine_size(case, z) if case.op == "AffineGrid" else case)(_placement(z))


# ---- control flow ----


def body(name, nodes, inputs, outputs, constants=()):
    """A graph of (operator, inputs, outputs[, attributes]); inputs and outputs are (name, type, shape)."""
    info = lambda values: [helper.make_tensor_value_info(n, t, s) for n, t, s in values]
    return helper.make_graph([helper.make_node(op, i, o, **(more[0] if more else {})) for op, i, o, *more in nodes], name, info(inputs), info(outputs),
                             [numpy_helper.from_array(numpy.asarray(x), n) for n, x in constants])


def branch(z, prefix, shape, readable):
    """A graph without inputs whose output combines outer tensors of one shape."""
    made = "%s.o" % prefix
    nodes, last = [], z.pick(*readable)
    for i in range(z.int(0, 2)):
        nodes.append((z.pick("Add", "Mul", "Sub", "Max"), [last, z.pick(*readable)], ["%s.t%d" % (prefix, i)]))
        last = nodes[-1][2][0]
    nodes.append((z.pick("Neg", "Relu", "Identity", "Tanh"), [last], [made]))
    return body(prefix, nodes, [], [(made, TensorProto.FLOAT, shape)])


def chosen(z, name, shape, readable, depth):
    """Nodes and the name of an If (in an If) that reads outer tensors: its condition is computed."""
    condition = [("ReduceSum", [z.pick(*readable)], [name + ".sum"], {"keepdims": 0}), ("Constant", [], [name + ".nought"], {"value": numpy_helper.from_array(numpy.float32(z.pick(0, 0.5, -9, 9)))}),
                 (z.pick("Less", "Greater"), [name + ".sum", name + ".nought"], [name + ".c"])]
    then, other = branch(z, name + ".then", shape, readable), branch(z, name + ".else", shape, readable)
    if depth:
        inner, last = chosen(z, name + ".in", shape, readable, depth - 1)
        then = body(name + ".then", inner + [("Identity", [last], [name + ".then.o"])], [], [(name + ".then.o", TensorProto.FLOAT, shape)])
    return condition + [("If", [name + ".c"], [name + ".y"], {"then_branch": then, "else_branch": other})], name + ".y"


@kind
def condition(z):
    shape = z.shape(1, 3, 0)
    case = Case(z.pick(13, 16, 19, 21), "If", [z.held(numpy.array(z.chance()), 0.3)])
    case.outer = [z.values(shape), z.values(shape)]

    def inside(which):
        def graph(name, outer):
            name = "%s.%s" % (name, which)
            nodes, last = chosen(z, name, shape, outer, z.int(0, 1))
            return body(name, nodes + [("Relu", [last], [name + ".r"])], [], [(name + ".r", TensorProto.FLOAT, shape)]) if z.chance() else branch(z, name, shape, outer)

        return graph

    case.attributes = {"then_branch": inside("then"), "else_branch": inside("else")}
    return case


@kind
def loop(z):
    """Two states, of which the second is not used by the first; scanned results; a condition that may end it; an outer tensor."""
    shape, trips = z.shape(1, 3, 0), z.int(0, 4)
    stops, scans, nested = z.chance(0.3), z.int(0, 2) if trips else 0, z.chance(0.4) # mednnc does not know the shape of a list of no results
    case = Case(z.pick(11, 13, 16, 19, 21), "Loop", [Fixed(trips), None if z.chance() and not stops else Fixed(True, bool), z.values(shape), z.held(z.values(shape))], 2 + (0 if stops else scans))
    case.outer = [z.values(shape)]

    def graph(name, outer):
        n = lambda part: "%s.%s" % (name, part)
        nodes = [("Add", [n("a"), outer[0]], [n("a1")]), ("Mul", [n("b"), n("a")], [n("b0")]), ("Tanh", [n("b0")], [n("b1")])]
        last = n("a1")
        if nested and case.opset >= 13:
            more, last = chosen(z, n("if"), shape, [n("a1"), n("b"), outer[0]], 0)
            nodes += more
        nodes += [("Cast", [n("i")], [n("f")], {"to": TensorProto.FLOAT}), ("Add", [last, n("f")], [n("a2")])]
        if stops:
            nodes += [("Less", [n("i"), n("limit")], [n("c2")])]
        else:
            nodes += [("Identity", [n("c")], [n("c2")])]
        nodes += [("Sub", [n("a2"), n("b1")], [n("s%d" % k)]) for k in range(scans)]
        return body(name, nodes, [(n("i"), TensorProto.INT64, []), (n("c"), TensorProto.BOOL, []), (n("a"), TensorProto.FLOAT, shape), (n("b"), TensorProto.FLOAT, shape)],
                    [(n("c2"), TensorProto.BOOL, []), (n("a2"), TensorProto.FLOAT, shape), (n("b1"), TensorProto.FLOAT, shape)] + ([] if stops else [(n("s%d" % k), TensorProto.FLOAT, shape) for k in range(scans)]),
                    [(n("limit"), numpy.int64(z.int(0, 3)))])

    case.attributes = {"body": graph}
    return case


@kind
def scan(z):
    shape, length, count = z.shape(0, 2, 0), z.int(1, 5), z.int(1, 2)
    axes = [z.int(0, len(shape)) for _ in range(count)]
    scanned = [z.held(z.values(shape[:a] + [length] + shape[a:]), 0.2) for a in axes]
    case = Case(z.pick(9, 11, 16, 21), "Scan", [z.values(shape)] + scanned, 2)
    case.outer = [z.values(shape)]

    def graph(name, outer):
        n = lambda part: "%s.%s" % (name, part)
        nodes = [("Mul", [n("s"), outer[0]], [n("m")])]
        for k in range(count):
            nodes.append(("Add", [n("m") if k == 0 else n("p%d" % (k - 1)), n("x%d" % k)], [n("p%d" % k)]))
        nodes += [("Tanh", [n("p%d" % (count - 1))], [n("s2")]), ("Sub", [n("s2"), n("x0")], [n("y")])]
        return body(name, nodes, [(n("s"), TensorProto.FLOAT, shape)] + [(n("x%d" % k), TensorProto.FLOAT, shape) for k in range(count)], [(n("s2"), TensorProto.FLOAT, shape), (n("y"), TensorProto.FLOAT, shape)])

    case.attributes = {"body": graph, "num_scan_inputs": count, "scan_input_axes": [a - z.pick(0, len(shape) + 1) if case.opset >= 11 else a for a in axes], "scan_input_directions": [z.int(0, 1) for _ in axes],
                       "scan_output_axes": [z.int(0, len(shape))], "scan_output_directions": [z.int(0, 1)]}
    return case
