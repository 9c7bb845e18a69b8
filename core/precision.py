"""The forward pass in mixed precision: products in bfloat16, weights and gradients in 32 bits.

Source: Micikevicius et al. 2018, "Mixed precision training"; Kalamkar et al. 2019, "A study of
bfloat16 for deep learning training", whose range makes a scaling of the loss needless.
"""

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn


def forward(
    network: nn.Module, inputs: Shaped[Tensor, "batch ..."], bfloat16: bool
) -> Float[Tensor, "batch ..."]:
    """Return the network's outputs as 32-bit floats.

    Args:
        network: its parameters are 32-bit floats and stay so, as do the gradients that a backward
            pass leaves in them.
        inputs: a batch, on the device of the network.
        bfloat16: whether products and convolutions are computed in bfloat16. It pays where the
            processor multiplies matrices of bfloat16 (AMX, tensor cores), and costs time elsewhere.
    """
    with torch.autocast(inputs.device.type, torch.bfloat16, enabled=bfloat16):
        outputs: Tensor = network(inputs)
    return outputs.float()
