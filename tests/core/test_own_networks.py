"""Any module tree goes through a compression into a file, and out of it as it was measured."""

import copy
from pathlib import Path

import pytest
import torch
from torch import nn

from core.codec import ClusteredTensor, FloatTensor, UniformTensor, decode, load_into
from core.compress import CompressConfig, CompressionOutcome, compress
from core.errors import ConfigError
from core.evaluation import error, load_compressed
from core.networks import STANDARD, Treatment, own_network, state_of
from core.networks.own import plain
from core.post_processing import PostProcessingConfig
from core.prior import PriorConfig
from core.reference import ReferenceNetwork, own_reference
from core.retraining import RetrainConfig
from tests.own_networks import NETWORKS, NUM_CLASSES, SIDE, Tied, own_images

DATA = own_images()


def trained(network: nn.Module, num_steps: int = 60) -> nn.Module:
    """The network, trained for a moment."""
    optimiser = torch.optim.Adam(list(network.parameters()), lr=0.01)
    if any(getattr(module, "sparse", False) for module in network.modules()):
        optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
    for _ in range(num_steps):
        optimiser.zero_grad()
        outputs = network.train()(DATA.train.inputs)
        nn.functional.cross_entropy(outputs, DATA.train.labels).backward()
        optimiser.step()
    return network.eval()


def reference_of(network: nn.Module, treatment: Treatment = STANDARD) -> ReferenceNetwork:
    shape = tuple(DATA.train.inputs.shape[1:])
    described = own_network("mine", lambda: copy.deepcopy(network), shape, NUM_CLASSES, treatment)
    return own_reference(described, state_of(plain(copy.deepcopy(network))), DATA)


def compressed(reference: ReferenceNetwork) -> CompressionOutcome:
    config = CompressConfig(
        prior=PriorConfig(num_components=5),
        retrain=RetrainConfig(num_epochs=3, batch_size=20, tau=1e-3, stop_hopeless=False),
        post_processing=PostProcessingConfig(fine_tuning_epochs=2),
    )
    return compress(reference, DATA, config)


