"""zoo_torch.py -- small models as torch's exporter writes them, for zoo.py.

Each function gives a module and its example inputs; `options` go to torch.onnx.export."""
# SPDX-License-Identifier: MIT
import torch
import torch.nn.functional as F
from torch import nn

MODELS = {}


def model(**options):
    def add(function):
        MODELS[function.__name__] = (function, options)
        return function

    return add


class Wrap(nn.Module):
    """A function of tensors, with modules that it uses."""

    def __init__(self, function, *modules):
        super().__init__()
        self.function = function
        self.parts = nn.ModuleList(modules)

    def forward(self, *inputs):
        return self.function(*self.parts, *inputs)


def image(*shape):
    return torch.randn(*(shape or (1, 3, 24, 20)))


def conv(a, b, k=3, **more):
    more.setdefault("padding", k // 2)
    return nn.Conv2d(a, b, k, **more)


# ---- sequences ----


@model()
def lstm_classifier():
    return Wrap(lambda l, f, x: f(l(x)[0][:, -1]), nn.LSTM(24, 48, 2, batch_first=True, bidirectional=True), nn.Linear(96, 5)), image(1, 9, 24)


@model()
def lstm_states():
    lstm = nn.LSTM(12, 40)
    return Wrap(lambda l, x, h, c: l(x, (h, c)), lstm), (image(6, 2, 12), image(1, 2, 40), image(1, 2, 40))


@model(dynamic_axes={"input_0": {0: "batch", 1: "time"}})
def gru_dynamic():
    return Wrap(lambda g, f, x: f(g(x)[1][-1]), nn.GRU(16, 33, 2, batch_first=True, bidirectional=True), nn.Linear(33, 4)), image(1, 7, 16)


@model()
def rnn_relu():
    return Wrap(lambda r, x: r(x), nn.RNN(10, 20, nonlinearity="relu")), image(5, 1, 10)


@model()
def lstm_cell_loop():
    def steps(cell, x):
        h = c = torch.zeros(1, 20)
        out = []
        for t in range(x.shape[0]):
            h, c = cell(x[t], (h, c))
            out.append(h)
        return torch.stack(out)

    return Wrap(steps, nn.LSTMCell(8, 20)), image(5, 1, 8)


@model()
def packed_sequence():
    def run(lstm, x, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
        return nn.utils.rnn.pad_packed_sequence(lstm(packed)[0], total_length=6)[0]

    return Wrap(run, nn.LSTM(8, 24, bidirectional=True)), (image(6, 2, 8), torch.tensor([6, 4]))


@model()
def transformer_encoder():
    layer = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True, activation="gelu")
    return Wrap(lambda t, x: t(x), nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)), image(1, 12, 32)


@model(dynamic_axes={"input_0": {0: "batch", 1: "time"}})
def transformer_norm_first():
    layer = nn.TransformerEncoderLayer(32, 2, 48, batch_first=True, norm_first=True)
    return Wrap(lambda t, x: t(x), layer), image(1, 10, 32)


@model()
def transformer_decoder():
    layer = nn.TransformerDecoderLayer(32, 4, 64, batch_first=True)
    return Wrap(lambda t, x, m: t(x, m), layer), (image(1, 7, 32), image(1, 9, 32))


@model()
def masked_attention():
    def run(a, x, mask):
        return a(x, x, x, key_padding_mask=mask, need_weights=True)

    return Wrap(run, nn.MultiheadAttention(24, 3, batch_first=True)), (image(2, 6, 24), torch.tensor([[0, 0, 0, 0, 1, 1], [0] * 6]).bool())


@model()
def causal_attention():
    def run(x, w):
        q, k, v = (x @ w).reshape(1, 8, 3, 4, 8).permute(2, 0, 3, 1, 4)
        score = q @ k.transpose(-1, -2) / 8**0.5
        score = score.masked_fill(torch.triu(torch.ones(8, 8), 1).bool(), float("-inf"))
        return (score.softmax(-1) @ v).transpose(1, 2).flatten(2)

    return Wrap(run), (image(1, 8, 32), image(32, 96))


@model()
def bert_embedding():
    def run(words, positions, norm, ids, kind):
        at = torch.arange(ids.shape[1]).unsqueeze(0)
        return norm(words(ids) + positions(at)) * (kind == 0).unsqueeze(-1).float()

    return Wrap(run, nn.Embedding(50, 32), nn.Embedding(16, 32), nn.LayerNorm(32)), (torch.randint(0, 50, (1, 9)), torch.randint(0, 2, (1, 9)))


