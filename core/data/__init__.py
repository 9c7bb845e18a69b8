"""Labelled examples in memory, from wherever this machine can get them."""

from core.data.config import DataConfig, DataSource
from core.data.data_set import Data, Split
from core.data.load import load_data
from core.data.own import data_of, own_data, own_split

__all__ = [
    "Data",
    "DataConfig",
    "DataSource",
    "Split",
    "data_of",
    "load_data",
    "own_data",
    "own_split",
]
