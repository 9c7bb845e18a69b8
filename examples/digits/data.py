"""The handwritten digits that scikit-learn ships: 1,797 grey images of 8 by 8 pixels.

Source: Alpaydin & Kaynak 1998, "Optical recognition of handwritten digits", UCI repository.
"""

import numpy as np
from sklearn.datasets import load_digits

NUM_TRAIN, NUM_VALIDATION = 1100, 300  # the rest is the test set


def make_data():
    """Return (inputs, labels) for training, validation and test; an image is eight rows."""
    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.target))
    inputs = (digits.images[order] / 16).astype(np.float32)
    labels = digits.target[order]
    ends = (NUM_TRAIN, NUM_TRAIN + NUM_VALIDATION)
    return tuple(zip(np.split(inputs, ends), np.split(labels, ends), strict=True))