@pytest.mark.parametrize("name", NETWORKS)
def test_any_module_tree_goes_into_a_file_and_comes_out(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = trained(NETWORKS[name]())
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    reference = reference_of(network)
    assert reference.validation_error == error(network, DATA.validation)
    outcome = compressed(reference)
    assert all(torch.equal(before[key], t) for key, t in network.state_dict().items())
    tensors = decode(outcome.file).tensors
    kinds = {key: type(tensor) for key, tensor in tensors.items()}
    assert kinds.keys() == reference.state.keys()
    for key, tensor in plain(copy.deepcopy(network)).named_parameters():
        is_norm = "norm" in key or (tensor.dim() == 3 and tensor.shape == (8, 4, 4))
        expected = UniformTensor if tensor.dim() < 2 or is_norm else ClusteredTensor
        assert kinds[key] is expected, key
    decoded = load_compressed(decode(outcome.file), reference.described)
    assert error(decoded, DATA.test) == outcome.test_error
    (tmp_path / "net.sws").write_bytes(outcome.file)
    mine = load_into(NETWORKS[name](), tmp_path / "net.sws")
    with torch.no_grad():
        assert torch.equal(mine(DATA.test.inputs), decoded(DATA.test.inputs))


def test_a_shared_tensor_is_clustered_and_coded_once() -> None:
    torch.manual_seed(0)
    reference = reference_of(trained(Tied()))
    outcome = compressed(reference)
    assert "embedding.weight" in decode(outcome.file).tensors
    assert "out.weight" not in decode(outcome.file).tensors
    network = load_compressed(decode(outcome.file), reference.described)
    assert network.out.weight is network.embedding.weight
    num_numbers = 10 * 12 + 12 * 12 + 12 + 360 * NUM_CLASSES + NUM_CLASSES
    assert outcome.float32_bytes == 4 * num_numbers


def test_buffers_are_kept_as_they_are_and_folded_statistics_are_constants() -> None:
    torch.manual_seed(0)
    reference = reference_of(trained(NETWORKS["grouped_and_transposed"]()))
    tensors = decode(compressed(reference).file).tensors
    instance = tensors["6.running_mean"]
    assert isinstance(instance, FloatTensor)
    assert not tensors["1.running_mean"].values().any()


def test_patterns_choose_what_is_clustered_kept_and_left_alone() -> None:
    torch.manual_seed(0)
    treatment = Treatment(clustered=("*.bias",), kept=("3.*",), exact=("9.weight",), kept_bits=7)
    reference = reference_of(trained(NETWORKS["grouped_and_transposed"]()), treatment)
    tensors = decode(compressed(reference).file).tensors
    assert isinstance(tensors["0.bias"], ClusteredTensor)
    kept = tensors["3.weight"]
    assert isinstance(kept, UniformTensor)
    assert kept.num_bits == 7
    exact = tensors["9.weight"]
    assert isinstance(exact, FloatTensor)
    assert (exact.values == reference.state["9.weight"].numpy()).all()


def test_groups_of_tensors_have_a_mixture_each_and_the_file_is_as_ever() -> None:
    torch.manual_seed(0)
    treatment = Treatment(groups=("head.*", "*.linear?.weight"))
    reference = reference_of(trained(NETWORKS["transformer"]()), treatment)
    outcome = compressed(reference)
    assert outcome.trace is not None
    assert outcome.trace.means.shape[1] == 3 * 5
    assert decode(outcome.file).tensors.keys() == reference.state.keys()
    network = load_compressed(decode(outcome.file), reference.described)
    assert error(network, DATA.test) == outcome.test_error


def test_a_pattern_that_fits_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"none is called head\.\*; there are 0\.weight"):
        reference_of(trained(NETWORKS["grouped_and_transposed"]()), Treatment(kept=("head.*",)))


def test_parameters_that_share_a_part_of_their_memory_are_refused() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(SIDE * SIDE, NUM_CLASSES), nn.Linear(3, 3))
    network[2].weight.data = network[1].weight.data[:, :3]
    with pytest.raises(ConfigError, match=r"2\.weight and 1\.weight are two that share memory"):
        plain(network)


class Restless(nn.Module):
    """Changes its weights whenever it is used."""

    def __init__(self, when: str) -> None:
        super().__init__()
        self.layer = nn.Linear(SIDE * SIDE, NUM_CLASSES)
        self.when = when

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if self.when == ("training" if self.training else "evaluation"):
            self.layer.weight.data.mul_(0.5)
        outputs: torch.Tensor = self.layer(images.flatten(1))
        return outputs + torch.rand(()) if self.when == "random" else outputs


class Odd(nn.Module):
    """Has a parameter of another kind."""

    def __init__(self, value: torch.Tensor) -> None:
        super().__init__()
        self.odd = nn.Parameter(value, requires_grad=False)


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (Restless("evaluation"), r"forward pass in evaluation changes layer\.weight"),
        (Restless("training"), r"forward pass in training changes layer\.weight"),
        (Restless("random"), "its outputs differ from one evaluation to the next"),
        (Odd(torch.zeros(2, 2, dtype=torch.complex64)), "but odd is complex64"),
        (Odd(torch.zeros(2, 2, dtype=torch.int32)), "but odd is int32"),
        (nn.Sequential(nn.Flatten(), nn.LazyLinear(3)), r"1\.weight waits for a first input"),
        (nn.Sequential(nn.Flatten(), nn.Linear(36, 2)), r"each of the 3 classes of stripes, 8x3"),
        (nn.Linear(5, 3), r"the network on inputs of 8x1x6x6 of stripes raised RuntimeError"),
    ],
)
def test_a_network_that_cannot_be_compressed_is_refused_in_a_line(
    network: nn.Module, message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        reference_of(network)
    assert "\n" not in str(caught.value)
