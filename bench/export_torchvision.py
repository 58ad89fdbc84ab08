#!/usr/bin/env python3
# export_torchvision.py -- torchvision's networks with random weights as ONNX files: export_torchvision.py FOLDER NAME...
# SPDX-License-Identifier: MIT
#
# Needs python3-torch, python3-torchvision and python3-onnx. The weights depend on the name alone. BatchNormalization's
# statistics are drawn, too: with those of a fresh network, activations would shrink to nothing or explode.
import pathlib
import sys
import warnings
import zlib

import torch
import torchvision

NAMES = ["alexnet", "vgg16", "resnet18", "resnet50", "mobilenet_v2", "squeezenet1_1", "mobilenet_v3_large", "shufflenet_v2_x1_0",
         "efficientnet_b0", "densenet121", "googlenet", "inception_v3", "vit_b_16"]
SIDE = {"inception_v3": 299}  # of the square image; 224 for all others


def randomise(network):
    for module in network.modules():
        if isinstance(module, (torch.nn.Conv2d, torch.nn.Linear)):
            torch.nn.init.kaiming_normal_(module.weight)
            if module.bias is not None:
                torch.nn.init.uniform_(module.bias, -0.1, 0.1)
        elif isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.4, 0.8)
            torch.nn.init.uniform_(module.bias, -0.1, 0.1)
            torch.nn.init.uniform_(module.running_mean, -0.1, 0.1)
            torch.nn.init.uniform_(module.running_var, 0.8, 1.2)


def export(name, path):
    torch.manual_seed(zlib.crc32(name.encode()))
    network = getattr(torchvision.models, name)(weights=None)
    randomise(network)
    network.eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        side = SIDE.get(name, 224)
        torch.onnx.export(network, torch.zeros(1, 3, side, side), path, opset_version=13, input_names=["image"],
                          output_names=["scores"])


def main(arguments):
    if not arguments:
        sys.exit("usage: export_torchvision.py FOLDER [NAME...]")
    folder = pathlib.Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    for name in arguments[1:] or NAMES:
        path = folder / f"{name}.onnx"
        if path.exists():
            continue
        export(name, str(path) + ".tmp")
        pathlib.Path(str(path) + ".tmp").rename(path)
        print(path)


main(sys.argv[1:])