@model()
def embedding_bag_like():
    return Wrap(lambda e, f, i: f(e(i).mean(1)), nn.Embedding(30, 16), nn.Linear(16, 3)), torch.randint(0, 30, (2, 7))


@model()
def text_cnn():
    def run(e, a, b, f, ids):
        x = e(ids).transpose(1, 2)
        return f(torch.cat([F.relu(c(x)).amax(-1) for c in (a, b)], 1))

    return Wrap(run, nn.Embedding(40, 16), nn.Conv1d(16, 20, 3), nn.Conv1d(16, 20, 5, padding=2), nn.Linear(40, 4)), torch.randint(0, 40, (1, 11))


@model()
def wavenet_block():
    def run(d, r, s, x):
        for dilated, residual, skip in ((d, r, s),):
            y = torch.tanh(dilated(x)) * torch.sigmoid(dilated(x))
            x = residual(y) + x[..., -y.shape[-1]:]
        return x, skip(y)

    return Wrap(run, nn.Conv1d(16, 16, 2, dilation=4), nn.Conv1d(16, 16, 1), nn.Conv1d(16, 8, 1)), image(1, 16, 40)


@model()
def conv1d_stack():
    return nn.Sequential(nn.Conv1d(8, 24, 5, stride=2, padding=2), nn.BatchNorm1d(24), nn.ReLU(), nn.MaxPool1d(2),
                         nn.Conv1d(24, 24, 3, groups=24, padding=1), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(24, 3)), image(1, 8, 50)


@model()
def conv_transpose_1d():
    return nn.Sequential(nn.ConvTranspose1d(8, 6, 4, stride=2, padding=1, output_padding=1), nn.LeakyReLU(0.2)), image(1, 8, 17)


# ---- volumes ----


@model()
def conv3d_net():
    return nn.Sequential(nn.Conv3d(2, 8, 3, padding=1), nn.BatchNorm3d(8), nn.ReLU(), nn.MaxPool3d(2), nn.Conv3d(8, 8, (1, 3, 3)),
                         nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(8, 2)), image(1, 2, 6, 12, 10)


@model()
def conv_transpose_3d():
    return nn.ConvTranspose3d(4, 3, 3, stride=2, padding=1, output_padding=1), image(1, 4, 3, 5, 4)


@model()
def upsample_3d():
    return Wrap(lambda x: F.interpolate(x, scale_factor=2, mode="trilinear", align_corners=False)), image(1, 2, 3, 4, 5)


# ---- images ----


@model()
def conv_transpose_padding():
    return nn.Sequential(nn.ConvTranspose2d(8, 6, 3, stride=2, padding=1, output_padding=1), nn.ReLU(),
                         nn.ConvTranspose2d(6, 6, 4, stride=2, padding=1, groups=2), nn.ConvTranspose2d(6, 3, 3, dilation=2)), image(1, 8, 7, 6)


@model()
def unet():
    class Unet(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.c = conv(3, 8), conv(8, 16), conv(24, 8)
            self.up, self.d = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True), conv(8, 2, 1)

        def forward(self, x):
            a = F.relu(self.a(x))
            b = F.relu(self.b(F.max_pool2d(a, 2)))
            return self.d(F.relu(self.c(torch.cat([self.up(b), a], 1))))

    return Unet(), image()


@model(dynamic_axes={"input_0": {0: "batch", 2: "height", 3: "width"}})
def dynamic_segmentation():
    def run(a, b, x):
        y = F.relu(a(x))
        y = b(F.adaptive_avg_pool2d(y, 1)).sigmoid() * y
        return F.interpolate(y, size=x.shape[2:], mode="bilinear", align_corners=False)

    return Wrap(run, conv(3, 8, stride=2), conv(8, 8, 1)), image()


for _mode, _more in {"nearest": {}, "bilinear": {"align_corners": False}, "bicubic": {"align_corners": False}}.items():
    for _size in ({"scale_factor": 2}, {"size": (13, 31)}, {"scale_factor": 0.5}):
        def _interpolate(mode=_mode, more=_more, size=_size):
            return Wrap(lambda c, x: F.interpolate(c(x), mode=mode, **size, **more), conv(3, 8)), image(1, 3, 12, 10)
        MODELS["interpolate_%s_%s" % (_mode, "_".join(str(v) for v in _size.values()).replace(" ", "").strip("()").replace(",", "x"))] = (_interpolate, {})


@model()
def interpolate_corners():
    return Wrap(lambda c, x: F.interpolate(c(x), size=(9, 17), mode="bicubic", align_corners=True), conv(3, 4)), image(1, 3, 12, 10)


