"""Codebook entries share the gradient of the weights they stand for."""

import torch
from torch import nn

from core.post_processing.fine_tuning import SharedWeights
from core.post_processing.quantisation import QuantisedTensor
from core.retraining import FlatWeights


def shared_layer() -> tuple[nn.Module, FlatWeights, QuantisedTensor, SharedWeights]:
    network = nn.Sequential(nn.Linear(3, 2))
    weights = FlatWeights.from_network(network)
    tensor = QuantisedTensor(
        "0.weight", torch.tensor([[0, 1, 2], [2, 0, 1]]), torch.tensor([0.0, -0.5, 0.25])
    )
    return network, weights, tensor, SharedWeights(weights, [tensor])


def test_the_network_holds_the_codebook_s_values():
    network, _, tensor, shared = shared_layer()
    expected = torch.tensor([[0, -0.5, 0.25], [0.25, 0, -0.5]])
    torch.testing.assert_close(network[0].weight.detach(), expected)
    tensor.codebook[1] = 1.0
    shared.write()
    assert network[0].weight[0, 1].item() == 1.0


def test_an_entry_s_gradient_is_the_sum_over_its_weights_and_zero_has_none():
    network, weights, tensor, shared = shared_layer()
    weights.zero_gradient()
    network(torch.tensor([[1.0, 2.0, 3.0]])).sum().backward()
    shared.collect_gradients()
    # Both outputs see the inputs (1, 2, 3): entry 1 stands at inputs 2 and 3, entry 2 at 3 and 1.
    assert tensor.codebook.grad is not None
    assert tensor.codebook.grad.tolist() == [0.0, 5.0, 4.0]


def test_a_weight_moves_to_the_entry_nearest_to_its_latent_value_and_zeros_stay():
    network, _, tensor, shared = shared_layer()
    shared.latents[0].copy_(torch.tensor([-0.4, 0.9, -0.6, -0.3]))  # in the order of the places
    shared.reassign_to_nearest()
    shared.write()
    assert tensor.indices.tolist() == [[0, 1, 2], [1, 0, 1]]
    expected = torch.tensor([[0, -0.5, 0.25], [-0.5, 0, -0.5]])
    torch.testing.assert_close(network[0].weight.detach(), expected)
