"""One scale for all layers, so that one mixture and one learning rate fit them.

Between weight layers with nothing but rectified linear units and pooling, a layer's weights can be
multiplied by a positive number and the next one's divided by it: the network computes the same.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

PROBES = 64
TOLERANCE = 1e-3  # relative to the largest output


def scale_of(weights: Float[Tensor, "..."]) -> float:
    """Return the root of the fourth moment over the second: the size of the weights that matter."""
    squares = weights.detach().double().square()
    return math.sqrt(float(squares.square().mean() / squares.mean().clamp_min(1e-30)))


def equalise(
    network: nn.Module, chains: tuple[tuple[str, ...], ...], input_shape: tuple[int, ...]
) -> bool:
    """Bring the layers of every chain to their geometric mean scale, in place.

    Args:
        network: the network.
        chains: names of weight layers, each fed by the one before alone.
        input_shape: shape of one input of the network, without the batch.

    Returns:
        Whether it was done. A network whose outputs it would change is left as it was.
    """
    if not chains:
        return False
    network.eval()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    device = next(network.parameters()).device
    probes = torch.rand(PROBES, *input_shape, generator=torch.Generator().manual_seed(0)).to(device)
    with torch.no_grad():
        outputs = network(probes)
        for chain in chains:
            layers = [network.get_submodule(name) for name in chain]
            scales = [scale_of(layer.weight) for layer in layers]  # type: ignore[arg-type] # weights
            common = math.exp(sum(map(math.log, scales)) / len(scales))
            so_far = 1.0
            for layer, scale in zip(layers, scales, strict=True):
                assert isinstance(layer.weight, Tensor)
                layer.weight.mul_(common / scale)
                so_far *= common / scale
                if isinstance(layer.bias, Tensor):
                    layer.bias.mul_(so_far)
        difference = float((network(probes) - outputs).abs().max())
    if difference <= TOLERANCE * float(outputs.abs().max()):
        return True
    network.load_state_dict(before)
    return False
