"""The mixture while it learns, and the weights that it ends with (paper, Figure 3)."""

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.trace import Trace
from dashboards import formats
from dashboards.figures.style import draw_scatter, new_figure, transparent
from dashboards.figures.weight_change import rounded, view
from dashboards.palette import LIGHT, Palette

SIGNIFICANT = 0.01
"""Least share of what the zero component leaves that makes another component a significant one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ComponentsData:
    """What both figures draw; the zero component comes first.

    Attributes:
        means: means of the components before and after each epoch, [epochs + 1, components].
        stds: their standard deviations, in the same shape.
        shares: their last mixing proportions; those of all but the zero one as shares of what
            the zero component leaves, so that they sum to 1 without it. [components]
        before: sampled weights before the retraining.
        after: the same weights after the retraining.
    """

    means: NDArray[np.float32]
    stds: NDArray[np.float32]
    shares: NDArray[np.float32]
    before: NDArray[np.float32]
    after: NDArray[np.float32]

    @property
    def num_significant(self) -> int:
        """Components beside the zero one that hold a share worth naming at the end."""
        return int((self.shares[1:] > SIGNIFICANT).sum())


def components_data(trace: Trace) -> ComponentsData:
    """Gather the course of the mixture and the sampled weights."""
    last = np.nan_to_num(trace.mixing_proportions[-1])
    rest = float(last[1:].sum())
    return ComponentsData(
        means=trace.means,
        stds=trace.stds,
        shares=np.concatenate([last[:1], last[1:] / rest if rest else last[1:]]),
        before=trace.sample_before.astype(np.float32),
        after=trace.sample_after.astype(np.float32),
    )


def draw_trajectories(data: ComponentsData, palette: Palette = LIGHT) -> go.Figure:
    """Draw each component's mean over the epochs in a band of one standard deviation."""
    figure = new_figure(palette, height=460, title="Components of the mixture over the epochs")
    epochs = list(range(len(data.means)))
    # From the least to the most significant, the zero component on top of all.
    for component in np.argsort([2, *data.shares[1:]]).tolist():
        mean, std = data.means[:, component], data.stds[:, component]
        colour, strength, name = _look(data, component, palette)
        draw_scatter(
            figure,
            x=epochs + epochs[::-1],
            y=rounded(mean + std) + rounded(mean - std)[::-1],
            mode="lines",
            line={"width": 0},
            fill="toself",
            fillcolor=transparent(colour, 0.16 * strength),
            hoverinfo="skip",
            showlegend=False,
        )
        draw_scatter(
            figure,
            x=epochs,
            y=rounded(mean),
            mode="lines",
            line={"color": transparent(colour, strength), "width": 2.5 if strength == 1 else 1.5},
            hovertemplate=f"{name}, {_share(data, component)}<br>mean %{{y:.3f}} after epoch %{{x}}"
            "<extra></extra>",
            showlegend=False,
        )
    _draw_legend(figure, palette)
    figure.update_xaxes(
        title_text="epochs of the retraining",
        range=[0, max(epochs[-1], 1)],
        dtick=1 if epochs[-1] <= 10 else None,
    )
    bounds = np.nan_to_num(np.stack([data.means - data.stds, data.means + data.stds]))
    figure.update_yaxes(
        title_text="weight", range=view(np.nan_to_num(data.means), data.after, _inner(bounds))
    )
    return figure


def draw_final_scatter(data: ComponentsData, palette: Palette = LIGHT) -> go.Figure:
    """Draw the weights before against after, over the components' last bands."""
    figure = new_figure(palette, height=460, title="Weights in the final mixture")
    for component in np.argsort([2, *data.shares[1:]]).tolist():
        mean, std = float(data.means[-1, component]), float(data.stds[-1, component])
        if np.isnan(mean):
            continue
        colour, strength, _ = _look(data, component, palette)
        figure.add_hrect(
            y0=mean - std,
            y1=mean + std,
            fillcolor=transparent(colour, 0.16 * strength),
            line={"width": 0},
            layer="below",
        )
        figure.add_hline(
            y=mean, line={"color": transparent(colour, strength), "width": 1.5}, layer="below"
        )
    draw_scatter(
        figure,
        x=rounded(data.before),
        y=rounded(data.after),
        mode="markers",
        marker={"size": 3, "color": transparent(palette.ink, 0.4)},
        hovertemplate="%{x:.3f} before, %{y:.3f} after<extra></extra>",
        name="weights",
    )
    _draw_legend(figure, palette)
    figure.update_layout(legend={"itemsizing": "constant"})
    figure.update_xaxes(title_text="weight before", range=view(data.before))
    figure.update_yaxes(title_text="weight after retraining", range=view(data.after))
    return figure


def _look(data: ComponentsData, component: int, palette: Palette) -> tuple[str, float, str]:
    """Return a component's colour, its opacity and its name; what holds little is pale."""
    if component == 0:
        return palette.second, 1.0, "zero component"
    share = float(data.shares[component] / max(float(data.shares[1:].max()), 1e-12))
    return palette.accent, 0.2 + 0.75 * share**0.5, f"component {component}"


def _share(data: ComponentsData, component: int) -> str:
    share = float(data.shares[component])
    if component == 0:
        return f"{formats.percent(share)} of the mixture"
    return f"{formats.percent(share, 1)} of what the zero component leaves"


def _inner(bounds: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the bands but for the widest, which may be as wide as the mixture begins."""
    inner: NDArray[np.float32] = bounds[np.abs(bounds) <= np.quantile(np.abs(bounds), 0.9)]
    return inner


def _draw_legend(figure: go.Figure, palette: Palette) -> None:
    for colour, name in (
        (palette.second, "zero component"),
        (palette.accent, "others, paler for less"),
    ):
        draw_scatter(
            figure,
            x=[None],
            y=[None],
            mode="lines",
            line={"color": colour, "width": 2.5},
            name=name,
        )
