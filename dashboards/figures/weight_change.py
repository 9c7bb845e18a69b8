"""Every weight before against after the retraining, with both distributions (paper, Figure 1)."""

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.trace import Trace
from dashboards import formats
from dashboards.figures.style import count_ticks, draw_scatter, new_figure, transparent
from dashboards.palette import LIGHT, Palette

_MAIN = 0.8
_MARGINAL = 0.83


@dataclass(frozen=True, kw_only=True, eq=False)
class WeightChangeData:
    """What the figure draws.

    Attributes:
        zero: sampled weights that decode to zero, before and after the retraining, [2, zeros].
        kept: those that decode to something else, in the same order, [2, kept].
        zero_share: share of all weights that decode to zero which the sample holds, in (0, 1].
        kept_share: the same of the others; both are 1 where the sample is the whole.
        bin_middles: of the grid of the counts, [bins].
        counts_before: number of all weights in each bin before the retraining.
        counts_after: the same after it.
    """

    zero: NDArray[np.float32]
    kept: NDArray[np.float32]
    zero_share: float
    kept_share: float
    bin_middles: NDArray[np.float32]
    counts_before: NDArray[np.int64]
    counts_after: NDArray[np.int64]


def weight_change_data(trace: Trace) -> WeightChangeData:
    """Gather the sampled weights and the counts of all weights."""
    both = np.stack([trace.sample_before, trace.sample_after]).astype(np.float32)
    is_zero = trace.sample_decoded == 0
    num_kept = int(trace.num_nonzeros.sum())
    num_zero = int(trace.num_weights.sum()) - num_kept
    return WeightChangeData(
        zero=both[:, is_zero],
        kept=both[:, ~is_zero],
        zero_share=int(is_zero.sum()) / max(num_zero, 1),
        kept_share=int((~is_zero).sum()) / max(num_kept, 1),
        bin_middles=trace.bin_middles,
        counts_before=trace.counts[0],
        counts_after=trace.counts[1],
    )


def draw_weight_change(data: WeightChangeData, palette: Palette = LIGHT) -> go.Figure:
    """Draw the scatter, the counts before above it and those after on its right."""
    figure = new_figure(palette, height=560, title="Weights before and after the retraining")
    for points, share, name, colour, size in (
        (data.zero, data.zero_share, "zero in the file", palette.dim, 3),
        (data.kept, data.kept_share, "not zero in the file", palette.accent, 4),
    ):
        draw_scatter(
            figure,
            x=rounded(points[0]),
            y=rounded(points[1]),
            mode="markers",
            marker={"size": size, "color": transparent(colour, 0.55)},
            hovertemplate="%{x:.3f} before, %{y:.3f} after<extra></extra>",
            name=f"{name} ({drawn(share)})",
        )
    across, up = (view(data.zero[moment], data.kept[moment]) for moment in (0, 1))
    draw_scatter(
        figure,
        x=across,
        y=across,
        mode="lines",
        line={"color": palette.muted, "width": 1, "dash": "dot"},
        hoverinfo="skip",
        name="unchanged",
    )
    middles = rounded(data.bin_middles, 7)  # rounded more, bars would leave gaps
    before, after = (counted(counts) for counts in (data.counts_before, data.counts_after))
    bars = {"marker": {"color": palette.second, "line": {"width": 0}}, "showlegend": False}
    hover = "weights around %{{{at}:.3f}}: %{{{number}:,}}<extra></extra>"
    figure.add_bar(
        x=middles, y=before, yaxis="y2", hovertemplate=hover.format(at="x", number="y"), **bars
    )
    figure.add_bar(
        x=after,
        y=middles,
        xaxis="x2",
        orientation="h",
        hovertemplate=hover.format(at="y", number="x"),
        **bars,
    )
    most = max(int(data.counts_before.max()), int(data.counts_after.max()))
    counts = {
        "type": "log",
        "gridcolor": palette.line,
        "zeroline": False,
        "tickangle": 0,
        **count_ticks(most, decades=2),
    }
    figure.update_layout(
        bargap=0,
        legend={"itemsizing": "constant"},
        xaxis={"domain": [0, _MAIN], "range": across, "title_text": "weight before"},
        yaxis={"domain": [0, _MAIN], "range": up, "title_text": "weight after retraining"},
        xaxis2={"domain": [_MARGINAL, 1], "anchor": "y", **counts},
        yaxis2={"domain": [_MARGINAL, 1], "anchor": "x", **counts},
    )
    return figure


def view(*points: NDArray[np.float32]) -> list[float]:
    """Return one range, even around zero, that holds all of some points and a little air."""
    limit = max((float(np.abs(array).max()) for array in points if array.size), default=0.0)
    return [-1.04 * limit, 1.04 * limit] if limit else [-1.0, 1.0]


def rounded(values: NDArray[np.float32], digits: int = 4) -> list[float]:
    """Return values in the few digits that a screen can show."""
    return [round(value, digits) for value in values.tolist()]


def counted(counts: NDArray[np.int64]) -> list[int | None]:
    """Return counts for a logarithmic axis, on which nothing has no place."""
    return [count or None for count in counts.tolist()]


def drawn(share: float) -> str:
    """Say which share of some weights is drawn."""
    return (
        "all drawn" if share >= 1 else f"{formats.percent(share, 0 if share >= 0.1 else 1)} drawn"
    )
