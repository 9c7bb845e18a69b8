"""The state of a network by name, each tensor once: a shared one stands under its first name."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

MAX_NAMED = 6
"""Most names that a message lists."""


def shared_names(network: nn.Module) -> dict[str, str]:
    """Return the first name of each tensor's every further name in the state dict."""
    first: dict[int, str] = {}
    further = {}
    for name, tensor in network.state_dict(keep_vars=True).items():
        owner = first.setdefault(id(tensor), name)
        if owner != name:
            further[name] = owner
    return further


def state_of(network: nn.Module) -> dict[str, Tensor]:
    """Return the state dict without further names of shared tensors; the tensors themselves."""
    further = shared_names(network)
    state: Mapping[str, Tensor] = network.state_dict()
    return {name: tensor for name, tensor in state.items() if name not in further}


def load_state(network: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Put a state into a network, that of a shared tensor under any or all of its names.

    Raises:
        ValueError: a tensor is missing, of another shape, too many, or shared and yet different
            under its names; the message names them.
    """
    further = shared_names(network)
    for name, owner in further.items():
        if name in state and owner in state and not torch.equal(state[name], state[owner]):
            raise ValueError(f"{name} and {owner} are one tensor in the network, but differ")
    own = network.state_dict()
    misshapen = [
        f"size mismatch for {name}, {_shape(state[name])} instead of {_shape(own[name])}"
        for name in own
        if name in state and state[name].shape != own[name].shape
    ]
    if misshapen:
        raise ValueError("; ".join(misshapen[:MAX_NAMED]))
    found = network.load_state_dict(state, strict=False)
    there = {further.get(name, name) for name in state}
    missing = [name for name in found.missing_keys if further.get(name, name) not in there]
    faults = []
    if missing:
        faults.append(f"{_listed(missing)} missing")
    if found.unexpected_keys:
        faults.append(f"{_listed(found.unexpected_keys)} not the network's")
    if faults:
        raise ValueError("; ".join(faults))


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "a scalar"


def _listed(names: list[str]) -> str:
    verb = "is" if len(names) == 1 else "are"
    more = len(names) - MAX_NAMED
    return ", ".join(names[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "") + f" {verb}"
