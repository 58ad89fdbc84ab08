# cases.py -- the nodes of each fixture, for make.py.
# SPDX-License-Identifier: MIT
import numpy as np


class Constant:
    """An input that the model holds."""

    def __init__(self, values, dtype=np.int64):
        self.array = np.array(values, dtype)


class Case:
    """A node; `outputs`: their number, or which are wanted; `expected`: results where ONNX Runtime has no kernel, or an inexact one."""

    def __init__(self, op, *inputs, outputs=1, expected=None, **attributes):
        self.op, self.inputs, self.attributes, self.expected = op, inputs, attributes, expected
        self.outputs = [True] * outputs if isinstance(outputs, int) else outputs


random = np.random.default_rng(24)


def real(*shape, dtype=np.float32, low=-1, high=1):
    return np.round(random.uniform(low, high, shape), 2).astype(dtype)


def integers(*shape, low=-9, high=9, dtype=np.int64):
    return random.integers(low, high + 1, shape).astype(dtype)


def bools(*shape):
    return random.uniform(0, 1, shape) < 0.7


def attention():
    q, k, v = real(2, 3, 4, 8), real(2, 3, 6, 8), real(2, 3, 6, 5)
    past = real(2, 3, 3, 8), real(2, 3, 3, 5)
    yield Case("Attention", q, k, v)
    yield Case("Attention", q, k, v, real(4, 6), scale=0.4)
    yield Case("Attention", q, k, v, bools(2, 1, 4, 6))
    yield Case("Attention", q, k, v, real(3, 4, 6), is_causal=1, softcap=1.5)
    yield Case("Attention", q, k, v, real(4, 9), *past, outputs=3)
    yield Case("Attention", q, k, v, None, *past, outputs=3, is_causal=1)
    for mode in range(4):
        yield Case("Attention", q, k, v, real(1, 3, 4, 6), outputs=[1, 0, 0, 1], softcap=0.5, qk_matmul_output_mode=mode)
    yield Case("Attention", real(1, 4, 5, 8), real(1, 2, 5, 8), real(1, 2, 5, 8), is_causal=1)
    yield Case("Attention", real(1, 4, 5, 8), real(1, 1, 7, 8), real(1, 1, 7, 3))
    heads = {"q_num_heads": 4, "kv_num_heads": 2}
    yield Case("Attention", real(2, 3, 12), real(2, 5, 6), real(2, 5, 10), **heads)
    yield Case("Attention", real(2, 3, 12), real(2, 5, 6), real(2, 5, 10), bools(3, 7), real(2, 2, 2, 3), real(2, 2, 2, 5),
               outputs=3, **heads)
    yield Case("Attention", real(2, 3, 12), real(2, 5, 6), real(2, 5, 10), None, None, None, np.array([4, 2]), **heads)
    yield Case("Attention", real(2, 1, 12), real(2, 5, 6), real(2, 5, 10), None, None, None, np.array([4, 2]), is_causal=1,
               **heads)
    yield Case("Attention", real(1, 2, 3, 4), real(1, 2, 3, 4), real(1, 2, 3, 4),
               np.array([[True, False, True], [False, False, False], [True, True, True]]))


def rotary_embedding():
    x, flat = real(2, 3, 4, 6), real(2, 4, 18)
    cosines, sines, positions = real(2, 4, 3), real(2, 4, 3), integers(2, 4, low=0, high=8)
    table = real(9, 3), real(9, 3)
    for interleaved in (0, 1):
        yield Case("RotaryEmbedding", x, cosines, sines, interleaved=interleaved)
        yield Case("RotaryEmbedding", x, *table, positions, interleaved=interleaved)
        yield Case("RotaryEmbedding", flat, *table, positions, interleaved=interleaved, num_heads=3)
        yield Case("RotaryEmbedding", x, real(9, 2), real(9, 2), positions, interleaved=interleaved, rotary_embedding_dim=4,
                   num_heads=3)
    yield Case("RotaryEmbedding", x.astype(np.float16), *(t.astype(np.float16) for t in table), positions)


def normalization():
    x, scale = real(2, 3, 10), real(10)
    yield Case("LayerNormalization", x, scale)
    yield Case("LayerNormalization", x, scale, real(10), outputs=3, axis=-1, epsilon=0.01)
    yield Case("LayerNormalization", x, real(3, 10), real(3, 10), outputs=3, axis=1)
    yield Case("RMSNormalization", x, scale)
    yield Case("RMSNormalization", x, real(3, 10), axis=1, epsilon=0.1)
    yield Case("GroupNormalization", real(2, 6, 3, 2), real(6), real(6), num_groups=3)
    yield Case("GroupNormalization", real(1, 20, 5), real(20), real(20), num_groups=2, epsilon=0.1)


