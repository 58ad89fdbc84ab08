"""What pruning did to the answers of a classifier, from what programs wrote.

prune_accuracy.py OUTPUTS/ LABELS.npy|- SHIFT: OUTPUTS/dense.npy, unrepaired.npy and repaired.npy hold a row of scores per sample. Prints the
accuracy in per cent (class = label + SHIFT), what is lost with its paired standard error, and how often the dense network is agreed with;
without labels the agreement, the outputs' squared error against their variance and the divergence of the answers (Kullback and Leibler).
"""
# SPDX-License-Identifier: MIT
import sys

import numpy as np


def probabilities(scores):
    """From logits, or from what is a list of probabilities."""
    if (scores >= 0).all() and abs(scores.sum(1) - 1).max() < 1e-3:
        p = scores + 1e-9
    else:
        p = np.exp(scores - scores.max(1, keepdims=True))
    return p / p.sum(1, keepdims=True)


def main():
    folder, labels, shift = sys.argv[1:]
    scores = {}
    for name in ("dense", "unrepaired", "repaired"):
        rows = np.load(f"{folder}/{name}.npy").astype(np.float64)
        scores[name] = rows.reshape(len(rows), -1)
    dense = scores["dense"]
    for name, rows in scores.items():
        agrees = 100 * np.mean(rows.argmax(1) == dense.argmax(1))
        if labels == "-":
            p, q = probabilities(dense), probabilities(rows)
            nats = np.mean(np.where(p > 0, p * np.log(np.maximum(p, 1e-300) / np.maximum(q, 1e-300)), 0).sum(1))
            error = ((rows - dense) ** 2).sum() / ((dense - dense.mean()) ** 2).sum()
            print(f"{name} agrees {agrees:.2f}, output error {error:.5f}, divergence {nats:.5f} nats")
            continue
        truth = np.load(labels).reshape(-1) + int(shift)
        right = (rows.argmax(1) == truth).astype(float)
        lost = (dense.argmax(1) == truth) - right
        print(f"{name} {100 * right.mean():.2f} (lost {100 * lost.mean():.2f} +- {100 * lost.std() / len(lost) ** 0.5:.2f}, "
              f"agrees {agrees:.2f})")


main()
