#!/usr/bin/python3
# images.py -- made-up photographs, where a benchmark needs samples that look like what a camera sees.
# SPDX-License-Identifier: MIT
"""images.py FILE.npy COUNT CHANNELS HEIGHT WIDTH [SEED]

Noise at every scale, the coarser the stronger (power falls with the square of the frequency, as in photographs: Field, JOSA A
1987), most of it common to all channels; about as wide as pictures that were normalised for ImageNet.
"""
import sys

import numpy as np


def smooth_noise(random, channels, height, width):
    """Noise on ever finer grids, each stretched over the picture linearly."""
    picture = np.zeros((channels, height, width), np.float32)
    cells, strength = 2, 1.0
    while cells < 2 * min(height, width):
        grid = random.standard_normal((channels, cells + 1, cells + 1)).astype(np.float32)
        for axis, size in ((1, height), (2, width)):
            at = np.linspace(0, cells, size, dtype=np.float32)
            low = np.minimum(at.astype(int), cells - 1)
            part = (at - low).reshape((-1, 1) if axis == 1 else (-1,))
            grid = np.take(grid, low, axis) * (1 - part) + np.take(grid, low + 1, axis) * part
        picture += strength * grid
        cells, strength = 2 * cells, strength / 2
    return picture


def main():
    path = sys.argv[1]
    count, channels, height, width = map(int, sys.argv[2:6])
    random = np.random.default_rng(int(sys.argv[6]) if len(sys.argv) > 6 else 1)
    images = np.lib.format.open_memmap(path, "w+", np.float32, (count, channels, height, width))
    for i in range(count):
        images[i] = 1.1 * smooth_noise(random, 1, height, width) + 0.6 * smooth_noise(random, channels, height, width)


main()