def group_normalization_18():
    yield Case("GroupNormalization", real(2, 6, 3, 2), real(3), real(3), num_groups=3)
    yield Case("GroupNormalization", real(1, 20, 5), real(2), real(2), num_groups=2, epsilon=0.1)
    yield Case("GroupNormalization", real(2, 3, 5), Constant([1.5], np.float32), real(1), num_groups=1)


def activations():
    x = real(3, 7, low=-4, high=4)
    yield Case("Gelu", x)
    yield Case("Gelu", x, approximate="tanh")
    yield Case("Mish", x)
    yield Case("Swish", x, expected=[(x / (1 + np.exp(-x))).astype(np.float32)])
    yield Case("Swish", x, alpha=0.4, expected=[(x / (1 + np.exp(-0.4 * x))).astype(np.float32)])
    special = np.array([1, np.inf, -np.inf, np.nan, 0], np.float32)
    yield Case("IsInf", special)
    yield Case("IsInf", special, detect_negative=0)
    yield Case("IsInf", special.astype(np.float16), detect_positive=0)
    yield Case("IsNaN", special)
    yield Case("IsNaN", special.astype(np.float16))
    a, b = integers(3, 4, dtype=np.int32), integers(4, dtype=np.int32)
    for op in ("BitwiseAnd", "BitwiseOr", "BitwiseXor"):
        yield Case(op, a, b)
        yield Case(op, integers(2, 3, low=0, high=200, dtype=np.uint8), integers(1, 3, low=0, high=200, dtype=np.uint8))
    yield Case("BitwiseNot", a)
    yield Case("BitwiseNot", integers(5, low=0, high=60000, dtype=np.uint16))
    yield Case("Equal", a, b)
    yield Case("Equal", bools(3, 4), bools(4))
    yield Case("Equal", integers(9, low=0, high=2, dtype=np.uint8), integers(9, low=0, high=2, dtype=np.uint8))
    yield Case("Cast", real(9, low=-5, high=5), to=10)
    yield Case("Cast", real(9, low=-5, high=5), to=6)
    yield Case("Cast", integers(9, low=-300, high=300), to=2)
    yield Case("Cast", special[:3], to=9)


def reductions():
    x = real(2, 3, 4)
    for op in ("ReduceL1", "ReduceL2", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum",
               "ReduceSumSquare"):
        yield Case(op, x, Constant([1]), keepdims=0)
        yield Case(op, x, Constant([0, -1]))
        yield Case(op, x)
        yield Case(op, x, noop_with_empty_axes=1)
    yield Case("ReduceLogSum", np.abs(x), Constant([2]))
    yield Case("ReduceMax", bools(3, 4, 2), Constant([1]))
    yield Case("ReduceMin", bools(3, 4, 2), Constant([0, 2]), keepdims=0)
    yield Case("ReduceMax", integers(3, 4, low=0, high=200, dtype=np.uint8), Constant([1]))
    yield Case("ReduceMin", integers(3, 4, low=-100, high=100, dtype=np.int8), Constant([0]))
    yield Case("ReduceSum", integers(3, 4, dtype=np.int32), Constant([0]))


