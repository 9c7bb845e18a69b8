"""Magnitude pruning: the control that soft weight-sharing has to beat at the same budget."""

from core.pruning.config import PruningConfig
from core.pruning.magnitude_pruning import prune

__all__ = ["PruningConfig", "prune"]
