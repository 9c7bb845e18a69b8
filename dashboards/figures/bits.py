"""Where the bits of a file go: bytes of every tensor by their purpose."""

from dataclasses import dataclass
from html import escape

import plotly.graph_objects as go

from core.codec import FileDescription, TensorDescription
from dashboards import formats
from dashboards.figures.style import new_figure
from dashboards.palette import LIGHT, Palette

PURPOSES = ("positions", "values", "codebook", "tables", "parameters", "name and header")
"""Where the non-zeros are; which codebook entry each of them has; and what it takes beside that."""


@dataclass(frozen=True, kw_only=True)
class TensorBits:
    """One tensor of a file.

    Attributes:
        name: its key in the state dict; for the rest of the file what that is.
        shape: its shape, empty for the rest of the file.
        num_elements: number of its elements.
        num_nonzeros: those that are not zero.
        num_codebook_entries: entries of its codebook, the zero included; 0 without one.
        coder: name of the coder that wrote it.
        bytes_by_purpose: its bytes, in the order of ``PURPOSES``; parts of bytes occur.
    """

    name: str
    shape: tuple[int, ...]
    num_elements: int
    num_nonzeros: int
    num_codebook_entries: int
    coder: str
    bytes_by_purpose: tuple[float, ...]

    @property
    def total_bytes(self) -> float:
        """All its bytes."""
        return sum(self.bytes_by_purpose)

    @property
    def bits_per_element(self) -> float | None:
        """Bits of the file for each of its elements; None for the rest of the file."""
        return 8 * self.total_bytes / self.num_elements if self.num_elements else None


@dataclass(frozen=True, kw_only=True)
class BitsData:
    """What the figure draws.

    Attributes:
        tensors: in file order, what is of no tensor last.
        total_bytes: bytes of the file, the sum of all.
    """

    tensors: tuple[TensorBits, ...]
    total_bytes: int


def bits_data(description: FileDescription) -> BitsData:
    """Gather the bytes of a file."""
    frame = description.header_bytes + description.checksum_bytes
    rest = TensorBits(
        name="file header and checksum",
        shape=(),
        num_elements=0,
        num_nonzeros=0,
        num_codebook_entries=0,
        coder="",
        bytes_by_purpose=(0.0, 0.0, 0.0, 0.0, 0.0, float(frame)),
    )
    return BitsData(
        tensors=(*(_tensor(tensor) for tensor in description.tensors), rest),
        total_bytes=description.total_bytes,
    )


def _tensor(tensor: TensorDescription) -> TensorBits:
    bits = tensor.bits
    payload = (bits.positions, bits.values, bits.codebook, bits.tables, bits.parameters)
    return TensorBits(
        name=tensor.name,
        shape=tensor.shape,
        num_elements=tensor.num_elements,
        num_nonzeros=tensor.num_nonzeros,
        num_codebook_entries=tensor.num_codebook_entries,
        coder=tensor.kind,
        bytes_by_purpose=(
            *(count / 8 for count in payload),
            float(tensor.name_bytes + tensor.header_bytes),
        ),
    )


def draw_bits(data: BitsData, palette: Palette = LIGHT) -> go.Figure:
    """Draw a bar a tensor, its name above it so that it fits any width."""
    figure = new_figure(
        palette, height=100 + 38 * len(data.tensors), title="Where the bytes of the file are"
    )
    colours = (
        palette.accent,
        palette.second,
        palette.bad,
        palette.published,
        palette.muted,
        palette.dim,
    )
    rows = list(range(len(data.tensors)))
    for purpose, (name, colour) in enumerate(zip(PURPOSES, colours, strict=True)):
        sizes = [tensor.bytes_by_purpose[purpose] for tensor in data.tensors]
        if not any(sizes):
            continue
        figure.add_bar(
            orientation="h",
            x=sizes,
            y=rows,
            width=0.44,
            offset=0.0,
            marker={"color": colour, "line": {"width": 0}},
            hovertext=[
                f"<b>{escape(tensor.name)}</b><br>{name}: {size:,.4g} B, "
                f"{formats.percent(size / data.total_bytes, 1)} of the file"
                for tensor, size in zip(data.tensors, sizes, strict=True)
            ],
            hoverinfo="text",
            name=name,
        )
    for place, tensor in enumerate(data.tensors):
        figure.add_annotation(
            x=0, y=place, text=f"{escape(tensor.name)}, {tensor.total_bytes:,.0f} B",
            showarrow=False, xanchor="left", yanchor="bottom", yshift=-2,
            font={"color": palette.ink, "size": 12}, borderpad=0,
        )  # fmt: skip
    figure.update_layout(barmode="stack", margin={"l": 18}, legend={"traceorder": "normal"})
    figure.update_xaxes(title_text=f"bytes, of {data.total_bytes:,} in all", rangemode="tozero")
    figure.update_yaxes(range=[len(rows) - 0.4, -0.55], visible=False, fixedrange=True)
    return figure
