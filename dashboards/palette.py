"""The colours and the type of every figure and page, once for light and once for dark screens."""

from dataclasses import dataclass

FONT_FAMILY = (
    "Inter, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Liberation Sans', Arial, "
    "sans-serif"
)


@dataclass(frozen=True, kw_only=True)
class Palette:
    """Colours by what they mean, as ``#rrggbb``; every text colour is legible on ``surface``.

    Attributes:
        page: background of the page.
        surface: background of figures and cards.
        ink: text and the numbers that matter.
        muted: secondary text and axis labels.
        line: grid, rules and borders.
        accent: the Pareto front and whatever is within the cap.
        accent_soft: the feasible region.
        second: the second of two compared series.
        dim: dominated points.
        published: results of others.
        bad: over the cap, stopped or failed.
    """

    page: str
    surface: str
    ink: str
    muted: str
    line: str
    accent: str
    accent_soft: str
    second: str
    dim: str
    published: str
    bad: str


LIGHT = Palette(
    page="#f6f7f7",
    surface="#ffffff",
    ink="#182026",
    muted="#56626d",
    line="#e1e5e8",
    accent="#0a6c74",
    accent_soft="#e9f4f3",
    second="#c08a2d",
    dim="#a7b4bd",
    published="#a85f08",
    bad="#b4473a",
)

DARK = Palette(
    page="#11161a",
    surface="#181e23",
    ink="#e8ecef",
    muted="#9ba8b3",
    line="#2b343b",
    accent="#56c2bb",
    accent_soft="#1a2c2e",
    second="#d9a94f",
    dim="#596671",
    published="#e3a75b",
    bad="#ea8072",
)

_SERIES = {
    LIGHT.surface: ("#0a6c74", "#c0571d", "#5b4aa8", "#9a7b00", "#b0337d", "#2f7d32", "#5f6b75",
                    "#8c4a2f", "#2566b0"),
    DARK.surface: ("#56c2bb", "#f0935c", "#a99bf0", "#d9bd4f", "#ef87c2", "#84c987", "#a9b6c1",
                   "#d39a82", "#7fb2f0"),
}  # fmt: skip


def series_colour(palette: Palette, index: int) -> str:
    """Return the colour of one of several series, as ``#rrggbb``; they repeat after nine."""
    colours = _SERIES[palette.surface]
    return colours[index % len(colours)]
