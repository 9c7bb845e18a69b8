"""The weights of a trial on its page: before and after, the mixture, the filters."""

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from core.errors import SoftshareError
from core.trace import Trace
from dashboards import trace_sections
from dashboards.figures import (
    components_data,
    draw_filters_before,
    draw_filters_decoded,
    draw_final_scatter,
    draw_trajectories,
    draw_weight_change,
    draw_weight_histograms,
    filters_data,
    weight_change_data,
    weight_histograms_data,
)
from dashboards.live.context import Context
from dashboards.live.frame import Content, graph, marked
from dashboards.markup import Html
from dashboards.palette import Palette
from dashboards.points import Point
from search.records import TrialRecord


def weight_sections(
    context: Context, trial: TrialRecord, point: Point, palette: Palette
) -> list[Content]:
    """What the trace of a trial shows, or why there is none."""
    try:
        trace = context.watch.trace(trial)
    except SoftshareError as error:
        return marked(trace_sections.no_trace_section(point, f"{error}."))
    if trace is None:
        said = "It was run before traces were kept."
        return marked(trace_sections.no_trace_section(point, said))
    return _drawn_trace(trace, point, palette)


def _drawn_trace(trace: Trace, point: Point, palette: Palette) -> list[Content]:
    """The report's sections of weights, with graphs in the places of its figures."""
    change, mixture = weight_change_data(trace), components_data(trace)
    histograms = weight_histograms_data(trace)
    figures: dict[str, go.Figure] = {
        "weights": draw_weight_change(change, palette),
        "trajectories": draw_trajectories(mixture, palette),
        "scatter": draw_final_scatter(mixture, palette),
        "histograms": draw_weight_histograms(histograms, palette),
    }
    parts = [
        trace_sections.weights_section(point, change, _place("weights")),
        trace_sections.components_section(mixture, _place("trajectories"), _place("scatter")),
        trace_sections.histograms_section(histograms, _place("histograms")),
    ]
    for number, filters in enumerate(trace.filters):
        data = filters_data(filters)
        before, decoded = f"before-{number}", f"decoded-{number}"
        figures[before] = draw_filters_before(data, palette)
        figures[decoded] = draw_filters_decoded(data, palette)
        parts.append(trace_sections.filters_section(data, _place(before), _place(decoded)))
    return _filled(marked(*parts), figures)


def _place(name: str) -> Html:
    return Html(f'<div id="place-{name}"></div>')


def _filled(content: list[Content], figures: Mapping[str, go.Figure]) -> list[Content]:
    """Put every figure into its place."""

    def fill(part: Any) -> Any:
        identifier = str(getattr(part, "id", ""))
        if identifier.startswith("place-"):
            name = identifier.removeprefix("place-")
            return graph(f"trial-{name}", figures[name])
        children = getattr(part, "children", None)
        if isinstance(children, list):
            part.children = [fill(child) for child in children]
        return part

    return [fill(part) for part in content]
