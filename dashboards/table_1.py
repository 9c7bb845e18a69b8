"""Table 1 of the paper, with the published rows as published and ours as measured beside them."""

from collections.abc import Iterable

from dashboards import formats
from dashboards.markup import NOTHING, Column, Html, element, join, row, table, text
from dashboards.measured import MeasuredRow
from dashboards.published import (
    MILLIONS_OF_WEIGHTS,
    PUBLISHED,
    PublishedPoint,
    network_title,
)

_COLUMNS = (
    Column(title="network", is_number=False),
    Column(title="method", is_number=False),
    Column(title="test error", hint="before and after the compression"),
    Column(title="Δ", hint="points of test error, after minus before"),
    Column(title="|W|", hint="weights"),
    Column(title="not zero", hint="share of the weights that are not zero"),
    Column(title="paper's rate", hint="CR of the table: Han's CSR + Huffman, weights only"),
    Column(title="file", hint="bytes of a decodable file with everything inside it"),
    Column(title="its rate", hint="float32 bytes of the network over bytes of the file"),
    Column(title="source", is_number=False, hint="as published, or as measured here"),
)


def table_1(measured: Iterable[MeasuredRow]) -> Html:
    """The table: published rows in the paper's order, after those of a network what is ours."""
    ours = list(measured)
    networks = dict.fromkeys([p.network for p in PUBLISHED] + [m.network for m in ours])
    rows: list[Html] = []
    for network in networks:
        published = [_published_cells(point) for point in PUBLISHED if point.network == network]
        found = [_measured_cells(result) for result in ours if result.network == network]
        for index, cells in enumerate([*published, *found]):
            # A network is named once, in the first of its rows.
            name = text(network_title(network)) if index == 0 else NOTHING
            rows.append(
                row(
                    _COLUMNS,
                    [name, *cells],
                    class_="ours" if index >= len(published) else None,
                )
            )
    return table(
        _COLUMNS, rows, caption="Table 1: published results and ours", identifier="table-1"
    )


def _published_cells(point: PublishedPoint) -> list[Html]:
    return [
        element("span", text(point.authors), title=point.method),
        text(_errors(point.error_before, point.error_after)),
        text(formats.points(point.accuracy_loss)),
        text(f"{MILLIONS_OF_WEIGHTS[point.network]} M"),
        text(formats.percent(point.nonzero_fraction, 1)),
        text(formats.rate(point.compression_rate)),
        text(formats.MISSING),
        text(formats.MISSING),
        element("span", text("published"), class_="state", title=point.source),
    ]


def _measured_cells(result: MeasuredRow) -> list[Html]:
    seeds = "" if result.num_seeds == 1 else f", mean of {result.num_seeds} seeds"
    return [
        text(result.method),
        text(_errors(result.error_before, result.error_after)),
        text(formats.points(result.error_after - result.error_before)),
        text(f"{result.num_parameters / 1e6:.2f} M"),
        text(formats.percent(result.nonzero_fraction, 1)),
        text(formats.rate(result.han_compression_rate)),
        text(formats.num_bytes(round(result.file_bytes))),
        text(formats.rate(result.compression_rate)),
        join(
            (
                element("span", text("measured"), class_="state good"),
                element("span", text(result.source + seeds), class_="source"),
            ),
            " ",
        ),
    ]


def _errors(before: float, after: float) -> str:
    return f"{100 * before:.2f} → {formats.percent(after)}"
