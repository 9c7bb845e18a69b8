"""What happens to each tensor of a network: clustered, rounded to few bits, or left alone.

Matrices are clustered, vectors (biases, norms) are coded on their own at low precision: Ullrich et
al. 2017 quantise weights only. Patterns over the tensors' names say otherwise where a network wants
it otherwise.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase

from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from core.errors import ConfigError

NORMS = (_NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)
"""Modules whose weights scale what passes, in as many axes as that has."""


class Kind(Enum):
    """What becomes of a tensor."""

    clustered = "clustered"
    """It follows the prior and is written as indices into a codebook."""
    low_precision = "low precision"
    """It is trained on and rounded as biases are."""
    kept = "kept"
    """The same, at the bits of kept weights."""
    exact = "exact"
    """It is neither trained nor rounded."""


@dataclass(frozen=True, kw_only=True)
class Treatment:
    """Which tensors of a network are clustered.

    Attributes:
        clustered: patterns of names (``*``, ``?`` and ``[…]`` as in a shell) that are clustered,
            though they are vectors or norms.
        kept: patterns of those that are rounded to ``kept_bits``, though they are weights; they
            win over ``clustered``.
        exact: patterns of those that are left alone; they win over both.
        kept_bits: bits of a number of a kept tensor, None for 32-bit floats.
        groups: patterns of clustered tensors that have a mixture of their own, one a pattern; a
            tensor belongs to the first that fits, and what fits none shares one more.
    """

    clustered: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()
    kept_bits: int | None = 8
    groups: tuple[str, ...] = ()

    def kinds(self, network: nn.Module) -> Mapping[str, Kind]:
        """Return what becomes of each parameter of a network, a shared one under its first name.

        Raises:
            ConfigError: a pattern fits no parameter.
        """
        kinds: dict[str, Kind] = {}
        for name, parameter in network.named_parameters():
            is_norm = isinstance(network.get_submodule(name.rpartition(".")[0]), NORMS)
            # one number a row is a vector, however many axes say so
            is_matrix = parameter.dim() >= 2 and parameter.numel() > len(parameter)
            kinds[name] = Kind.clustered if is_matrix and not is_norm else Kind.low_precision
        for key, kind in (
            ("clustered", Kind.clustered),
            ("kept", Kind.kept),
            ("exact", Kind.exact),
        ):
            for pattern in getattr(self, key):
                fitting = [name for name in kinds if fnmatchcase(name, pattern)]
                if not fitting:
                    raise _fits_nothing(key, pattern, list(kinds))
                kinds.update(dict.fromkeys(fitting, kind))
        for name, parameter in network.named_parameters():
            if kinds[name] is Kind.clustered and (parameter.dim() == 0 or parameter.numel() == 0):
                kinds[name] = Kind.low_precision  # there is nothing to share
        return kinds

    def groups_of(self, network: nn.Module) -> list[dict[str, nn.Parameter]]:
        """Return the clustered parameters by name, group by group; without groups as one.

        Raises:
            ConfigError: a pattern fits no clustered parameter that no earlier one fits.
        """
        kinds = self.kinds(network)
        left = {n: p for n, p in network.named_parameters() if kinds[n] is Kind.clustered}
        names = list(left)
        groups = []
        for pattern in self.groups:
            group = {n: left.pop(n) for n in list(left) if fnmatchcase(n, pattern)}
            if not group:
                raise _fits_nothing("groups", pattern, names)
            groups.append(group)
        return [*groups, left] if left or not groups else groups

    def bits(self, network: nn.Module, bias_bits: int | None) -> Mapping[str, int | None]:
        """Return the bits of a number of each tensor that is not clustered, None for floats.

        Buffers are floats, but for the statistics of batch norms, which count as biases: folded
        into their scales and shifts they are constants.

        Args:
            network: the network.
            bias_bits: bits of a bias, None for floats.
        """
        of_kind = {Kind.low_precision: bias_bits, Kind.kept: self.kept_bits, Kind.exact: None}
        kinds = self.kinds(network)
        bits = {name: of_kind[k] for name, k in kinds.items() if k is not Kind.clustered}
        for prefix, module in network.named_modules():
            for name, _ in module.named_buffers(recurse=False):
                is_statistic = isinstance(module, nn.modules.batchnorm._BatchNorm) and module.affine
                bits[f"{prefix}.{name}" if prefix else name] = bias_bits if is_statistic else None
        return bits


STANDARD = Treatment()
"""Weights are clustered, biases and norms rounded."""


def _fits_nothing(key: str, pattern: str, names: list[str]) -> ConfigError:
    near = difflib.get_close_matches(pattern, names, n=4) or names[:4]
    return ConfigError(
        f"model.{key} must be patterns of names of the network's parameters, but none is called "
        f"{pattern}; there are {', '.join(near)}{' and others' if len(names) > len(near) else ''}"
    )
