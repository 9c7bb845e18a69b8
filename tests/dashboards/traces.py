"""A trace as a compression leaves it, made without one."""

import numpy as np

from core.trace import Filters, Trace

NUM_EPOCHS = 3


def simulated_trace(*, num_kept: int = 40, num_zero: int = 160) -> Trace:
    """A trace of 1,000 weights, a fifth of them not zero in the end, in a mixture of four."""
    generator = np.random.default_rng(0)
    kept = generator.choice([-0.5, 0.25], num_kept)
    before = np.concatenate([kept + generator.normal(0, 0.05, num_kept),
                             generator.normal(0, 0.05, num_zero)])  # fmt: skip
    decoded = np.concatenate([kept, np.zeros(num_zero)])
    means = np.tile(np.float32([0, -0.5, 0.1, 0.25]), (NUM_EPOCHS + 1, 1))
    edges = np.linspace(-1, 1, 42, dtype=np.float32)
    counts = np.stack([np.histogram(values, edges)[0] for values in (before, decoded, decoded)])
    images = generator.normal(0, 0.1, (3, 1, 4, 6)).astype(np.float16)
    return Trace(
        means=means,
        stds=np.linspace(0.2, 0.02, NUM_EPOCHS + 1, dtype=np.float32)[:, None].repeat(4, axis=1),
        mixing_proportions=np.tile(np.float32([0.8, 0.12, 0.001, 0.079]), (NUM_EPOCHS + 1, 1)),
        layers=("hidden1.weight", "output.weight"),
        num_weights=np.array([900, 100]),
        num_nonzeros=np.array([150, 50]),
        sample_layers=np.zeros(num_kept + num_zero, np.uint16),
        sample_before=before.astype(np.float16),
        sample_after=(decoded + 0.01).astype(np.float16),
        sample_decoded=decoded.astype(np.float16),
        bin_edges=edges,
        counts=counts,
        filters=(
            Filters(
                layer="hidden1.weight",
                is_convolution=False,
                num_units=5,
                num_living=3,
                units=np.array([0, 2, 4]),
                before=images,
                decoded=np.where(np.abs(images) > 0.1, images, np.float16(0)),
            ),
        ),
    )
