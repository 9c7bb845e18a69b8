"""What each part of the method brings: a network with all of them, then with one of them less.

``python -m benchmarks.ablations`` does it for the default setting on LeNet-300-100 and
``python -m benchmarks.ablations lenet_5_caffe`` for what only a convolutional network has. Every
row is the setting with one change, compressed with the same seeds; ``rows`` give the change in
bytes and in validation error beside the whole. A part that costs bytes may save error and the other
way round: read both columns, or the study's score, which balances them. The folding of batch norms
changes bytes alone, so it is measured on WRN-16-4 without training: drawn at random, all but 3 % of
its weights zero.
"""

import statistics
import sys
from collections.abc import Mapping
from typing import Any

import torch

from benchmarks.inputs import load_inputs
from benchmarks.networks import trial_config
from benchmarks.record import write_result
from core.codec import encode
from core.compress import compress
from core.data import Data
from core.networks import description
from core.outcome import CompressionOutcome
from core.packing import pack
from core.post_processing import fold_batch_norms, quantise
from core.reference import ReferenceNetwork
from core.retraining import FlatWeights
from core.runtime import use_one_thread
from search.configuration import SoftshareConfig, compose, with_params
from search.scoring import ScoreConfig, score

Changes = Mapping[str, Mapping[str, Any]]

SEEDS = (1, 2)
ALL = "all of it"
NONZERO_FRACTION = 0.03  # of WRN-16-4, as the paper's table 1 has it within a factor of three

ABLATIONS: Changes = {
    ALL: {},
    "no annealing of the zero component": {"prior.zero_std_initial": None},
    "no warm-up of tau": {"retrain.tau_warm_up": 0.0},
    "no distillation": {"retrain.distillation": 0.0, "retrain.tau": 0.1},
    "zero proportion fixed": {"prior.learn_zero_mixing_proportion": False},
    "means on equal shares of the weights": {"prior.initialisation": "equal_mass"},
    "sampled prior (Appendix C)": {"prior.form": "sampled"},
    "no merging of components": {"post_processing.merge_threshold": 0.0},
    "dead components kept": {"post_processing.drop_dead_components": False},
    "codebook from the mixture": {"post_processing.num_centroids": None},
    "no fine-tuning": {"post_processing.fine_tuning_epochs": 0},
    "assignments fixed in the fine-tuning": {"post_processing.reassign_until": 0.0},
    "no rate in the assignment": {"post_processing.rate_weight": 0.0},
    "dead units kept": {"post_processing.drop_dead_units": False},
    "units in their old order": {"post_processing.order_units": False},
    "biases in 32 bits": {"post_processing.bias_bits": None},
}
OF_LENET_5_CAFFE: Changes = {
    ALL: {},
    "layers on their own scales": {"shrinking.equalise": False},
    "nothing left out on the way": {
        "retrain.mask_from": 1.0,
        "prior.zero_std_initial": 0.15,
        "prior.zero_std_mode": 0.004,
    },
    "images as they are": {"retrain.augment_shift": 0},
    "products in 32 bits": {"retrain.bfloat16": False},
}


def outcomes_of(
    config: SoftshareConfig, reference: ReferenceNetwork, data: Data
) -> list[CompressionOutcome]:
    """Compress once a seed."""
    return [compress(reference, data, trial_config(config, seed)) for seed in SEEDS]


def row(
    change: Mapping[str, Any], outcomes: list[CompressionOutcome], config: ScoreConfig
) -> dict[str, Any]:
    """Return the means over the seeds."""
    return {
        "change": {key: str(value) for key, value in change.items()},
        "file_bytes": [outcome.file_bytes for outcome in outcomes],
        "mean_file_bytes": statistics.mean(outcome.file_bytes for outcome in outcomes),
        "mean_validation_error": round(statistics.mean(o.validation_error for o in outcomes), 6),
        "mean_score": round(statistics.mean(score(o, config).scalar for o in outcomes), 3),
        "mean_nonzero_fraction": round(statistics.mean(o.nonzero_fraction for o in outcomes), 6),
    }


def measured_rows(config: SoftshareConfig, changes: Changes) -> dict[str, dict[str, Any]]:
    """Return a row for each change, the first being none."""
    reference, data = load_inputs(config)
    rows: dict[str, dict[str, Any]] = {}
    for name, change in changes.items():
        outcomes = outcomes_of(with_params(config, change), reference, data)
        rows[name] = row(change, outcomes, config.score)
        whole, this = rows[ALL], rows[name]
        this["bytes_over_all_of_it"] = round(this["mean_file_bytes"] / whole["mean_file_bytes"], 3)
        this["validation_error_above_all_of_it"] = round(
            this["mean_validation_error"] - whole["mean_validation_error"], 6
        )
        print(
            f"{name:>40}: {this['mean_file_bytes']:.0f} B ({this['bytes_over_all_of_it']:.2f}), "
            f"{this['mean_validation_error']:.2%}, score {this['mean_score']:.2f}",
            flush=True,
        )
    return rows


def bytes_of_wrn_16_4(fold: bool) -> int:
    """Return the bytes of WRN-16-4's file with its batch norms folded or as they are."""
    torch.manual_seed(0)
    network = description("wrn_16_4").build()
    for name, parameter in network.named_parameters():
        if (
            "norm" in name
        ):  # they begin at ones and zeros, which cost nothing, but do not stay there
            torch.nn.init.trunc_normal_(parameter, float(parameter.detach().mean()), 0.2)
    network(torch.rand(64, 3, 32, 32))  # its batch norms have seen images
    state = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    weights = FlatWeights.from_network(network)
    reference = ReferenceNetwork(
        network_name="wrn_16_4",
        state=state,
        validation_error=1.0,  # nobody trained it
        test_error=1.0,
        num_parameters=sum(parameter.numel() for parameter in network.parameters()),
    )
    magnitudes = weights.values.abs()
    num_nonzeros = round(NONZERO_FRACTION * magnitudes.numel())
    smallest = magnitudes.topk(num_nonzeros).values[-1]
    tensors = quantise(weights, (magnitudes >= smallest).long(), num_centroids=5)
    if fold:
        fold_batch_norms(network)
    return len(encode(pack(reference, network, tensors, bias_bits=5)))


def main() -> None:
    use_one_thread()
    name = "ablations"
    if sys.argv[1:] == ["lenet_5_caffe"]:
        config, changes = compose(["experiment=lenet_5_caffe"]), OF_LENET_5_CAFFE
        name, of_batch_norms = f"lenet_5_caffe/{name}", {}
    else:
        config, changes = compose(), ABLATIONS
        of_batch_norms = {
            "wrn_16_4_batch_norms": {
                "folded_file_bytes": bytes_of_wrn_16_4(fold=True),
                "kept_file_bytes": bytes_of_wrn_16_4(fold=False),
            }
        }
    measured = {"network": config.model.name, **of_batch_norms}
    rows = measured_rows(config, changes)
    path = write_result(name, list(SEEDS), measured | {"rows": rows}, "ablations")
    print(f"written to {path}")


if __name__ == "__main__":
    main()
