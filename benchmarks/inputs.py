"""What a benchmark compresses: the reference network of a configuration and its data."""

from pathlib import Path

from core.data import Data, load_data
from core.reference import ReferenceNetwork, load_or_train_reference
from search.configuration import SoftshareConfig


def load_inputs(config: SoftshareConfig) -> tuple[ReferenceNetwork, Data]:
    """Return both, from the cache where they are there."""
    cache = Path(config.cache_dir).expanduser()
    data = load_data(config.data, cache)
    return load_or_train_reference(config.model, data, config.reference, cache), data
