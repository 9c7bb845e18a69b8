"""Batch norms as they are used after training: a scale and a shift instead of four vectors.

With running mean m and variance v, weight g and bias b, a batch norm computes
g (x - m) / sqrt(v + eps) + b. Folded, g and b hold all of it, and m and v are constants, which
cost a file a few bytes (Jacob et al. 2018, §3.2, without the convolution: a scale for each channel
would break up the shared values of a clustered tensor).
"""

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


def fold_batch_norms(network: nn.Module) -> None:
    """Move the running statistics of every affine batch norm into its weight and bias, in place.

    In evaluation mode the network computes what it did, but for rounding.
    """
    for module in network.modules():
        if not (isinstance(module, _BatchNorm) and module.affine and module.track_running_stats):
            continue
        assert module.running_mean is not None
        assert module.running_var is not None
        with torch.no_grad():
            scale = module.weight / (module.running_var + module.eps).sqrt()
            module.bias.sub_(module.running_mean * scale)
            module.weight.copy_(scale)
            module.running_mean.zero_()
            module.running_var.fill_(1 - module.eps)
