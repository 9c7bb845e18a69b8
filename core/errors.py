"""The errors a user can cause or meet, one family a room, all under ``SoftshareError``.

The command line prints the message of a ``SoftshareError`` as one line and exits with code 2; any
other exception is a defect of ours and keeps its stack trace.
"""


class SoftshareError(Exception):
    """Base of every error that has a one-line message meant for the user."""


class ConfigError(SoftshareError):
    """A configuration value breaks a rule; the message names key, rule, value and remedy."""


class DataError(SoftshareError):
    """A data set is missing, corrupt or does not fit its description."""


class RetrainError(SoftshareError):
    """A retraining cannot go on, for example because its loss is not a number."""


class CheckpointError(SoftshareError):
    """A checkpoint is damaged, or is of another compression than the one that is to go on."""


class CodecError(SoftshareError):
    """A compressed file cannot be read.

    Attributes:
        offset: index of the byte, counted from the start of the file, at which reading failed.
    """

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(f"{message} (at byte {offset})")
        self.offset = offset


def require(holds: bool, key: str, rule: str, value: object, remedy: str = "") -> None:
    """Raise a ``ConfigError`` that names key, rule, value and remedy unless ``holds``.

    Example message: ``retrain.tau must be > 0, but got -1.0``.
    """
    if not holds:
        raise ConfigError(
            f"{key} must be {rule}, but got {value}" + (f"; {remedy}" if remedy else "")
        )