def movement():
    x = real(7, 3)
    yield Case("Split", x, outputs=3, num_outputs=3)
    yield Case("Split", real(2, 8), outputs=3, num_outputs=3, axis=1)
    yield Case("Split", x, Constant([2, 5]), outputs=2)
    image = real(1, 2, 4, 5)
    for mode in ("constant", "reflect", "edge", "wrap"):
        yield Case("Pad", image, Constant([1, 2, 1, 0]), None, Constant([2, -1]), mode=mode)
    yield Case("Pad", image, Constant([1, 2, -1, 0]), Constant(1.5, np.float32), Constant([3, 2]))
    yield Case("Pad", integers(3, 4), Constant([0, 1, 2, 0]), Constant(7))
    data = real(3, 5)
    where, updates = integers(2, 5, low=-3, high=2), real(2, 5)
    for reduction in ("none", "add", "mul", "max", "min"):
        rows = np.array([[0, 2, 1, 0, 2], [1, 0, 2, 2, 1]]) if reduction == "none" else where
        yield Case("ScatterElements", data, rows, updates, reduction=reduction)
        places = np.array([[2], [0]]) if reduction == "none" else np.array([[1], [1]])
        yield Case("ScatterND", data, places, updates, reduction=reduction)
    yield Case("Flatten", integers(2, 3, 4, dtype=np.int32), axis=-1)
    yield Case("Shape", real(2, 3, 4), start=-2)
    yield Case("ConstantOfShape", Constant([2, 3]))


    cache, update = real(2, 3, 6, 2), real(2, 3, 2, 2)
    written = cache.copy()
    for batch, place in enumerate((3, 1)):
        written[batch, :, place:place + 2] = update[batch]
    yield Case("TensorScatter", cache, update, np.array([3, 1]), expected=[written])
    written = cache.copy()
    written[:, :, :2] = update
    yield Case("TensorScatter", cache, update, axis=2, expected=[written])
    written = cache.copy()
    for batch, place in enumerate((5, 4)):
        written[batch][:, [place, (place + 1) % 6]] = update[batch]
    yield Case("TensorScatter", cache, update, np.array([5, 4]), mode="circular", expected=[written])
    yield Case("CenterCropPad", real(5, 6, 3), Constant([8, 3, 3]))
    yield Case("CenterCropPad", integers(5, 6, 3), Constant([4, 6]), axes=[-1, 0])
    yield Case("Split", x, Constant([4, 0, 3]), outputs=3)
    yield Case("Slice", x, Constant([5]), Constant([2]))
    yield Case("Sub", real(2, 3), real(2, 3))


def resize():
    x = real(1, 2, 6, 8)
    for mode in ("linear", "cubic"):
        yield Case("Resize", x, None, Constant([0.6, 0.6], np.float32), axes=[2, 3], mode=mode, antialias=1)
        yield Case("Resize", x, None, None, Constant([1, 2, 3, 5]), mode=mode, antialias=1)
        yield Case("Resize", x, None, Constant([0.8, 0.8], np.float32), axes=[2, 3], mode=mode,
                   coordinate_transformation_mode="half_pixel_symmetric")
    yield Case("Resize", x, None, Constant([0.6, 0.6], np.float32), axes=[2, 3], mode="cubic", antialias=1, exclude_outside=1)
    for policy in ("stretch", "not_larger", "not_smaller"):
        yield Case("Resize", x, None, None, Constant([7, 6]), axes=[2, 3], keep_aspect_ratio_policy=policy)
        yield Case("Resize", x, None, None, Constant([9, 13]), axes=[3, 2], keep_aspect_ratio_policy=policy, mode="linear")
    yield Case("Resize", x, Constant([0.4, 0.6, 0.9, 0.8], np.float32), None, Constant([3, 3]), axes=[2, 3], mode="linear",
               coordinate_transformation_mode="tf_crop_and_resize", extrapolation_value=5.0)
    yield Case("Resize", x, real(8), None, Constant([1, 2, 4, 9]), mode="linear")
    yield Case("Resize", integers(1, 2, 5, 4, dtype=np.int32), None, None, Constant([1, 2, 7, 3]), nearest_mode="ceil")