@model(opset_version=16)
def grid_sample():
    def run(c, x, grid):
        return F.grid_sample(c(x), grid, align_corners=False, padding_mode="border")

    return Wrap(run, conv(3, 6)), (image(1, 3, 9, 8), torch.rand(1, 5, 7, 2) * 2.4 - 1.2)


@model(opset_version=16)
def spatial_transformer():
    def run(f, x):
        theta = f(x.mean((2, 3))).reshape(-1, 2, 3) * 0.1 + torch.eye(2, 3)
        at = torch.stack(torch.meshgrid(torch.linspace(-1, 1, 8), torch.linspace(-1, 1, 6), indexing="ij")[::-1], -1).reshape(1, -1, 2)
        grid = (torch.cat([at, torch.ones(1, 48, 1)], -1) @ theta.transpose(1, 2)).reshape(1, 8, 6, 2)
        return F.grid_sample(x, grid, align_corners=True, mode="bilinear")

    return Wrap(run, nn.Linear(3, 6)), image(1, 3, 9, 8)


@model()
def norms():
    return nn.Sequential(conv(3, 16), nn.GroupNorm(4, 16), nn.SiLU(), conv(16, 16), nn.InstanceNorm2d(16, affine=True), nn.Hardswish(),
                         conv(16, 16), nn.LayerNorm([16, 12, 10]), nn.Mish()), image(1, 3, 12, 10)


@model(training=torch.onnx.TrainingMode.PRESERVE)
def batch_norm_running():
    return nn.Sequential(conv(3, 8), nn.BatchNorm2d(8, affine=False), nn.PReLU(8), conv(8, 8), nn.BatchNorm2d(8)).eval(), image()


@model()
def pixel_shuffle():
    return nn.Sequential(conv(3, 16), nn.PixelShuffle(2), nn.PixelUnshuffle(4)), image(1, 3, 8, 12)


