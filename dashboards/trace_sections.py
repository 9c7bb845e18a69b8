"""The report's sections on one compression: weights, components and filters, before and after."""

from dashboards import formats
from dashboards.figures import (
    ComponentsData,
    FiltersData,
    WeightChangeData,
    WeightHistogramsData,
)
from dashboards.markup import Html, element, text
from dashboards.points import Point


def weights_section(point: Point, data: WeightChangeData, place: Html) -> Html:
    """How each weight moved (paper, Figure 1)."""
    setting = f", setting {point.setting.replace('_', ' ')}" if point.setting else ""
    reading = [
        f"Trial {point.trial}{setting}: {formats.num_bytes(point.file_bytes)}, "
        f"{formats.points(point.accuracy_loss)} points of accuracy lost. Every dot is a weight, "
        "its value before the retraining against its value after it, not yet snapped to a "
        "codebook.",
        "The bars count all weights on a logarithmic scale, before at the top, after at the right.",
    ]
    if data.zero_share < 1 or data.kept_share < 1:
        reading.append(
            "Of the dots only a share is drawn, of those that end at zero a smaller one: the crowd "
            "at zero is larger than it looks."
        )
    return _section("How the weights moved (paper, Figure 1)", [place], reading)


def components_section(data: ComponentsData, trajectories: Html, scatter: Html) -> Html:
    """The mixture's course and its end (paper, Figure 3)."""
    others = len(data.shares) - 1
    return element(
        "div",
        _section(
            "Components over the epochs (paper, Figure 3)",
            [trajectories],
            [
                "A line is a component's mean, its band one standard deviation. The prior begins "
                f"with the zero component and {others} others, of which {data.num_significant} end "
                "with more than 1 % of what the zero component leaves."
            ],
        ),
        _section(
            "Weights in the final mixture",
            [scatter],
            [
                "The weights before and after, over the components as the retraining left them. "
                "Where the bands are narrow the weights have gathered at the means."
            ],
        ),
        class_="pair",
    )


def histograms_section(data: WeightHistogramsData, place: Html) -> Html:
    """All weights at three moments (tutorial, part 3)."""
    return _section(
        "Distribution of the weights (tutorial)",
        [place],
        [
            "All weights, counted on a logarithmic scale in bins of "
            f"{data.bin_width:.2g}: of the {len(data.bin_middles)} bins "
            f"{data.num_values[0]} hold a weight before the retraining, {data.num_values[1]} "
            f"one after the retraining and {data.num_values[2]} one of the decoded file."
        ],
    )


def filters_section(data: FiltersData, before: Html, decoded: Html) -> Html:
    """A layer's filters before and after (paper, Figures 7 and 8)."""
    what = "filters" if data.is_convolution else "units, drawn as images of their inputs,"
    shown = "all" if data.num_shown == data.num_units else str(data.num_shown)
    figure = 7 if data.is_convolution else 8
    return element(
        "section",
        element("h2", text(f"Filters of {data.layer} (paper, Figure {figure})")),
        element("div", before, decoded, class_=None if data.is_wide else "twins"),
        element(
            "p",
            text(
                f"{data.num_living} of the {data.num_units} {what} still have a weight that is "
                f"not zero; {shown} are shown. Blue-green is positive, ochre negative, "
                f"both at full strength from {data.limit:.2g} on; blank is zero."
            ),
            class_="reading",
        ),
    )


def no_trace_section(point: Point, reason: str) -> Html:
    """Why there are no figures of weights."""
    return _section(
        "How the weights moved",
        [],
        [f"Trial {point.trial} has no trace to draw weights and components from. {reason}"],
    )


def _section(title: str, places: list[Html], reading: list[str]) -> Html:
    return element(
        "section",
        element("h2", text(title)),
        *places,
        element("div", *(element("p", text(line)) for line in reading), class_="reading"),
    )