def images():
    x = real(1, 2, 6, 7)
    yield Case("AveragePool", x, kernel_shape=[2, 2], dilations=[2, 2])
    yield Case("AveragePool", x, kernel_shape=[3, 2], dilations=[1, 3], pads=[1, 1, 1, 1], count_include_pad=1)
    yield Case("AveragePool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], ceil_mode=1)
    yield Case("LpPool", x, kernel_shape=[2, 2], dilations=[2, 2], p=3)
    yield Case("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1, outputs=2)
    grid = real(1, 3, 4, 2, low=-1.2, high=1.2)
    for mode in ("linear", "cubic", "nearest"):
        for padding in ("zeros", "border", "reflection"):
            yield Case("GridSample", x, grid, mode=mode, padding_mode=padding, align_corners=int(padding == "border"))
    volume, points = real(1, 2, 3, 4, 5), real(1, 2, 3, 2, 3, low=-1.2, high=1.2)
    for mode in ("linear", "nearest"):
        yield Case("GridSample", volume, points, mode=mode)
        yield Case("GridSample", volume, points, mode=mode, padding_mode="reflection", align_corners=1)


    yield Case("DeformConv", real(1, 2, 4, 5), real(3, 2, 2, 2), real(1, 8, 3, 4), real(3), real(1, 4, 3, 4))
    yield Case("DeformConv", real(1, 4, 5, 4), real(4, 2, 2, 1), real(1, 8, 4, 4), group=2, offset_group=2)
    yield Case("DeformConv", real(1, 1, 5, 5), real(2, 1, 3, 3), real(1, 18, 3, 3), strides=[2, 2], pads=[1, 1, 1, 1])
    yield Case("Col2Im", real(1, 12, 12), Constant([5, 5]), Constant([2, 3]))
    yield Case("Col2Im", real(2, 6, 6), Constant([7, 7]), Constant([2, 3]), strides=[2, 3], dilations=[2, 1], pads=[0, 0, 0, 1])
    yield Case("Col2Im", real(1, 8, 4), Constant([3, 3, 3]), Constant([2, 2, 2]), strides=[1, 2, 1])
    yield Case("ConvTranspose", real(1, 4, 3, 5), real(4, 2, 1, 3), strides=[3, 3], output_padding=[2, 2])
    yield Case("Det", real(2, 3, 3))
    yield Case("Det", real(4, 4))
    for corners in (0, 1):
        yield Case("AffineGrid", real(2, 2, 3), Constant([2, 1, 3, 4]), align_corners=corners)
        yield Case("AffineGrid", real(1, 3, 4), Constant([1, 1, 2, 3, 4]), align_corners=corners)


def detections():
    boxes = np.concatenate([real(2, 12, 2, low=0, high=2), real(2, 12, 2, low=2, high=4)], 2)
    scores = real(2, 2, 12, low=0, high=1)
    overlap, score = Constant([0.3], np.float32), Constant([0.4], np.float32)
    yield Case("NonMaxSuppression", boxes, scores, Constant([4]), overlap, score)
    yield Case("NonMaxSuppression", boxes, scores, Constant([12]), overlap)
    yield Case("NonMaxSuppression", boxes[..., [2, 1, 0, 3]], scores, Constant([3]), Constant([0.0], np.float32))
    yield Case("NonMaxSuppression", boxes, scores, Constant([5]), overlap, score, center_point_box=1)


    for ordered in (0, 1):
        yield Case("Unique", integers(12, low=0, high=4), outputs=4, sorted=ordered)
        yield Case("Unique", real(3, 3, low=-0.01, high=0.01), outputs=4, sorted=ordered)
        yield Case("Unique", integers(2, 6, 2, low=0, high=1), outputs=4, sorted=ordered, axis=1)


def signals():
    yield Case("DFT", real(2, 8, 1), None, Constant(1))
    yield Case("DFT", real(2, 9, 1), None, Constant(-2), onesided=1)
    yield Case("DFT", real(2, 5, 3, 2), Constant(7), Constant(1))
    yield Case("DFT", real(2, 5, 3, 2), Constant(4), Constant(2), inverse=1)
    yield Case("STFT", real(2, 30, 1), Constant(4), real(8), Constant(8))
    yield Case("STFT", real(1, 20, 1), Constant(3), real(7), onesided=0)
    yield Case("STFT", real(2, 20, 2), Constant(5), None, Constant(6), onesided=0)
    hamming = 25 / 46 - 21 / 46 * np.cos(2 * np.pi * np.arange(7) / 6)
    for op, expected in ("HannWindow", np.hanning(7)), ("HammingWindow", hamming), ("BlackmanWindow", np.blackman(7)):
        yield Case(op, Constant(6))
        yield Case(op, Constant(7), periodic=0, output_datatype=11, expected=[expected]) # ONNX Runtime's is float's


def doubles():
    """float64, for which ONNX Runtime has few kernels, some of which compute in float: torch computes the others."""
    import torch
    from torch.nn import functional

    def doubled(*shape):
        return real(*shape, dtype=np.float64)

    def expect(result):
        return [result.detach().numpy()]

    def tensors(*arrays):
        return [None if a is None else torch.from_numpy(a.array if isinstance(a, Constant) else a) for a in arrays]

    def computed(op, function, *inputs, **attributes):
        given = tensors(*inputs)
        return Case(op, *inputs, expected=expect(function(*given)), **attributes)

    x, image = doubled(1, 6, 5, 7), doubled(1, 2, 7, 6)
    for kernel in (Constant(doubled(8, 2, 3, 3), np.float64), doubled(8, 2, 3, 3)):
        yield computed("Conv", lambda a, w, b: functional.conv2d(a, w, b, (2, 1), (1, 2), (1, 2), 3)[:, :6], x,
                       Constant(kernel.array[:6], np.float64) if isinstance(kernel, Constant) else kernel[:6], doubled(6), group=3,
                       strides=[2, 1], pads=[1, 2, 1, 2], dilations=[1, 2])
    yield computed("Conv", lambda a, w: functional.conv1d(a, w), doubled(1, 18, 9), Constant(doubled(3, 18, 4), np.float64))
    yield computed("ConvTranspose", lambda a, w, b: functional.conv_transpose2d(a, w, b, 2, 1, 1), x, Constant(doubled(6, 5, 3, 3), np.float64),
                   doubled(5), strides=[2, 2], pads=[1, 1, 1, 1], output_padding=[1, 1])
    yield Case("MaxPool", image, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    yield computed("AveragePool", lambda a: functional.avg_pool2d(a, 3, 2, 1), image, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1],
                   count_include_pad=1)
    yield computed("LpPool", lambda a: torch.sqrt(9 * functional.avg_pool2d(a * a, 3, 2)), image, kernel_shape=[3, 3], strides=[2, 2])
    yield computed("GlobalAveragePool", lambda a: a.mean((2, 3), keepdim=True), image)
    half, small = float(np.float32(0.01)), float(np.float32(1e-5))
    yield Case("BatchNormalization", x,
                   *(Constant(np.abs(doubled(6)) + 0.1, np.float64) for _ in range(4)))
    yield computed("InstanceNormalization", lambda a, s, b: functional.instance_norm(a, weight=s, bias=b, eps=half), x, doubled(6), doubled(6),
                   epsilon=0.01)
    yield Case("LayerNormalization", x, doubled(7), doubled(7))
    yield computed("GroupNormalization", lambda a, s, b: functional.group_norm(a, 3, s, b, small), x, doubled(6), doubled(6), num_groups=3, stash_type=11)
    yield computed("RMSNormalization", lambda a, s: a / torch.sqrt((a * a).mean(-1, keepdim=True) + small) * s, x, doubled(7))
    yield computed("LRN", lambda a: functional.local_response_norm(a, 5, 0.25, 0.75, 2.0), x, size=5, alpha=0.25, beta=0.75, bias=2.0)
    yield Case("LpNormalization", x, axis=1)
    yield Case("Softmax", x, axis=1)
    yield Case("LogSoftmax", x)
    yield Case("MatMul", doubled(2, 3, 20), Constant(doubled(20, 17), np.float64))
    yield Case("MatMul", doubled(2, 3, 20), doubled(2, 20, 5))
    yield Case("Gemm", doubled(9, 4), doubled(9, 6), doubled(6), transA=1, alpha=0.5, beta=2.0)
    yield computed("Attention", functional_attention, doubled(2, 3, 4, 8), doubled(2, 3, 6, 8), doubled(2, 3, 6, 5))
    sizes = Constant([1, 2, 9, 11])
    for mode, torch_mode in (("linear", "bilinear"), ("cubic", "bicubic")):
        yield Case("Resize", image, None, None, sizes, mode=mode, expected=expect(
            functional.interpolate(torch.from_numpy(image), (9, 11), mode=torch_mode, align_corners=True)), coordinate_transformation_mode="align_corners")
        grid = doubled(1, 3, 4, 2)
        yield computed("GridSample", lambda a, g: functional.grid_sample(a, g, torch_mode, align_corners=False), image, grid, mode=mode)
    yield Case("DFT", doubled(2, 9, 1))
    lstm = torch.nn.LSTM(5, 7).double()
    order = [i * 7 + j for i in (0, 3, 1, 2) for j in range(7)]  # torch: in, forget, cell, out; ONNX: in, out, forget, cell
    w, r = lstm.weight_ih_l0[order], lstm.weight_hh_l0[order]
    b = torch.cat([lstm.bias_ih_l0[order], lstm.bias_hh_l0[order]])
    steps = doubled(4, 2, 5)
    yield Case("LSTM", steps, *(Constant(t[None].detach().numpy(), np.float64) for t in (w, r, b)), hidden_size=7,
               expected=expect(lstm(torch.from_numpy(steps))[0][:, None]))


def functional_attention(q, k, v):
    return ((q @ k.transpose(-1, -2)) * 8**-0.5).softmax(-1) @ v


FAMILIES = {
    "attention": (24, attention),
    "rotary_embedding": (23, rotary_embedding),
    "normalization": (23, normalization),
    "group_normalization_18": (18, group_normalization_18),
    "activations": (24, activations),
    "reductions": (20, reductions),
    "movement": (24, movement),
    "resize": (19, resize),
    "images": (20, images),
    "detections": (23, detections),
    "signals": (20, signals),
    "doubles": (24, doubles),
}
