"""The layout that every figure starts from: type, grid, hover and axes of one palette."""

import math
import textwrap
from html import escape
from typing import Any

import plotly.graph_objects as go

from dashboards.palette import FONT_FAMILY, Palette


def new_figure(palette: Palette, *, height: int, title: str) -> go.Figure:
    """An empty figure in the house's type and colours.

    Args:
        palette: colours to draw with.
        height: in pixels; the width is the reader's.
        title: what the figure is, for screen readers and for a picture torn from its page.
    """
    layout = {
        "template": {},  # plotly's own colours stay out
        "height": height,
        "autosize": True,
        # Zoom and hidden traces survive a redraw with other colours or with more trials.
        "uirevision": title,
        "meta": {"title": title},
        "paper_bgcolor": palette.surface,
        "plot_bgcolor": palette.surface,
        "font": {"family": FONT_FAMILY, "size": 13, "color": palette.muted},
        "margin": {"l": 62, "r": 18, "t": 36, "b": 48},
        "hoverlabel": {
            "bgcolor": palette.surface,
            "bordercolor": palette.line,
            "font": {"family": FONT_FAMILY, "size": 13, "color": palette.ink},
            "align": "left",
        },
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1.02,
            "yanchor": "bottom",
            "font": {"color": palette.ink},
            "bgcolor": "rgba(0,0,0,0)",
        },
        "hovermode": "closest",
        "dragmode": "zoom",
        "xaxis": _axis(palette),
        "yaxis": _axis(palette),
    }
    return go.Figure(layout=layout)  # at once: piece by piece takes plotly several times as long


def _axis(palette: Palette) -> dict[str, Any]:
    return {
        "gridcolor": palette.line,
        "linecolor": palette.line,
        "zeroline": False,
        "showline": False,
        "ticks": "",
        "tickfont": {"color": palette.muted},
        "title": {"font": {"color": palette.ink, "size": 13}, "standoff": 12},
        "automargin": True,
    }


def sentence_figure(palette: Palette, sentence: str, *, title: str, height: int = 120) -> go.Figure:
    """A figure that says why there is nothing to draw, instead of an empty pair of axes.

    Args:
        palette: colours to draw with.
        sentence: plain text; wrapped, because plotly does not wrap.
        title: as in ``new_figure``.
        height: in pixels.
    """
    figure = new_figure(palette, height=height, title=title)
    figure.update_layout(margin={"l": 18, "r": 18, "t": 18, "b": 18}, dragmode=False)
    figure.update_xaxes(visible=False, fixedrange=True)
    figure.update_yaxes(visible=False, fixedrange=True)
    figure.add_annotation(
        text="<br>".join(map(escape, textwrap.wrap(sentence, 48))),
        x=0.5,
        y=0.5,
        xref="paper",
        yref="paper",
        showarrow=False,
        font={"color": palette.muted, "size": 14},
    )
    return figure


def draw_scatter(figure: go.Figure, **trace: Any) -> None:
    """Draw a scatter trace; ``Figure.add_scatter`` checks all its values twice."""
    figure.add_trace({"type": "scatter", **trace})


def draw_level(figure: go.Figure, y: float, line: dict[str, Any], **shape: Any) -> None:
    """Draw a line across the plot above its points; ``Figure.add_hline`` takes far longer."""
    figure.add_shape(
        type="line", xref="x domain", x0=0, x1=1, yref="y", y0=y, y1=y, line=line, layer="above",
        **shape,
    )  # fmt: skip


def draw_feasible(figure: go.Figure, cap: float, palette: Palette) -> None:
    """Shade what lies below the cap, in points."""
    figure.add_shape(
        type="rect", xref="x domain", x0=0, x1=1, yref="y", y0=-100, y1=cap,
        fillcolor=palette.accent_soft, line={"width": 0}, layer="below",
    )  # fmt: skip


def draw_outside(
    figure: go.Figure, num_outside: int, palette: Palette, drawn: tuple[int, int] = (0, 0)
) -> None:
    """Say in the upper right corner how many trials the first view leaves out, if any.

    Args:
        figure: what is drawn on.
        num_outside: trials outside the view.
        palette: colours to draw with.
        drawn: of how many trials how many are drawn.
    """
    said = []
    if drawn[0] < drawn[1]:
        said.append(f"{drawn[0]:,} of {drawn[1]:,} trials drawn")
    if num_outside:
        trials = "1 trial" if num_outside == 1 else f"{num_outside:,} trials"
        said.append(f"{trials} outside this view, double-click for all")
    if said:
        figure.add_annotation(
            text="<br>".join(said), align="right",
            x=1, y=1, xref="paper", yref="paper", xanchor="right", yanchor="top", xshift=-4,
            yshift=-2, showarrow=False, font={"color": palette.muted, "size": 12},
            bgcolor=transparent(palette.surface, 0.8),
        )  # fmt: skip


def rate_ticks(low: float, high: float) -> tuple[list[float], list[str]]:
    """Round values for a logarithmic axis of rates, denser where the axis is short.

    A decade on either side is ticked too, so that a zoomed-out axis is not left bare.

    Args:
        low: lowest rate in view, > 0.
        high: highest rate in view, >= low.

    Returns:
        The rates and their texts, such as ``"200×"``.
    """
    span = math.log10(high / low)
    if span < 0.4:
        steps: tuple[float, ...] = (1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9)
    elif span < 1.2:
        steps = (1, 1.5, 2, 3, 4, 5, 7)
    else:
        steps = (1, 2, 5) if span < 2.5 else (1,)
    decades = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 2)
    values = [step * 10.0**decade for decade in decades for step in steps]
    return values, [f"{value:,.10g}\N{MULTIPLICATION SIGN}" for value in values]


def transparent(colour: str, alpha: float) -> str:
    """A ``#rrggbb`` colour with an opacity in [0, 1], as plotly writes it."""
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha:g})"


def count_ticks(largest: int, decades: int = 1) -> dict[str, Any]:
    """Ticks and range of a logarithmic axis of counts, from 1 on.

    Args:
        largest: the largest count, >= 0.
        decades: powers of ten from one tick to the next; a short axis has room for few.
    """
    num_decades = math.ceil(math.log10(max(largest, 2))) + 1
    values = [10**decade for decade in range(0, num_decades, decades)]
    return {
        "tickvals": values,
        "ticktext": [_short(value) for value in values],
        "range": [math.log10(0.7), math.log10(1.4 * max(largest, 2))],
    }


def _short(value: int) -> str:
    """Write a power of ten in few letters."""
    for size, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if value >= size:
            return f"{value // size}{letter}"
    return str(value)
