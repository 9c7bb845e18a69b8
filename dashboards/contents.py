"""What the report of a study holds: its sections in their order, and the figures in them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import plotly.graph_objects as go

from core.errors import SoftshareError
from core.trace import Trace
from dashboards import headline, sections, trace_sections
from dashboards.answer import answer_section
from dashboards.figures import (
    Accounting,
    components_data,
    draw_filters_before,
    draw_filters_decoded,
    draw_final_scatter,
    draw_history,
    draw_importance,
    draw_method_fronts,
    draw_pareto_front,
    draw_trajectories,
    draw_weight_change,
    draw_weight_histograms,
    filters_data,
    history_data,
    importance_data,
    method_fronts_data,
    pareto_front_data,
    trends_data,
    weight_change_data,
    weight_histograms_data,
)
from dashboards.markup import Html, element, join
from dashboards.measured import read_results, row_of_study
from dashboards.methods_section import methods_section
from dashboards.palette import DARK, LIGHT, Palette
from dashboards.points import Point, best_of, points_of
from dashboards.table_1 import table_1
from search.reporting import ReportSource

Themes = Mapping[str, Any]
"""A figure as plotly's JSON, by the name of its palette: ``light`` or ``dark``."""


@dataclass(frozen=True)
class Contents:
    """A report without its frame.

    Attributes:
        main: the markup, with an empty place for each figure.
        figures: the figures by the identifier of their place.
    """

    main: Html
    figures: Mapping[str, Themes]


def report_contents(source: ReportSource) -> Contents:
    """Gather and draw all that a study has to show.

    Raises:
        DataError: the recorded results cannot be read.
    """
    snapshot, config = source.snapshot, source.score_config
    points = points_of(snapshot, config)
    best = best_of(points)
    figures: dict[str, Themes] = {}
    parts = [headline.header(snapshot), headline.headline(snapshot, points, best, config)]
    if points:
        parts += _search_sections(source, points, best, figures)
        parts += _trace_sections(source, best or min(points, key=_loss), figures)
    parts += [
        sections.trials_section(snapshot, points),
        sections.commands_section(snapshot, best),
        sections.details_section(snapshot),
    ]
    return Contents(element("main", join(parts), id="main"), figures)


def _search_sections(
    source: ReportSource,
    points: tuple[Point, ...],
    best: Point | None,
    figures: dict[str, Themes],
) -> list[Html]:
    """The search and what came out of it."""
    snapshot, config = source.snapshot, source.score_config
    front = pareto_front_data(snapshot, config)
    paper = pareto_front_data(snapshot, config, Accounting.paper)
    importance = importance_data(snapshot, config)
    results = () if source.results is None else read_results(source.results)
    return [
        sections.front_section(
            snapshot, points, best, _draw(figures, "pareto-front", draw_pareto_front, front)
        ),
        *_method_sections(source, figures),
        sections.published_section(
            paper.published,
            _draw(figures, "figure-2-search", draw_pareto_front, paper),
            table_1([*results, *row_of_study(snapshot, best)]),
        ),
        sections.course_section(
            snapshot, _draw(figures, "history", draw_history, history_data(snapshot, config))
        ),
        answer_section(
            importance,
            trends_data(snapshot, points, importance),
            _draw(figures, "importance", draw_importance, importance),
        ),
    ]


def _method_sections(source: ReportSource, figures: dict[str, Themes]) -> list[Html]:
    """The methods side by side, where a study has several."""
    data = method_fronts_data(source.snapshot, source.score_config)
    if len(data.methods) < 2:
        return []
    place = _draw(figures, "method-fronts", draw_method_fronts, data)
    return [methods_section(data, place)]


def _trace_sections(source: ReportSource, point: Point, figures: dict[str, Themes]) -> list[Html]:
    """What one trial did to its weights, or why that cannot be shown."""
    (record,) = (trial for trial in source.snapshot.trials if trial.number == point.trial)
    try:
        trace = source.load_trace(record)
    except SoftshareError as error:
        return [trace_sections.no_trace_section(point, str(error))]
    if trace is None:
        return [trace_sections.no_trace_section(point, "It was run before traces were kept.")]
    change, histograms = weight_change_data(trace), weight_histograms_data(trace)
    return [
        trace_sections.weights_section(
            point, change, _draw(figures, "figure-1-weights", draw_weight_change, change)
        ),
        *_component_sections(trace, figures),
        trace_sections.histograms_section(
            histograms, _draw(figures, "tutorial-histograms", draw_weight_histograms, histograms)
        ),
        *_filter_sections(trace, figures),
    ]


def _component_sections(trace: Trace, figures: dict[str, Themes]) -> list[Html]:
    """The mixture's course; none for a method without a mixture."""
    if not trace.has_mixture:
        return []
    components = components_data(trace)
    return [
        trace_sections.components_section(
            components,
            _draw(figures, "figure-3-components", draw_trajectories, components),
            _draw(figures, "figure-3-scatter", draw_final_scatter, components),
        )
    ]


def _filter_sections(trace: Trace, figures: dict[str, Themes]) -> list[Html]:
    shown = []
    for number, filters in enumerate(trace.filters, start=1):
        data = filters_data(filters)
        name = f"figure-{7 if filters.is_convolution else 8}-filters-{number}"
        shown.append(
            trace_sections.filters_section(
                data,
                _draw(figures, f"{name}-before", draw_filters_before, data),
                _draw(figures, f"{name}-decoded", draw_filters_decoded, data),
            )
        )
    return shown


def _loss(point: Point) -> tuple[float, int]:
    return point.accuracy_loss, point.trial


Data = TypeVar("Data")


def _draw(
    figures: dict[str, Themes],
    identifier: str,
    draw: Callable[[Data, Palette], go.Figure],
    data: Data,
) -> Html:
    """Draw a figure in both palettes, keep it under its identifier and return its place."""
    figures[identifier] = {
        name: draw(data, palette).to_plotly_json()
        for name, palette in (("light", LIGHT), ("dark", DARK))
    }
    return sections.figure_place(identifier, figures[identifier]["light"]["layout"])
