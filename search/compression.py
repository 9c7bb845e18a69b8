"""What a configuration has a trial compress, and with what."""

from dataclasses import replace

from core.compress import CompressConfig
from core.reference import ReferenceNetwork
from search.configuration import SoftshareConfig


def compress_config(config: SoftshareConfig) -> CompressConfig:
    """Return the groups of a configuration that decide what one compression does."""
    shrinking = config.shrinking
    if config.student.compressed:
        shrinking = replace(shrinking, units=config.student.units)
    return CompressConfig(
        prior=config.prior,
        retrain=config.retrain,
        shrinking=shrinking,
        post_processing=config.post_processing,
        method=config.method,
    )


def start_of(
    config: SoftshareConfig, reference: ReferenceNetwork, student: ReferenceNetwork | None
) -> tuple[ReferenceNetwork, ReferenceNetwork | None]:
    """Return the network that a configuration compresses, and its teacher if that is a student.

    Args:
        config: of a trial.
        reference: the network of its study.
        student: the student, where the study has one.
    """
    if config.student.compressed and student is not None:
        return student, reference
    return reference, None
