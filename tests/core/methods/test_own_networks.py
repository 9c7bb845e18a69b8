"""Every method compresses networks that nobody here knows, and honours how they are treated."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from core.codec import ClusteredTensor, FloatTensor, UniformTensor, decode
from core.compress import CompressConfig, compress
from core.evaluation import error, load_compressed
from core.methods import MethodConfig, MethodName
from core.networks import Treatment
from core.post_processing import PostProcessingConfig
from core.prior import PriorConfig
from core.reference import ReferenceNetwork
from core.retraining import RetrainConfig
from tests.core.test_own_networks import DATA, reference_of, trained
from tests.own_networks import NETWORKS

TREATMENT = {
    "tied": Treatment(clustered=("*.bias",), kept=("mixing.weight",), exact=("head.weight",)),
    "transformer": Treatment(kept=("*.linear1.weight",), exact=("places",)),
}


@cache
def own_reference(name: str) -> ReferenceNetwork:
    """A network of that name, trained for a moment."""
    torch.manual_seed(0)
    return reference_of(trained(NETWORKS[name]()), TREATMENT[name])


@pytest.mark.parametrize("method", MethodName)
@pytest.mark.parametrize("name", TREATMENT)
def test_a_method_compresses_any_module_tree(method: MethodName, name: str) -> None:
    treatment, reference = TREATMENT[name], own_reference(name)
    config = CompressConfig(
        prior=PriorConfig(num_components=5),
        retrain=RetrainConfig(num_epochs=2, batch_size=20, tau=1e-3, stop_hopeless=False),
        post_processing=PostProcessingConfig(fine_tuning_epochs=1),
        method=MethodConfig(name=method),
    )
    config.method.magnitude_pruning = replace(config.method.magnitude_pruning, interval=1)
    outcome = compress(reference, DATA, config)
    decoded = decode(outcome.file)
    tensors = decoded.tensors
    network = load_compressed(decoded, reference.described)
    assert error(network, DATA.test) == outcome.test_error
    (exact,) = (n for n in tensors if n in treatment.exact)
    assert isinstance(tensors[exact], FloatTensor)
    assert np.array_equal(tensors[exact].values, reference.state[exact].numpy())
    for pattern in treatment.kept:
        kept = [t for n, t in tensors.items() if n.endswith(pattern.removeprefix("*"))]
        assert kept
        assert all(isinstance(t, UniformTensor) and t.num_bits == 8 for t in kept)
    if name == "tied":
        assert network.out.weight is network.embedding.weight
        assert isinstance(tensors["embedding.weight"], ClusteredTensor)
        assert isinstance(tensors["mixing.bias"], ClusteredTensor)
        assert "out.weight" not in tensors
