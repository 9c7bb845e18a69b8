"""A layer's filters before and after (paper, Figures 7 and 8).

A filter of one channel is a picture of its own; of several, the units run to the right and their
channels down, as the paper draws the second layer of LeNet-5-Caffe.
"""

import math
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.trace import Filters
from dashboards.figures.style import new_figure, sentence_figure
from dashboards.palette import LIGHT, Palette
from dashboards.pictures import png_uri

MAX_HEIGHT = 460
WIDTHS = {False: 480, True: 980}
"""Pixels across a picture by whether it is wide; in the report the page may give it fewer."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FiltersData:
    """What both pictures of a layer draw.

    Attributes:
        layer: key of the weight tensor in the state dict.
        is_convolution: whether a unit is a filter that slides.
        num_units: units that the layer has.
        num_living: those with a weight in the decoded file that is not zero.
        num_shown: units that are drawn.
        before: their weights before the retraining laid out as one picture, NaN between the
            filters, [height, width].
        decoded: their weights in the decoded file, in the same shape.
        limit: magnitude of a weight that is drawn in full colour, the same in both.
    """

    layer: str
    is_convolution: bool
    num_units: int
    num_living: int
    num_shown: int
    before: NDArray[np.float32]
    decoded: NDArray[np.float32]
    limit: float

    @property
    def is_wide(self) -> bool:
        """Whether the pictures are too wide to stand side by side."""
        return bool(self.before.size) and self.before.shape[1] > 1.5 * self.before.shape[0]


def filters_data(filters: Filters) -> FiltersData:
    """Lay out the filters of a layer."""
    before, decoded = filters.before.astype(np.float32), filters.decoded.astype(np.float32)
    strong = np.concatenate([np.abs(before).ravel(), np.abs(decoded[decoded != 0])])
    # The few largest weights would leave all others pale.
    limit = float(np.quantile(strong, 0.99)) if strong.size else 0.0
    return FiltersData(
        layer=filters.layer,
        is_convolution=filters.is_convolution,
        num_units=filters.num_units,
        num_living=filters.num_living,
        num_shown=len(filters.units),
        before=_mosaic(before),
        decoded=_mosaic(decoded),
        limit=limit or 1.0,
    )


def draw_filters_before(data: FiltersData, palette: Palette = LIGHT) -> go.Figure:
    """Draw the filters as they were before the retraining."""
    return _draw(data, data.before, "before the retraining", palette)


def draw_filters_decoded(data: FiltersData, palette: Palette = LIGHT) -> go.Figure:
    """Draw the filters of the decoded file."""
    return _draw(data, data.decoded, "in the decoded file", palette)


def _draw(
    data: FiltersData, mosaic: NDArray[np.float32], where: str, palette: Palette
) -> go.Figure:
    title = f"Filters of {data.layer} {where}"
    if not mosaic.size:
        return sentence_figure(palette, f"No unit of {data.layer} still lives.", title=title)
    height, width = mosaic.shape
    figure = new_figure(
        palette,
        height=min(MAX_HEIGHT, 40 + round(WIDTHS[data.is_wide] * height / width)),
        title=title,
    )
    figure.add_image(source=png_uri(mosaic, data.limit, palette), hoverinfo="skip", name=where)
    figure.add_annotation(
        text=where, x=0, y=1, xref="paper", yref="paper", xanchor="left", yanchor="bottom",
        yshift=4, showarrow=False, font={"color": palette.ink, "size": 13},
    )  # fmt: skip
    figure.update_layout(meta={"title": title, "width": WIDTHS[data.is_wide]})
    figure.update_layout(margin={"l": 8, "r": 8, "t": 28, "b": 8})
    figure.update_xaxes(visible=False, constrain="domain", constraintoward="left")
    figure.update_yaxes(visible=False, constrain="domain", constraintoward="top")
    return figure


def _mosaic(filters: NDArray[np.float32]) -> NDArray[np.float32]:
    """Lay filters [units, channels, height, width] out as one picture with gaps of one pixel."""
    num_units, num_channels, height, width = filters.shape
    if not num_units:
        return np.empty((0, 0), np.float32)
    num_missing = 0
    if num_channels > 1:
        grid = filters.swapaxes(0, 1)
    else:
        columns = math.ceil(math.sqrt(num_units))
        num_missing = -num_units % columns
        padded = np.pad(filters[:, 0], ((0, num_missing), (0, 0), (0, 0)))
        grid = padded.reshape(-1, columns, height, width)
    framed = np.pad(grid, ((0, 0), (0, 0), (1, 0), (1, 0)), constant_values=np.nan)
    rows, columns = framed.shape[:2]
    picture = framed.swapaxes(1, 2).reshape(rows * (height + 1), columns * (width + 1))
    whole = np.pad(picture, ((0, 1), (0, 1)), constant_values=np.nan)
    if num_missing:  # where there is no filter there is no frame either
        whole[-height - 1 :, -num_missing * (width + 1) :] = 0
    return whole
