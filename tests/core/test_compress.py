"""One compression from end to end, on a problem that is learnt in a second."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.codec import ClusteredTensor, decode
from core.compress import CompressConfig, CompressionOutcome, compress, identity
from core.data import DataConfig, DataSource, load_data
from core.errors import ConfigError, RetrainError
from core.evaluation import error, load_compressed
from core.methods import MethodConfig, MethodName, PruningConfig
from core.networks import build_network, description
from core.post_processing import PostProcessingConfig
from core.prior import PriorConfig
from core.reference import ReferenceNetwork
from core.retraining import RetrainConfig, RetrainingStopped
from core.shrinking import ShrinkingConfig
from tests.data_sets import small_data, small_reference, write_cifar_folder


def small_config(**retrain: float) -> CompressConfig:
    settings: dict[str, float] = {"num_epochs": 6, "batch_size": 50, "tau": 0.004}
    return CompressConfig(
        prior=PriorConfig(),
        retrain=RetrainConfig(**(settings | retrain)),  # type: ignore[arg-type] # ints are floats
        post_processing=PostProcessingConfig(fine_tuning_epochs=2, rate_weight=0.0),
    )


def pruned(config: CompressConfig, pruning: PruningConfig) -> CompressConfig:
    method = MethodConfig(name=MethodName.magnitude_pruning, magnitude_pruning=pruning)
    return replace(config, method=method)


@pytest.fixture(scope="module")
def outcome() -> CompressionOutcome:
    return compress(small_reference(), small_data(), small_config())


def test_the_outcome_is_what_the_decoded_file_does(outcome):
    network = load_compressed(decode(outcome.file))
    assert outcome.validation_error == error(network, small_data().validation)
    assert outcome.test_error == error(network, small_data().test)
    loss = outcome.validation_error - small_reference().validation_error
    assert outcome.accuracy_loss == pytest.approx(loss)
    assert outcome.compression_rate == 4 * 266_610 / len(outcome.file)


def test_a_small_network_gets_much_smaller_and_still_works(outcome):
    assert outcome.compression_rate > 30
    assert outcome.accuracy_loss < 0.05


def test_most_weights_are_zero_and_the_others_few_values(outcome):
    tensors = decode(outcome.file).tensors
    clustered = [t for t in tensors.values() if isinstance(t, ClusteredTensor)]
    assert len(clustered) == 3
    zeros = sum(int(np.sum(t.values() == 0)) for t in clustered)
    assert 1 - zeros / 266_200 == pytest.approx(outcome.nonzero_fraction)
    assert all(len(t.codebook) <= 6 for t in clustered)
    assert sum(layer.num_weights for layer in outcome.layers) == 266_200


def test_the_same_seed_gives_the_same_file(outcome):
    again = compress(small_reference(), small_data(), small_config())
    assert again.file == outcome.file


def test_epochs_are_reported_over_all_phases():
    reports = []
    compress(small_reference(), small_data(), small_config(num_epochs=3), reports.append)
    assert [(r.phase, r.epoch) for r in reports] == [
        ("retrain", 1),
        ("retrain", 2),
        ("retrain", 3),
        ("fine_tune", 4),
        ("fine_tune", 5),
    ]
    assert {r.num_epochs for r in reports} == {5}
    seconds = [r.seconds for r in reports]
    assert seconds == sorted(seconds)


def test_what_the_watcher_raises_ends_the_compression():
    def stop(_report: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compress(small_reference(), small_data(), small_config(), stop)


def test_the_reference_network_is_left_as_it_is():
    reference = small_reference()
    before = {name: tensor.clone() for name, tensor in reference.state.items()}
    compress(reference, small_data(), small_config(num_epochs=1))
    assert all(torch.equal(reference.state[name], before[name]) for name in before)


def test_rates_that_blow_up_end_in_one_clear_error():
    with pytest.raises(RetrainError, match="not finite"):
        compress(small_reference(), small_data(), small_config(lr_weights=1e30))


def test_a_retraining_without_annealing_is_stopped_as_trapped():
    config = small_config(num_epochs=10, tau=1e-3)
    config.prior = PriorConfig(zero_std_initial=None, zero_mixing_proportion=0.9)
    with pytest.raises(RetrainingStopped, match="trapped"):
        compress(small_reference(), small_data(), config)


def test_full_precision_biases_take_more_bytes(outcome):
    config = small_config()
    config.post_processing = replace(config.post_processing, bias_bits=None)
    exact = compress(small_reference(), small_data(), config)
    assert len(exact.file) > len(outcome.file) + 1000


def test_the_paper_s_assignment_uses_the_mixture_s_own_components():
    config = small_config()
    config.post_processing = replace(config.post_processing, num_centroids=None)
    outcome = compress(small_reference(), small_data(), config)
    assert all(layer.num_codebook_entries <= 9 for layer in outcome.layers)
    assert outcome.accuracy_loss < 0.2


def test_the_control_is_measured_on_its_file_too():
    config = pruned(small_config(), PruningConfig(sparsity=0.95))
    reports = []
    outcome = compress(small_reference(), small_data(), config, reports.append)
    assert outcome.nonzero_fraction <= 0.051
    network = load_compressed(decode(outcome.file))
    assert outcome.test_error == error(network, small_data().test)
    assert outcome.accuracy_loss < 0.05
    assert [r.phase for r in reports] == ["prune"] * 6 + ["fine_tune"] * 2


def test_bits_that_weigh_more_give_a_smaller_file(outcome):
    config = small_config()
    config.post_processing = replace(config.post_processing, rate_weight=0.001)
    smaller = compress(small_reference(), small_data(), config)
    assert len(smaller.file) < 0.95 * len(outcome.file)
    assert smaller.accuracy_loss < 0.08


def test_shrinking_is_part_of_it_and_the_file_still_holds_the_whole_network():
    config = small_config(num_epochs=3)
    config.shrinking = ShrinkingConfig(units=[60, 30], num_epochs=2, equalise=True)
    reports = []
    outcome = compress(small_reference(), small_data(), config, reports.append)
    assert [r.phase for r in reports] == ["shrink"] * 2 + ["retrain"] * 3 + ["fine_tune"] * 2
    assert sum(layer.num_weights for layer in outcome.layers) == 266_200
    hidden = decode(outcome.file).arrays()["hidden1.weight"]
    assert hidden.shape == (300, 784)
    assert not hidden[60:].any()
    assert outcome.accuracy_loss < 0.1
    # what is reported on the way counts against the whole network, as the outcome does
    assert reports[-1].nonzero_fraction == pytest.approx(outcome.nonzero_fraction, rel=0.5)
    assert reports[2].nonzero_fraction <= (784 * 60 + 60 * 30 + 30 * 10) / 266_200


def test_the_control_prunes_what_the_shrinking_left_to_a_share_of_the_whole_network():
    config = small_config(num_epochs=3)
    config.shrinking = ShrinkingConfig(units=[60, 30], num_epochs=1)
    config = pruned(config, PruningConfig(sparsity=0.98))
    outcome = compress(small_reference(), small_data(), config)
    assert 0.01 < outcome.nonzero_fraction <= 0.0201
    config.shrinking = ShrinkingConfig(units=[5, 5], num_epochs=0)
    with pytest.raises(ConfigError, match=r"pruning.sparsity must be > 0.98\d* after shrinking"):
        compress(small_reference(), small_data(), config)


def test_weights_that_are_masked_on_the_way_cost_nothing_when_they_become_zero():
    reports = []
    config = small_config(mask_from=0.9, stop_hopeless=False)
    config.post_processing = replace(config.post_processing, fine_tuning_epochs=0, num_centroids=64)
    outcome = compress(small_reference(), small_data(), config, reports.append)
    assert outcome.accuracy_loss < 0.08
    # the epochs tell of the network without the masked weights, and there is nothing more to lose
    retrained = [r.validation_error for r in reports if r.phase == "retrain"]
    assert outcome.validation_error == pytest.approx(retrained[-1], abs=0.01)


def test_a_residual_network_with_batch_norms_goes_into_a_file_and_comes_out(tmp_path):
    config = DataConfig(
        source=DataSource.cifar10,
        dir=str(write_cifar_folder(tmp_path, "binary")),
        num_validation=20,
    )
    data = load_data(config, tmp_path)
    torch.manual_seed(0)
    network = description("wrn_16_4").build()
    network(data.train.inputs[:32])  # its batch norms have seen images
    reference = ReferenceNetwork(
        network_name="wrn_16_4",
        state={name: tensor.detach().clone() for name, tensor in network.state_dict().items()},
        validation_error=0.9,
        test_error=0.9,
        num_parameters=2_748_890,
    )
    outcome = compress(
        reference,
        data,
        CompressConfig(
            prior=PriorConfig(num_components=64),
            retrain=RetrainConfig(num_epochs=1, batch_size=32, stop_hopeless=False),
            post_processing=PostProcessingConfig(fine_tuning_epochs=0, bias_bits=16),
        ),
    )
    decoded = load_compressed(decode(outcome.file))
    assert outcome.test_error == error(decoded, data.test)
    assert len(outcome.layers) == 17  # sixteen convolutions and the last layer
    means = [v for n, v in decoded.state_dict().items() if n.endswith("running_mean")]
    assert means
    assert not any(bool(mean.any()) for mean in means)


@pytest.mark.parametrize("config", [small_config(), pruned(small_config(), PruningConfig())])
def test_an_exhausted_gpu_is_told_in_one_line(config):
    def exhausted(_report: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    with pytest.raises(RetrainError, match=r"retrain.batch_size must be small enough .* got 50"):
        compress(small_reference(), small_data(), config, exhausted)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (CompressConfig(), "ed87500dc3bbb9aafb19406273d880f76d796fef1b40862407451a5d21828170"),
        (
            pruned(CompressConfig(), PruningConfig()),
            "9c3b3b41e6eb475c11f0519c5209d55184bb7f4ebeb6b962376858fd69d05c70",
        ),
    ],
)
def test_checkpoints_from_before_the_methods_had_a_key_are_known(config, expected):
    state = build_network("lenet_300_100").state_dict()
    reference = ReferenceNetwork(
        network_name="lenet_300_100",
        state={name: torch.zeros_like(tensor) for name, tensor in state.items()},
        validation_error=0.02,
        test_error=0.03,
        num_parameters=266_610,
    )
    data = replace(small_data(), fingerprint="data")
    assert identity(reference, data, config) == expected
