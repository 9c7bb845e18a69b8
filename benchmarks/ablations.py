"""What each part of the method brings: LeNet-300-100 with all of them, then with one of them less.

Every row is the default setting with one change, compressed with the same seeds; ``rows`` give the
change in bytes and in validation error beside the whole. Rates are those of the decodable file.
A part that costs bytes may save error and the other way round: read both columns.
"""

import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.networks import trial_config
from benchmarks.record import write_result
from core.compress import compress
from core.data import Data, load_data
from core.outcome import CompressionOutcome
from core.reference import ReferenceNetwork, load_or_train_reference
from core.runtime import use_one_thread
from search.configuration import SoftshareConfig, compose, with_params

SEEDS = (1, 2)

ABLATIONS: Mapping[str, Mapping[str, Any]] = {
    "all of it": {},
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


def outcomes_of(
    config: SoftshareConfig, reference: ReferenceNetwork, data: Data
) -> list[CompressionOutcome]:
    """Compress once a seed."""
    return [compress(reference, data, trial_config(config, seed)) for seed in SEEDS]


def row(change: Mapping[str, Any], outcomes: list[CompressionOutcome]) -> dict[str, Any]:
    """Return the means over the seeds."""
    return {
        "change": {key: str(value) for key, value in change.items()},
        "file_bytes": [outcome.file_bytes for outcome in outcomes],
        "mean_file_bytes": statistics.mean(outcome.file_bytes for outcome in outcomes),
        "mean_validation_error": round(statistics.mean(o.validation_error for o in outcomes), 6),
        "mean_nonzero_fraction": round(statistics.mean(o.nonzero_fraction for o in outcomes), 6),
    }


def main() -> None:
    use_one_thread()
    config = compose()
    cache = Path(config.cache_dir).expanduser()
    data = load_data(config.data, cache)
    reference = load_or_train_reference(config.model, data, config.reference, cache)
    rows: dict[str, dict[str, Any]] = {}
    for name, change in ABLATIONS.items():
        rows[name] = row(change, outcomes_of(with_params(config, change), reference, data))
        whole, this = rows["all of it"], rows[name]
        this["bytes_over_all_of_it"] = round(this["mean_file_bytes"] / whole["mean_file_bytes"], 3)
        this["validation_error_above_all_of_it"] = round(
            this["mean_validation_error"] - whole["mean_validation_error"], 6
        )
        print(
            f"{name:>40}: {this['mean_file_bytes']:.0f} B ({this['bytes_over_all_of_it']:.2f}), "
            f"{this['mean_validation_error']:.2%}",
            flush=True,
        )
    path = write_result("ablations", list(SEEDS), {"network": config.model.name, "rows": rows})
    print(f"written to {path}")


if __name__ == "__main__":
    main()
