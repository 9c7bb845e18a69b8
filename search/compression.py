"""What a configuration has a trial compress with."""

from core.compress import CompressConfig
from search.configuration import SoftshareConfig


def compress_config(config: SoftshareConfig) -> CompressConfig:
    """Return the groups of a configuration that decide what one compression does."""
    return CompressConfig(
        prior=config.prior,
        retrain=config.retrain,
        shrinking=config.shrinking,
        post_processing=config.post_processing,
        method=config.method,
    )
