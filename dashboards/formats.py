"""How numbers are written for people: per cent, points, rates, bytes and times.

Errors are fractions inside the code and become per cent only here.
"""

import math
from datetime import UTC, datetime

MINUS = "\N{MINUS SIGN}"
TIMES = "\N{MULTIPLICATION SIGN}"
SPACE = "\N{NO-BREAK SPACE}"
MISSING = "\N{EN DASH}"


def percent(fraction: float | None, decimals: int = 2) -> str:
    """A fraction as per cent: 0.0189 is ``1.89 %``."""
    if fraction is None or not math.isfinite(fraction):
        return MISSING
    return f"{100 * fraction:.{decimals}f}{SPACE}%".replace("-", MINUS)


def points(fraction: float | None, decimals: int = 2) -> str:
    """A difference of two errors in percentage points with its sign: 0.0005 is ``+0.05``."""
    if fraction is None or not math.isfinite(fraction):
        return MISSING
    text = f"{100 * fraction:+.{decimals}f}"
    # A difference that rounds to nothing carries no sign.
    return text[1:] if not float(text) else text.replace("-", MINUS)


def rate(value: float | None) -> str:
    """A compression rate in three significant digits at most: 182.34 is ``182×``."""
    if value is None or not math.isfinite(value):
        return MISSING
    return f"{value:.1f}{TIMES}" if abs(value) < 99.95 else f"{value:,.0f}{TIMES}"


def count(value: int | None) -> str:
    """A whole number with its thousands apart: 266610 is ``266,610``."""
    return MISSING if value is None else f"{value:,}"


def num_bytes(value: int | None) -> str:
    """A size, exact: 5860 is ``5,860 B``."""
    return MISSING if value is None else f"{value:,}{SPACE}B"


def duration(seconds: float | None) -> str:
    """A span of time: ``43 s``, ``1 min 05 s`` or ``2 h 03 min``."""
    if seconds is None or not math.isfinite(seconds):
        return MISSING
    whole = round(seconds)
    if whole < 60:
        return f"{whole}{SPACE}s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}{SPACE}min {rest:02d}{SPACE}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}{SPACE}h {minutes:02d}{SPACE}min"


def value(setting: object) -> str:
    """A hyperparameter's value: floats in four significant digits, everything else as it is."""
    if isinstance(setting, bool) or not isinstance(setting, float):
        return str(setting)
    return f"{setting:.4g}".replace("-", MINUS)


def moment(time: datetime | None) -> str:
    """A point in time in UTC, to the minute; one without a zone is taken as UTC."""
    if time is None:
        return MISSING
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    return f"{aware.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
