"""zoo_networks.py -- small networks with all ways in which channels hang together, for zoo.py; most of use with PRUNE=0.3.

Each function gives a module and its example inputs; `options` go to torch.onnx.export."""
# SPDX-License-Identifier: MIT
import torch
import torch.nn.functional as F
from torch import nn

from zoo_torch import MODELS, Wrap, conv, image, model


def classes(width, count=7):
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, count))


def normed(a, b, k=3, **more):
    return nn.Sequential(conv(a, b, k, bias=False, **more), nn.BatchNorm2d(b))


def settle(module, *inputs):
    """Statistics of the normalisations, as if trained."""
    module.train()
    with torch.no_grad():
        for _ in range(3):
            module(*(torch.randn(16, *x.shape[1:]) for x in inputs))
    return module.eval(), inputs


@model()
def net_residual():
    class Block(nn.Module):
        def __init__(self, a, b, stride):
            super().__init__()
            self.one, self.two = normed(a, b, stride=stride), normed(b, b)
            self.skip = normed(a, b, 1, stride=stride) if a != b else nn.Identity()
            self.act = nn.PReLU(b)

        def forward(self, x):
            return F.relu(self.two(self.act(self.one(x))) + self.skip(x))

    return settle(nn.Sequential(normed(3, 16), nn.ReLU(), Block(16, 16, 1), Block(16, 32, 2), Block(32, 32, 1), classes(32)), image())


@model()
def net_residual_padded():
    """Shortcuts that pad channels with zeros."""

    def run(stem, a, b, c, d, head, x):
        x = F.relu(stem(x))
        x = F.relu(b(F.relu(a(x))) + x)
        y = d(F.relu(c(x)))
        return head(F.relu(y + F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 8, 8))))

    return settle(Wrap(run, normed(3, 16), normed(16, 16), normed(16, 16), normed(16, 32, stride=2), normed(32, 32), classes(32)), image())


@model()
def net_dense():
    class Dense(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem, self.tail, width = conv(3, 16), nn.Sequential(nn.BatchNorm2d(64), nn.ReLU(), classes(64)), 16
            self.layer = nn.ModuleList()
            for _ in range(4):
                self.layer.append(nn.Sequential(nn.BatchNorm2d(width), nn.ReLU(), conv(width, 32, 1), nn.BatchNorm2d(32), nn.ReLU(), conv(32, 12)))
                width += 12

        def forward(self, x):
            parts = [self.stem(x)]
            for layer in self.layer:
                parts.append(layer(torch.cat(parts, 1)))
            return self.tail(torch.cat(parts, 1))

    return settle(Dense(), image())


@model()
def net_grouped():
    def run(stem, a, b, c, head, x):
        x = F.relu(stem(x))
        return head(F.relu(x + c(F.relu(b(F.relu(a(x)))))))

    return settle(Wrap(run, normed(3, 32), normed(32, 32, 1), normed(32, 32, groups=8), normed(32, 32, 1), classes(32)), image())


@model()
def net_shuffled():
    class Unit(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.branch = nn.Sequential(normed(width, width, 1), nn.ReLU(), normed(width, width, groups=width), normed(width, width, 1), nn.ReLU())

        def forward(self, x):
            a, b = x.chunk(2, 1)
            n, c, h, w = x.shape
            return torch.cat([a, self.branch(b)], 1).view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)

    return settle(nn.Sequential(normed(3, 32), nn.ReLU(), Unit(16), Unit(16), Unit(16), classes(32)), image())


@model()
def net_squeezed():
    class Block(nn.Module):
        def __init__(self, a, inner, b, stride):
            super().__init__()
            self.grow, self.deep = normed(a, inner, 1), normed(inner, inner, 5, groups=inner, stride=stride)
            self.down, self.up, self.out = nn.Conv2d(inner, 8, 1), nn.Conv2d(8, inner, 1), normed(inner, b, 1)
            self.same = a == b and stride == 1

        def forward(self, x):
            y = F.hardswish(self.deep(F.hardswish(self.grow(x))))
            y = y * F.hardsigmoid(self.up(F.relu(self.down(F.adaptive_avg_pool2d(y, 1)))))
            y = self.out(y)
            return x + y if self.same else y

    return settle(nn.Sequential(normed(3, 16, stride=2), nn.Hardswish(), Block(16, 48, 24, 2), Block(24, 72, 24, 1), Block(24, 72, 24, 1), classes(24)), image())


@model()
def net_vision_transformer():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.patch, self.token, self.place = nn.Conv2d(3, 32, 4, 4), nn.Parameter(torch.randn(1, 1, 32) / 3), nn.Parameter(torch.randn(1, 31, 32) / 3)
            layer = nn.TransformerEncoderLayer(32, 4, 96, batch_first=True, norm_first=True, activation="gelu")
            self.layers, self.norm, self.head = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), nn.LayerNorm(32), nn.Linear(32, 7)

        def forward(self, x):
            x = self.patch(x).flatten(2).transpose(1, 2)
            x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.place
            return self.head(self.norm(self.layers(x)[:, 0]))

    return Net(), image()


