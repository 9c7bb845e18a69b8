"""The report's answer to the question that §6.2 of the paper leaves open: what matters."""

import math
from collections.abc import Callable, Sequence

from dashboards import formats
from dashboards.figures import FEW_TRIALS, NUM_SHUFFLES, ImportanceData, KeyTrends, Trend
from dashboards.markup import Column, Html, element, row, table, text
from search.methods import DEFAULT_METHOD, title_of


def answer_section(importance: ImportanceData, trends: Sequence[KeyTrends], place: Html) -> Html:
    """Say which hyperparameters matter for each objective, with the evidence beneath."""
    heading = element("h2", text("Which hyperparameters matter (paper, §6.2)"))
    if importance.refusal is not None:
        return element("section", heading, place)
    reading = (
        "The bars are PED-ANOVA's importances: how differently the best trials are spread along a "
        "hyperparameter than all. A dotted line is the most that any got when the results of the "
        f"same trials were shuffled, {NUM_SHUFFLES} times.",
        "The table is Spearman's rank correlation over all trials, collapsed ones included; bold "
        "is beyond three standard errors of chance. Positive: a higher value loses more accuracy, "
        "or makes a smaller file.",
        "A search does not vary its hyperparameters independently, and tries most where it is "
        "best: either number may be another's doing.",
    )
    return element(
        "section",
        heading,
        element("p", text(answer(importance, trends)), class_="answer"),
        element("div", place, trends_table(trends), class_="columns"),
        element("div", *(element("p", text(line)) for line in reading), class_="reading"),
    )


def answer(importance: ImportanceData, trends: Sequence[KeyTrends]) -> str:
    """Return the answer in a paragraph."""
    idle = [t.key for t in trends if not (t.accuracy_loss.matters or t.compression_rate.matters)]
    of_method = "" if importance.method == DEFAULT_METHOD else f" of {title_of(importance.method)}"
    few = (
        f"These are {importance.num_trials} trials{of_method}: a hint at most, and silence proves "
        "nothing."
        if importance.num_trials < FEW_TRIALS
        else f"These are {importance.num_trials} trials{of_method}."
    )
    question = (
        "The paper found “little connection between the parameter settings of best results” in "
        "its search over 13 hyperparameters."
    )
    if len(idle) == len(trends):
        return f"{question} Here none of {len(trends)} shows an effect beyond chance. {few}"
    for_accuracy = _sentence(
        "accuracy", trends, lambda trend: trend.accuracy_loss, ("costs accuracy", "keeps accuracy")
    )
    for_size = _sentence(
        "Size",
        trends,
        lambda trend: trend.compression_rate,
        ("makes smaller files", "makes larger files"),
    )
    rest = f"The other {len(idle)} of {len(trends)} show nothing beyond chance. " if idle else ""
    return f"{question} Here {for_accuracy} {for_size} {rest}{few}"


def _sentence(
    objective: str,
    trends: Sequence[KeyTrends],
    of: Callable[[KeyTrends], Trend],
    ways: tuple[str, str],
) -> str:
    found = sorted(
        (trend for trend in trends if of(trend).matters),
        key=lambda trend: -max(of(trend).importance, abs(of(trend).correlation or 0)),
    )
    if not found:
        return f"{objective} depends on none of them beyond chance."
    parts = []
    for trend in found:
        correlation = of(trend).correlation
        way = f" (a higher value {ways[0] if correlation > 0 else ways[1]})"
        parts.append(trend.key + (way if of(trend).is_monotone else ""))
    listed = parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
    return f"{objective} depends on {listed}."


def trends_table(trends: Sequence[KeyTrends]) -> Html:
    """Which way each objective goes with each hyperparameter."""
    columns = (
        Column(title="rank correlation", is_number=False),
        Column(title="with accuracy lost", hint="positive: a higher value loses more"),
        Column(title="with the rate", hint="positive: a higher value makes smaller files"),
    )
    rows = (
        row(
            columns,
            [
                text(trend.key),
                *(
                    _marked(_signed(of.correlation), of.is_monotone)
                    for of in (trend.accuracy_loss, trend.compression_rate)
                ),
            ],
        )
        for trend in trends
    )
    return table(columns, rows, caption="Rank correlation of hyperparameters and objectives")


def _marked(written: str, is_beyond_chance: bool) -> Html:
    return element("strong", text(written)) if is_beyond_chance else text(written)


def _signed(correlation: float) -> str:
    if not math.isfinite(correlation):
        return formats.MISSING
    written = f"{correlation:+.2f}"
    return written.replace("-", formats.MINUS) if float(written) else "0.00"