@model()
def channel_shuffle():
    def run(a, b, x):
        x = a(x)
        n, c, h, w = x.shape
        x = x.reshape(n, 4, c // 4, h, w).transpose(1, 2).reshape(n, c, h, w)
        left, right = x.chunk(2, 1)
        return torch.cat([left, b(right)], 1)

    return Wrap(run, conv(3, 16), conv(8, 8, groups=8)), image()


@model()
def unfold():
    return Wrap(lambda c, x: F.unfold(c(x), 3, padding=1, stride=2), conv(3, 4)), image(1, 3, 10, 8)


@model()
def roll_windows():
    def run(c, f, x):
        x = c(x).permute(0, 2, 3, 1)
        x = torch.roll(x, (-2, -2), (1, 2))
        n, h, w, k = x.shape
        x = x.reshape(n, h // 4, 4, w // 4, 4, k).permute(0, 1, 3, 2, 4, 5).reshape(-1, 16, k)
        x = f((x @ x.transpose(1, 2)).softmax(-1) @ x)
        x = x.reshape(n, h // 4, w // 4, 4, 4, k).permute(0, 1, 3, 2, 4, 5).reshape(n, h, w, k)
        return torch.roll(x, (2, 2), (1, 2)).permute(0, 3, 1, 2)

    return Wrap(run, conv(3, 8), nn.Linear(8, 8)), image(1, 3, 8, 12)


@model()
def einsum():
    def run(x, w, v):
        y = torch.einsum("nchw,cd->ndhw", x, w)
        return torch.einsum("ndhw,nehw->nde", y, y) + torch.einsum("i,j->ij", v, v)

    return Wrap(run), (image(1, 3, 6, 5), image(3, 4), image(4))


@model()
def reductions():
    def run(c, x):
        y = c(x)
        return (y.std((2, 3)), y.var(1, unbiased=False), y.norm(dim=1), torch.logsumexp(y, 1), y.prod(-1), y.argmax(1), y.amin((1, 2)), y.cumsum(2))

    return Wrap(run, conv(3, 6)), image(1, 3, 8, 7)


@model()
def indexing():
    def run(c, x, i):
        y = c(x)
        return y[:, i], y[:, ::2, 1:-1, ::3], torch.gather(y, 3, i.reshape(1, 1, 1, 3).expand(1, 8, 12, 3)), y[..., -1], torch.index_select(y, 2, i)

    return Wrap(run, conv(3, 8)), (image(1, 3, 12, 10), torch.tensor([5, 0, 2]))


@model()
def writing():
    def run(x, v):
        x = x.clone()
        x[:, 1] = v
        x[:, :, 2:4, 1] += 1
        return x.masked_fill(x > 1, 0.5), torch.where(x > 0, x, v.mean()), x.scatter(1, torch.zeros(1, 1, 6, 5).long(), 9.0)

    return Wrap(run), (image(1, 3, 6, 5), image(6, 5))


@model()
def sorting():
    def run(x):
        values, at = torch.topk(x, 4, 1)
        s, order = torch.sort(x, 1, descending=True)
        return values, at, s, order, x.max(1).values, x.min(1).indices

    return Wrap(run), torch.randperm(24).reshape(2, 12).float()


@model()
def activations():
    kinds = [nn.ELU(), nn.SELU(), nn.CELU(), nn.Softplus(), nn.Softsign(), nn.Hardtanh(), nn.ReLU6(), nn.Hardsigmoid(), nn.LogSigmoid(), nn.GELU(),
             nn.Tanhshrink(), nn.Softshrink(), nn.Hardshrink(), nn.GLU(1), nn.Softmin(1), nn.LogSoftmax(1), nn.GELU(approximate="tanh")]
    return Wrap(lambda *a: tuple(k(a[-1]) for k in a[:-1]), *kinds), image(1, 8, 6, 5)


@model()
def pools():
    def run(x):
        return (F.max_pool2d(x, 3, 2, 1, ceil_mode=True), F.avg_pool2d(x, 3, 2, 1, ceil_mode=True, count_include_pad=False), F.avg_pool2d(x, 2, ceil_mode=True),
                F.max_pool2d(x, 2, dilation=2), F.lp_pool2d(x.abs(), 2, 2), F.adaptive_avg_pool2d(x, (5, 3)))

    return Wrap(run), image(1, 4, 15, 12)


@model()
def max_pool_indices():
    return Wrap(lambda x: F.max_pool2d(x, 2, return_indices=True)), image(1, 2, 8, 6)


@model()
def pads():
    def run(c, x):
        return c(F.pad(x, (1, 2, 0, 1), mode="reflect")), F.pad(x, (1, 1, 2, 0), mode="replicate"), F.pad(x, (-1, 2, 1, -1), value=0.5), F.pad(x, (2, 1, 1, 1), mode="circular")

    return Wrap(run, conv(3, 4)), image(1, 3, 8, 7)


@model()
def squeeze_excite():
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.c = conv(16, 16, groups=16), nn.Linear(16, 4), nn.Linear(4, 16)
            self.first = conv(3, 16)

        def forward(self, x):
            x = self.a(self.first(x))
            s = x.mean((2, 3))
            return x * torch.sigmoid(self.c(F.relu(self.b(s)))).view(1, 16, 1, 1)

    return Block(), image()


@model()
def convmixer():
    return nn.Sequential(nn.Conv2d(3, 16, 4, 4), nn.GELU(), nn.BatchNorm2d(16), conv(16, 16, 9, groups=16), nn.GELU(), nn.BatchNorm2d(16), conv(16, 16, 1),
                         nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(), nn.Linear(16, 6)), image(1, 3, 32, 24)


@model()
def convnext_block():
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem, self.d, self.n = nn.Conv2d(3, 16, 4, 4), conv(16, 16, 7, groups=16), nn.LayerNorm(16, eps=1e-6)
            self.a, self.b, self.g = nn.Linear(16, 64), nn.Linear(64, 16), nn.Parameter(torch.ones(16) * 0.3)

        def forward(self, x):
            x = self.stem(x)
            y = self.n(self.d(x).permute(0, 2, 3, 1))
            return x + (self.g * self.b(F.gelu(self.a(y)))).permute(0, 3, 1, 2)

    return Block(), image(1, 3, 32, 24)


@model()
def vae():
    class Vae(nn.Module):
        def __init__(self):
            super().__init__()
            self.e, self.m, self.v, self.d = nn.Linear(40, 24), nn.Linear(24, 4), nn.Linear(24, 4), nn.Linear(4, 40)

        def forward(self, x, noise):
            h = F.elu(self.e(x.flatten(1)))
            return torch.sigmoid(self.d(self.m(h) + torch.exp(0.5 * self.v(h)) * noise)).view_as(x)

    return Vae(), (image(2, 5, 8), image(2, 4))


@model()
def detection_head():
    def run(c, x):
        y = c(x).reshape(1, 2, 7, 6, 5).permute(0, 1, 3, 4, 2).sigmoid()
        gy, gx = torch.meshgrid(torch.arange(6), torch.arange(5), indexing="ij")
        xy = (y[..., :2] * 2 - 0.5 + torch.stack((gx, gy), -1)) * 8
        return torch.cat([xy, (y[..., 2:4] * 2) ** 2 * 16, y[..., 4:]], -1).reshape(1, -1, 7)

    return Wrap(run, conv(3, 14)), image(1, 3, 6, 5)


@model()
def positional_2d():
    def run(c, x):
        y = c(x)
        mask = torch.ones(y.shape[0], y.shape[2], y.shape[3])
        rows = mask.cumsum(1) / (y.shape[2] + 1e-6) * 6.28
        return y + torch.cat([rows.sin().unsqueeze(1).expand(-1, 4, -1, -1), rows.cos().unsqueeze(1).expand(-1, 4, -1, -1)], 1)

    return Wrap(run, conv(3, 8)), image(1, 3, 6, 5)


@model()
def scalars():
    def run(x, s):
        return x * s + x.size(1), (x // 0.3), torch.fmod(x, 0.7), x % 0.4, torch.clamp(x, max=0.2), torch.round(x * 2), x.pow(2).sum().sqrt(), x.sign() * x.abs().log1p(), x.erf()

    return Wrap(run), (image(2, 3), torch.tensor(1.5))


@model()
def integers():
    def run(x, y):
        return x + y, x // (y.abs() + 1), x % 5, (x > y) & (y != 0), x.float() / 3, torch.bitwise_not(x > 0), (x * 2).clamp(0, 9), x.max(), ~(x > 0) | (y < 3)

    return Wrap(run), (torch.randint(-9, 9, (3, 4)), torch.randint(-9, 9, (3, 4)))


@model()
def doubles():
    net = nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 2)).double()
    return net, image(2, 6).double()


@model()
def data_dependent_branch():
    @torch.jit.script
    def choose(x):
        if bool(x.sum() > 0):
            y = x * 2
        else:
            y = x - 1
        return y

    return Wrap(lambda c, x: choose(c(x)), conv(3, 4)), image(1, 3, 6, 5)


@model()
def scripted_loop():
    @torch.jit.script
    def steps(x):
        for i in range(4):
            x = torch.tanh(x * (i + 1)) + x
        return x

    return Wrap(lambda x: steps(x)), image(2, 6)


@model()
def split_stack():
    def run(x):
        a, b, c = x.split([2, 3, 1], 1)
        return torch.stack([a.mean(1), b.mean(1), c.squeeze(1)], -1), torch.hstack([a, c]), x.unbind(1)[2], x.repeat(1, 2, 1), torch.flip(x, [2]), x.tile(2, 1, 1)

    return Wrap(run), image(2, 6, 5)


@model()
def distances():
    def run(x, y):
        return torch.cdist(x, y), F.cosine_similarity(x, y[:5], 1), F.pairwise_distance(x, y[:5]), F.normalize(x, dim=1), torch.bmm(x[None], y.t()[None]), torch.baddbmm(torch.ones(1, 5, 7), x[None], y.t()[None], beta=0.5)

    return Wrap(run), (image(5, 8), image(7, 8))


@model()
def losses():
    def run(x, t):
        return F.cross_entropy(x, t), F.nll_loss(x.log_softmax(1), t, reduction="none"), F.mse_loss(x, x * 0.5), F.binary_cross_entropy_with_logits(x, (x > 0).float()), F.smooth_l1_loss(x, x * 3)

    return Wrap(run), (image(4, 5), torch.tensor([1, 0, 4, 2]))


@model()
def weight_norm():
    return nn.Sequential(nn.utils.weight_norm(conv(3, 8)), nn.utils.spectral_norm(nn.Conv2d(8, 4, 1)).eval()), image(1, 3, 6, 5)


@model(opset_version=13)
def opset_13():
    return nn.Sequential(conv(3, 8), nn.BatchNorm2d(8), nn.Hardswish(), nn.Dropout(0.2), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(32, 4), nn.Softmax(1)), image()


@model(opset_version=9)
def opset_9():
    return nn.Sequential(conv(3, 8), nn.BatchNorm2d(8), nn.ReLU6(), nn.Upsample(scale_factor=2), nn.AvgPool2d(3, 2), nn.Flatten(), nn.Linear(8 * 23 * 19, 4), nn.LogSoftmax(1)), image()


@model(opset_version=11, keep_initializers_as_inputs=True)
def initializers_as_inputs():
    return nn.Sequential(conv(3, 8), nn.BatchNorm2d(8), nn.ReLU(), nn.Upsample(scale_factor=2, mode="bilinear"), nn.Flatten(1, 2), nn.Linear(40, 2)), image()


@model(export_modules_as_functions={nn.LayerNorm, nn.GELU}, opset_version=15)
def local_functions():
    return nn.Sequential(nn.Linear(16, 24), nn.LayerNorm(24), nn.GELU(), nn.Linear(24, 4), nn.LayerNorm(4)), image(1, 5, 16)
