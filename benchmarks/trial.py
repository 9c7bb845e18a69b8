"""Seconds of one trial: 30 epochs of retraining, fine-tuning, coding, decoding and measuring.

LeNet-300-100 on MNIST at the best known setting, on one thread. The same epochs of plain training
(no prior, no annealing) are timed in the same run, so that the ratio can be compared on any
machine; the seconds hold for the named hardware and its load at that moment.
"""

import time

import torch

from benchmarks.inputs import load_inputs
from benchmarks.record import write_result
from core.compress import CompressConfig, compress
from core.evaluation import error
from core.retraining import ErrorLoss, FlatWeights, RetrainConfig, TrainingSet
from core.runtime import use_one_thread
from search.configuration import compose

NUM_EPOCHS = 30
SEED = 0


def main() -> None:
    use_one_thread()
    config = compose()
    reference, data = load_inputs(config)
    compress(reference, data, CompressConfig(retrain=RetrainConfig(num_epochs=1)))  # compiles

    start = time.perf_counter()
    outcome = compress(
        reference, data, CompressConfig(retrain=RetrainConfig(num_epochs=NUM_EPOCHS, seed=SEED))
    )
    trial_seconds = time.perf_counter() - start

    start = time.perf_counter()
    network = reference.build()
    training_set = TrainingSet(data.train, reference.build(), 2.0)
    error_loss = ErrorLoss(1.0, 2.0)
    weights = FlatWeights.from_network(network)
    flat = torch.nn.Parameter(weights.values)
    flat.grad = weights.gradient
    optimiser = torch.optim.Adam([flat, *weights.others.values()], lr=1e-4, fused=True)
    generator = torch.Generator().manual_seed(SEED)
    for _ in range(NUM_EPOCHS):
        order = torch.randperm(len(data.train), generator=generator)
        for examples in order.split(config.retrain.batch_size):
            weights.zero_gradient()
            batch = training_set.draw(examples, generator)
            error_loss(network(batch.inputs), batch).backward()
            optimiser.step()
        error(network, data.validation)
    plain_seconds = time.perf_counter() - start

    path = write_result(
        "trial",
        [SEED],
        {
            "network": "lenet_300_100",
            "num_epochs": NUM_EPOCHS,
            "fine_tuning_epochs": config.post_processing.fine_tuning_epochs,
            "threads": 1,
            "trial_seconds": round(trial_seconds, 1),
            "plain_training_seconds": round(plain_seconds, 1),
            "trial_over_plain_training": round(trial_seconds / plain_seconds, 2),
            "file_bytes": outcome.file_bytes,
            "compression_rate": round(outcome.compression_rate, 1),
            "validation_error": outcome.validation_error,
            "accuracy_loss": round(outcome.accuracy_loss, 6),
        },
    )
    print(f"{trial_seconds:.1f} s a trial, {plain_seconds:.1f} s of plain training; {path}")


if __name__ == "__main__":
    main()
