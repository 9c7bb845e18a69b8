"""How quantities are written for people; fractions become per cent and points only here."""


def percent(fraction: float | None, decimals: int = 2) -> str:
    """Return a fraction as per cent: 0.0189 is ``1.89 %``."""
    return "-" if fraction is None else f"{100 * fraction:.{decimals}f} %"


def points(fraction: float | None) -> str:
    """Return a difference of fractions in points: 0.0012 is ``+0.12``."""
    return "-" if fraction is None else f"{100 * fraction:+.2f}"


def rate(value: float | None) -> str:
    """Return a compression rate: ``124.3x``."""
    return "-" if value is None else f"{value:.1f}x"


def count(value: int | None) -> str:
    """Return a count with thousands set off: ``1,066,440``."""
    return "-" if value is None else f"{value:,}"


def duration(seconds: float | None) -> str:
    """Return a time as ``1:02:03`` or ``2:03``."""
    if seconds is None:
        return "-"
    minutes, rest = divmod(round(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
