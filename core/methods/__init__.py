"""The methods of the field: how weights come to clusters, each in a file of its own."""

from core.method_names import MethodName
from core.methods.config import MethodConfig
from core.methods.interface import Clustered, Method
from core.methods.magnitude_pruning import PruningConfig
from core.methods.registry import make_method

__all__ = [
    "Clustered",
    "Method",
    "MethodConfig",
    "MethodName",
    "PruningConfig",
    "make_method",
]
