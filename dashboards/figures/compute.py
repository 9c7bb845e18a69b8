"""What a study has come to over the computing time that it has taken."""

import plotly.graph_objects as go

from dashboards import formats
from dashboards.figures.history import HistoryData, HistoryEntry
from dashboards.figures.style import draw_scatter, new_figure, sentence_figure, transparent
from dashboards.palette import LIGHT, Palette

_UNITS = ((3600.0, "hours"), (60.0, "minutes"), (1.0, "seconds"))


def draw_hypervolume_over_compute(data: HistoryData, palette: Palette = LIGHT) -> go.Figure:
    """Draw the hypervolume after each trial over the computing time of all trials so far."""
    title = "Hypervolume over computing time"
    total = data.entries[-1].seconds if data.entries else 0.0
    if not total:
        return sentence_figure(palette, "No computing time was stored yet.", title=title)
    unit, name = next((u, n) for u, n in _UNITS if total >= 2 * u or u == 1)
    figure = new_figure(palette, height=260, title=title)
    # Where nothing grew there is nothing to tell.
    steps: list[tuple[float, float, HistoryEntry | None]] = [(0.0, 0.0, None)]
    for entry in data.entries:
        if entry.hypervolume > steps[-1][1]:
            steps.append((entry.seconds / unit, entry.hypervolume, entry))
    draw_scatter(
        figure,
        x=[*(x for x, _, _ in steps), total / unit],
        y=[*(y for _, y, _ in steps), steps[-1][1]],
        mode="lines",
        line={"color": palette.second, "width": 2, "shape": "hv"},
        fill="tozeroy",
        fillcolor=transparent(palette.second, 0.12),
        hovertext=[
            "nothing yet"
            if entry is None
            else f"hypervolume {entry.hypervolume:.2f} with trial {entry.trial}<br>"
            f"after {formats.duration(entry.seconds)} of computing"
            for _, _, entry in steps
        ]
        + [f"{formats.duration(total)} of computing so far"],
        hoverinfo="text",
        showlegend=False,
    )
    figure.update_xaxes(title_text=f"computing time of all workers, {name}", rangemode="tozero")
    figure.update_yaxes(title_text="hypervolume", rangemode="tozero", nticks=5)
    return figure
