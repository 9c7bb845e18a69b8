"""What a benchmark compresses: the reference network of a configuration and its data."""

from pathlib import Path

from core.caching import write_atomically
from core.data import Data, load_data
from core.reference import ReferenceNetwork, cached_path, load_or_train_reference
from search.configuration import SoftshareConfig


def carried_reference(config: SoftshareConfig, kept: Path) -> ReferenceNetwork:
    """Return the reference network that results are of, which this machine's cache has from now on.

    The same training gives another network on another kind of processor: where results grow on
    several machines, the network is kept beside them.

    Args:
        config: what is trained and how.
        kept: the file beside the results; it is made where it is missing.
    """
    cache = Path(config.cache_dir).expanduser()
    data = load_data(config.data, cache)
    if kept.exists():
        cached = cached_path(config.model.name, data, config.reference, cache)
        write_atomically(cached, kept.read_bytes())
    reference = load_or_train_reference(config.model, data, config.reference, cache)
    if not kept.exists():
        write_atomically(kept, reference.to_bytes())
    return reference


def load_inputs(config: SoftshareConfig) -> tuple[ReferenceNetwork, Data]:
    """Return both, from the cache where they are there."""
    cache = Path(config.cache_dir).expanduser()
    data = load_data(config.data, cache)
    return load_or_train_reference(config.model, data, config.reference, cache), data
