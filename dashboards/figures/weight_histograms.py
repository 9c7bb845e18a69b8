"""The distribution of all weights at three moments, log-scaled (the author's tutorial, part 3)."""

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.trace import Trace
from dashboards.figures.style import count_ticks, new_figure
from dashboards.figures.weight_change import counted, rounded
from dashboards.palette import LIGHT, Palette

MOMENTS = ("before the retraining", "after the retraining", "in the decoded file")


@dataclass(frozen=True, kw_only=True, eq=False)
class WeightHistogramsData:
    """What the figure draws.

    Attributes:
        bin_middles: of the even grid, [bins].
        bin_width: width of a bin.
        counts: number of all weights in each bin at each of the ``MOMENTS``, [3, bins].
        num_values: bins that hold a weight at each moment.
    """

    bin_middles: NDArray[np.float32]
    bin_width: float
    counts: NDArray[np.int64]
    num_values: tuple[int, ...]


def weight_histograms_data(trace: Trace) -> WeightHistogramsData:
    """Gather the counts of all weights."""
    return WeightHistogramsData(
        bin_middles=trace.bin_middles,
        bin_width=float(trace.bin_edges[1] - trace.bin_edges[0]),
        counts=trace.counts,
        num_values=tuple(int(np.count_nonzero(counts)) for counts in trace.counts),
    )


def draw_weight_histograms(data: WeightHistogramsData, palette: Palette = LIGHT) -> go.Figure:
    """Draw the three histograms one above the other over one axis of weights."""
    figure = new_figure(palette, height=560, title="Distribution of the weights at three moments")
    middles = rounded(data.bin_middles, 7)  # rounded more, bars would leave gaps
    ticks = count_ticks(int(data.counts.max()))
    shown = data.bin_middles[data.counts.any(axis=0)]
    for row, (name, counts) in enumerate(zip(MOMENTS, data.counts, strict=True)):
        axis = f"y{row + 1 if row else ''}"
        top = 1 - row * 0.345
        figure.add_bar(
            x=middles,
            y=counted(counts),
            yaxis=axis,
            width=data.bin_width,
            marker={"color": palette.accent, "line": {"width": 0}},
            hovertemplate="weights around %{x:.3f}: %{y:,}<extra></extra>",
            name=name,
            showlegend=False,
        )
        figure.update_layout(
            {
                f"yaxis{axis[1:]}": {
                    "type": "log",
                    "domain": [top - 0.275, top],
                    "anchor": "x",
                    "gridcolor": palette.line,
                    "zeroline": False,
                    "automargin": True,
                    **ticks,
                }
            }
        )
        figure.add_annotation(
            text=name, x=0, y=top, xref="paper", yref="paper", xanchor="left", yanchor="bottom",
            showarrow=False, font={"color": palette.ink, "size": 13},
        )  # fmt: skip
    figure.update_layout(bargap=0)
    figure.update_xaxes(
        anchor="y3",
        title_text="weight",
        range=[float(shown.min()) - 2 * data.bin_width, float(shown.max()) + 2 * data.bin_width],
    )
    return figure