@model()
def net_heads():
    """Attention written out with one product for query, key and value."""

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.qkv, self.out, self.a, self.b = nn.Linear(24, 72), nn.Linear(24, 24), nn.Linear(24, 64), nn.Linear(64, 24)
            self.one, self.two, self.head = nn.LayerNorm(24), nn.LayerNorm(24), nn.Linear(24, 5)

        def forward(self, x):
            b, t, c = x.shape
            q, k, v = self.qkv(self.one(x)).split(c, 2)
            q, k, v = (y.view(b, t, 3, c // 3).transpose(1, 2) for y in (q, k, v))
            y = ((q @ k.transpose(2, 3)) / 8**0.5).softmax(-1) @ v
            x = x + self.out(y.transpose(1, 2).reshape(b, t, c))
            return self.head((x + self.b(F.gelu(self.a(self.two(x))))).mean(1))

    return Net(), image(1, 9, 24)


@model()
def net_mixer():
    class Mix(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.c, self.d = nn.Linear(30, 40), nn.Linear(40, 30), nn.Linear(24, 64), nn.Linear(64, 24)
            self.one, self.two = nn.LayerNorm(24), nn.LayerNorm(24)

        def forward(self, x):
            x = x + self.b(F.gelu(self.a(self.one(x).transpose(1, 2)))).transpose(1, 2)
            return x + self.d(F.gelu(self.c(self.two(x))))

    return Wrap(lambda p, m, n, f, x: f(n(m(p(x).flatten(2).transpose(1, 2))).mean(1)), nn.Conv2d(3, 24, 4, 4), Mix(), Mix(), nn.Linear(24, 5)), image()


@model()
def net_decoder():
    def run(a, b, c, up, d, up2, e, x):
        p = F.relu(a(x))
        q = F.relu(b(F.max_pool2d(p, 2)))
        r = F.relu(c(F.max_pool2d(q, 2)))
        q = F.relu(d(torch.cat([up(r), q], 1)))
        return e(F.relu(up2(q)) + p)

    return settle(Wrap(run, normed(3, 16), normed(16, 24), normed(24, 48), nn.ConvTranspose2d(48, 24, 2, 2), normed(48, 24), nn.ConvTranspose2d(24, 16, 4, 2, 1),
                       conv(16, 3)), image())


@model()
def net_split():
    """Halves that go different ways and meet again, as in detectors."""

    class Part(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.a, self.b, self.last = normed(24, 32, 1), normed(16, 16), normed(16, 16), normed(64, 24, 1)

        def forward(self, x):
            y = list(F.silu(self.first(x)).split((16, 16), 1))
            y.append(F.silu(self.a(y[-1])))
            y.append(F.silu(self.b(y[-1])))
            return F.silu(self.last(torch.cat(y, 1)))

    return settle(nn.Sequential(normed(3, 24, stride=2), nn.SiLU(), Part(), Part(), conv(24, 10, 1), nn.Flatten(2)), image())


@model()
def net_sliced():
    def run(a, b, c, head, x):
        x = F.elu(a(x))
        left, right = x[:, :12], x[:, 8:]
        return head(torch.cat([F.relu(b(left)), c(right) * torch.sigmoid(x[:, 4:20])], 1))

    return Wrap(run, conv(3, 24), conv(12, 16), conv(16, 16), classes(32)), image()


@model()
def net_flattened():
    return settle(nn.Sequential(conv(3, 12), nn.LeakyReLU(), nn.MaxPool2d(2), normed(12, 20), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(20 * 30, 64), nn.Tanh(),
                                nn.Linear(64, 6)), image())


@model()
def net_perceptron():
    return nn.Sequential(nn.Linear(40, 96), nn.ReLU(), nn.BatchNorm1d(96), nn.Linear(96, 64), nn.GELU(), nn.LayerNorm(64), nn.Linear(64, 5)).eval(), image(1, 40)


@model()
def net_gated():
    """Gated units, their halves from one layer and from two."""

    def run(a, b, c, d, head, x):
        y = F.glu(a(x), 1)
        return head(F.silu(b(y)) * c(y) + d(y))

    return Wrap(run, conv(3, 32), conv(16, 24), conv(16, 24, 1), conv(16, 24), classes(24)), image()


@model()
def net_sequence():
    def run(a, b, c, lstm, head, x):
        y = F.relu(b(F.relu(a(x)))) + c(x)
        return head(lstm(y.transpose(1, 2))[0][:, -1])

    return Wrap(run, nn.Conv1d(9, 24, 5, padding=2), nn.Conv1d(24, 20, 3, padding=1), nn.Conv1d(9, 20, 1), nn.LSTM(20, 16, batch_first=True), nn.Linear(16, 4)), image(1, 9, 20)


@model()
def net_volumes():
    return settle(nn.Sequential(nn.Conv3d(1, 12, 3, padding=1), nn.BatchNorm3d(12), nn.ReLU(), nn.MaxPool3d(2), nn.Conv3d(12, 16, 3, padding=1), nn.ReLU(),
                                nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(16, 4)), image(1, 1, 8, 8, 8))


__all__ = ["MODELS"]
