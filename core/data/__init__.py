"""Labelled images in memory, from wherever this machine can get them."""

from core.data.config import DataConfig, DataSource
from core.data.data_set import Data, Split
from core.data.load import load_data

__all__ = ["Data", "DataConfig", "DataSource", "Split", "load_data"]
