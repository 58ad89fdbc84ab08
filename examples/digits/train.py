#!/usr/bin/env python3
# train.py -- train the digits network, and write digits.onnx and digits_{x,y,scores}.npy beside this file.
# SPDX-License-Identifier: MIT
#
# Needs python3-sklearn (which holds the data), python3-torch and python3-onnx; takes a few seconds on one core. Rows 0..1199
# are for training, the other 597 for testing. Everything is seeded, so the same versions of the libraries give the same files.
import pathlib
import warnings

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

FIRST_TEST_ROW = 1200
EPOCHS = 40
BATCH = 50
here = pathlib.Path(__file__).resolve().parent


def conv(inputs, outputs, stride=1):
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs))


class Digits(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = conv(1, 16)
        self.widen = conv(16, 32)
        self.pool = nn.MaxPool2d(2)
        self.inner = conv(32, 32)
        self.outer = conv(32, 32)
        self.classify = nn.Linear(32 * 4 * 4, 10)

    def forward(self, x):
        x = torch.relu(self.stem(x))
        x = self.pool(torch.relu(self.widen(x)))
        x = torch.relu(x + self.outer(torch.relu(self.inner(x))))
        return self.classify(torch.flatten(x, 1))


def accuracy(network, images, labels):
    network.eval()
    with torch.no_grad():
        return (network(images).argmax(1) == labels).double().mean().item()


def shifted(images):
    """Each image moved by at most one pixel, so that 1200 images go further."""
    padded = nn.functional.pad(images, (1, 1, 1, 1))
    row, column = torch.randint(0, 3, (2,)).tolist()
    return padded[:, :, row : row + 8, column : column + 8]


def train(images, labels, after_step=lambda network, rate: None, epochs=EPOCHS):
    """after_step(network, rate): called after every step with the learning rate of the step."""
    network = Digits()
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    for _ in range(epochs):
        network.train()
        for rows in torch.randperm(len(images)).split(BATCH):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(network(shifted(images[rows])), labels[rows], label_smoothing=0.1)
            loss.backward()
            optimizer.step()
            after_step(network, optimizer.param_groups[0]["lr"])
        schedule.step()
    return network


def begin():
    """The images and labels, once everything is seeded."""
    torch.manual_seed(1)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    digits = load_digits()
    return torch.tensor(digits.images / 16, dtype=torch.float32).unsqueeze(1), torch.tensor(digits.target)


def export(network, image, path):
    network.eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(network, image, path, opset_version=13, input_names=["image"], output_names=["scores"])


def main():
    images, labels = begin()
    test_images, test_labels = images[FIRST_TEST_ROW:], labels[FIRST_TEST_ROW:]
    network = train(images[:FIRST_TEST_ROW], labels[:FIRST_TEST_ROW])
    print(f"accuracy on {len(test_labels)} test images: {100 * accuracy(network, test_images, test_labels):.2f} %")

    export(network, test_images[:1], here / "digits.onnx")
    with torch.no_grad():
        scores = network(test_images)
    np.save(here / "digits_x.npy", test_images.numpy())
    np.save(here / "digits_y.npy", test_labels.numpy())
    np.save(here / "digits_scores.npy", scores.numpy())


if __name__ == "__main__":
    main()
