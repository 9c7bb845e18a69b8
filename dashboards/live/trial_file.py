"""Where the bits of a trial's file go, on its page: a figure, and a table by layer."""

from dash import html

from core.codec import describe
from core.errors import SoftshareError
from dashboards import formats
from dashboards.figures import BitsData, bits_data, draw_bits
from dashboards.live.context import Context
from dashboards.live.frame import Content, graph, marked, section
from dashboards.markup import NOTHING, Column, Html, row, table, text
from dashboards.palette import Palette
from search.records import StudySnapshot, TrialRecord


def file_sections(
    context: Context, snapshot: StudySnapshot, trial: TrialRecord, palette: Palette
) -> list[Content]:
    """Where the bits are, or why the file cannot be read; nothing for a trial without one."""
    if trial.artifact_id is None:
        return []
    try:
        data = bits_data(describe(context.watch.file(snapshot.study.name, trial)))
    except SoftshareError as error:
        return [section("Where the bits go", html.P(f"The file cannot be read: {error}."))]
    return [
        section(
            "Where the bits go",
            graph("trial-bits", draw_bits(data, palette)),
            *marked(_layers_table(data)),
            reading=[
                "Positions say which weights are not zero, values which codebook entry each of "
                "them has. Biases are coded on their own, in few bits."
            ],
        )
    ]


def _layers_table(data: BitsData) -> Html:
    columns = (
        Column(title="tensor", is_number=False),
        Column(title="shape", is_number=False),
        Column(title="elements"),
        Column(title="not zero"),
        Column(title="share"),
        Column(title="codebook", hint="entries, the zero included"),
        Column(title="bytes"),
        Column(title="bits an element"),
        Column(title="bits a non-zero"),
        Column(title="coder", is_number=False),
    )
    rows = [
        row(
            columns,
            [
                text(tensor.name),
                text(formats.TIMES.join(map(str, tensor.shape))),
                text(formats.count(tensor.num_elements)) if tensor.num_elements else NOTHING,
                text(formats.count(tensor.num_nonzeros)) if tensor.num_elements else NOTHING,
                text(formats.percent(tensor.num_nonzeros / tensor.num_elements))
                if tensor.num_elements
                else NOTHING,
                text(tensor.num_codebook_entries or ""),
                text(f"{tensor.total_bytes:,.0f}"),
                text(_bits(tensor.bits_per_element)),
                text(
                    _bits(8 * tensor.total_bytes / tensor.num_nonzeros)
                    if tensor.num_nonzeros
                    else ""
                ),
                text(tensor.coder),
            ],
        )
        for tensor in data.tensors
    ]
    return table(columns, rows, caption="Sparsity and bits by layer")


def _bits(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"
