"""What a benchmark compresses: the reference network of a configuration and its data."""

from pathlib import Path

from core.caching import write_atomically
from core.data import Data, load_data
from core.reference import ReferenceNetwork, cached_path, load_or_train_reference
from search.configuration import SoftshareConfig


def load_inputs(config: SoftshareConfig, kept: Path | None = None) -> tuple[ReferenceNetwork, Data]:
    """Return both, from the cache where they are there.

    The same training gives another network on another kind of processor: where results grow on
    several machines, the network is kept beside them, and the cache of each gets it from there.

    Args:
        config: what is trained and how.
        kept: where the network is kept; it is written where it is missing.
    """
    cache = Path(config.cache_dir).expanduser()
    data = load_data(config.data, cache)
    if kept is not None and kept.exists():
        cached = cached_path(config.model.name, data, config.reference, cache)
        write_atomically(cached, kept.read_bytes())
    reference = load_or_train_reference(config.model, data, config.reference, cache)
    if kept is not None and not kept.exists():
        write_atomically(kept, reference.to_bytes())
    return reference, data
