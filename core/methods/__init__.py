"""The methods of the field: how weights come to clusters, each in a file of its own."""

from core.methods.config import MethodConfig, MethodName
from core.methods.interface import Clustered, Method
from core.methods.magnitude_pruning import PruningConfig
from core.methods.registry import METHODS, make_method, reads

__all__ = [
    "METHODS",
    "Clustered",
    "Method",
    "MethodConfig",
    "MethodName",
    "PruningConfig",
    "make_method",
    "reads",
]
