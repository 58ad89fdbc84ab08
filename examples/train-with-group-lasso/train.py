#!/usr/bin/env python3
# train.py -- train the digits network so that whole channels become zero, and write it as ONNX.
# SPDX-License-Identifier: MIT
#
# Group lasso (Wen et al., "Learning Structured Sparsity in Deep Neural Networks", NIPS 2016) adds lambda * sum of |group| to the
# loss, where |group| is the Euclidean norm of all weights of a group. A group is what makes one channel: a filter, its scale and
# its shift, and where results are added, the same channel of everything that is added, because only all of them together can go.
# The step towards smaller norms is taken exactly (it is a shrinking, the proximal operator of the norm): groups become zero, not
# merely small, and mednnc removes them without changing any answer.
import argparse
import pathlib
import sys

import numpy as np
import torch

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent / "digits"))
from train import FIRST_TEST_ROW, accuracy, begin, export, train  # noqa: E402

EPOCHS = 40


def channel_groups(network):
    """Convolutions (each with its normalisation) whose channels can only go together."""
    return {
        "stem": [network.stem],
        "inner": [network.inner],
        "stream": [network.widen, network.outer],
    }


def group_tensors(members):
    """Every tensor of which slice c along axis 0 makes channel c."""
    for convolution, normalisation in members:
        yield from (convolution.weight, normalisation.weight, normalisation.bias)


def group_norms(members):
    return sum(tensor.detach().flatten(1).pow(2).sum(1) if tensor.dim() > 1 else tensor.detach().pow(2)
               for tensor in group_tensors(members)).sqrt()


def shrink(network, amount):
    """Move every group's norm towards zero by `amount` times the root of its size."""
    for members in channel_groups(network).values():
        norms = group_norms(members)
        size = sum(tensor[0].numel() for tensor in group_tensors(members))
        factors = (1 - amount * size**0.5 / norms.clamp(min=1e-30)).clamp(min=0)
        for tensor in group_tensors(members):
            tensor.data.mul_(factors.view(-1, *[1] * (tensor.dim() - 1)))


def main():
    parser = argparse.ArgumentParser(description="Train with group lasso and write MODEL.onnx.")
    parser.add_argument("folder", help="where digits_sparse.onnx and its answers (scores.npy) go")
    parser.add_argument("--strength", type=float, default=0.15, help="lambda; more makes more channels zero")
    options = parser.parse_args()
    folder = pathlib.Path(options.folder)

    images, labels = begin()
    network = train(images[:FIRST_TEST_ROW], labels[:FIRST_TEST_ROW], epochs=EPOCHS,
                    after_step=lambda network, rate: shrink(network, options.strength * rate))
    test_images, test_labels = images[FIRST_TEST_ROW:], labels[FIRST_TEST_ROW:]
    print(f"accuracy on {len(test_labels)} test images: {100 * accuracy(network, test_images, test_labels):.2f} %")
    filters = 0
    for name, members in channel_groups(network).items():
        norms = group_norms(members)
        empty = int((norms == 0).sum())
        filters += empty * len(members)
        print(f"{name}: {empty} of {len(norms)} channels are zero")
    print(f"filters of zeros: {filters}")
    export(network, test_images[:1], folder / "digits_sparse.onnx")
    with torch.no_grad():
        np.save(folder / "scores.npy", network(test_images).numpy())


if __name__ == "__main__":
    main()
