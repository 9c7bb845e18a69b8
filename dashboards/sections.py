"""The report's sections below its headline: figures with how to read them, trials, commands.

Each takes the study and gives markup; figures are placed by their identifier and drawn by the
page's script.
"""

import math
import shlex
from collections import Counter
from collections.abc import Mapping
from typing import Any

from dashboards import formats
from dashboards.markup import NOTHING, Html, element, join, text
from dashboards.points import Point
from dashboards.published import PublishedPoint
from dashboards.tables import (
    front_table,
    settings_list,
    trials_table,
)
from search.composition import as_override
from search.records import StudySnapshot, TrialState


def figure_place(identifier: str, layout: Mapping[str, Any]) -> Html:
    """The place of a figure, as high as it will be, with what a screen reader says of it."""
    return element(
        "div",
        element("p", text("This figure is drawn by the script inside this page."), class_="wait"),
        id=identifier,
        class_="plot",
        style=f"min-height:{layout['height']}px",
        role="img",
        aria_label=f"{layout['meta']['title']}; the tables hold its numbers.",
    )


def front_section(
    snapshot: StudySnapshot, points: tuple[Point, ...], best: Point | None, place: Html
) -> Html:
    """The front in bytes of the file, how to read it, and its table."""
    reading = [
        "Every point is a file that was written, decoded and measured. Further right is smaller, "
        "further down loses less accuracy.",
        "The line joins the trials that no other beats in both; the shaded region is within the "
        "cap. Hover a point for its numbers, click it for its row among all trials.",
        _noise(snapshot),
    ]
    return element(
        "section",
        element("h2", text("Pareto front, in bytes of the file")),
        place,
        element("div", *(element("p", text(line)) for line in reading if line), class_="reading"),
        front_table(points, best) if best is not None else NOTHING,
    )


def _noise(snapshot: StudySnapshot) -> str:
    """How much of a difference between errors is chance, from the number of images."""
    num_images = snapshot.study.config.get("data", {}).get("num_validation")
    error = snapshot.study.reference.validation_error
    if not isinstance(num_images, int) or num_images <= 0 or not 0 < error < 1:
        return ""
    deviation = math.sqrt(error * (1 - error) / num_images)
    return (
        f"Losses are against the reference network's {formats.percent(error)} on "
        f"{formats.count(num_images)} validation images. An error of that size has a standard "
        f"error of {formats.points(deviation)[1:]} points, so take smaller differences for chance."
    )


def published_section(published: tuple[PublishedPoint, ...], place: Html, table_1: Html) -> Html:
    """The same trials in the paper's accounting beside published results."""
    reading = (
        "Every trial in the colour of its score, which balances accuracy loss and size by "
        "validation data and bytes of the file; other methods are diamonds.",
        "Rates are in the paper's accounting: Han's CSR + Huffman of the weights alone, no biases, "
        "no header, no names. They do not compare with those above.",
        "Losses are on test data, each against its own reference network, as others published "
        "theirs. Nothing is chosen by test data.",
    )
    return element(
        "section",
        element("h2", text("The search beside published results (paper, Figure 2 and Table 1)")),
        place,
        element("div", *(element("p", text(line)) for line in reading), class_="reading"),
        NOTHING
        if published
        else element("p", text("No published result for this network is known here.")),
        table_1,
    )


def course_section(snapshot: StudySnapshot, history: Html) -> Html:
    """How the study went."""
    return element(
        "section",
        element("h2", text("Course of the search")),
        history,
        element("p", text(_course(snapshot)), class_="reading"),
    )


def _course(snapshot: StudySnapshot) -> str:
    states = Counter(trial.state for trial in snapshot.trials)
    told = ", ".join(f"{states[state]} {state.value}" for state in TrialState if states[state])
    return (
        f"Trials: {told or 'none'}. The hypervolume is the area that the front dominates below the "
        "cap, in points of accuracy kept times halvings of the size; it levels off when more "
        "trials bring little."
    )


def trials_section(snapshot: StudySnapshot, points: tuple[Point, ...]) -> Html:
    """All trials."""
    body = (
        trials_table(snapshot, points)
        if snapshot.trials
        else element("p", text("No trial has started yet."))
    )
    return element("section", element("h2", text("All trials")), body, class_="all")


def commands_section(snapshot: StudySnapshot, best: Point | None) -> Html:
    """What to type to get the file, look into it, and go on."""
    study = shlex.quote(as_override("study.name", snapshot.study.name))
    more = max(2 * snapshot.study.num_trials, 1)
    commands = [
        ("search on, to twice as many trials", f"softshare search {study} study.num_trials={more}")
    ]
    if best is not None:
        commands = [
            (
                "take the smallest file within the cap",
                f"softshare export {study} trial=best to=best.sws",
            ),
            ("see where its bytes are", "softshare inspect best.sws"),
            ("measure it again", "softshare evaluate best.sws"),
            *commands,
        ]
    items = (
        join((element("dt", text(what)), element("dd", element("code", text(command)))))
        for what, command in commands
    )
    return element(
        "section",
        element("h2", text("What to do next")),
        element("dl", *items, class_="commands"),
        element(
            "p",
            text("Add storage.url=… where the study is not in the default database."),
            class_="reading",
        ),
    )


def details_section(snapshot: StudySnapshot) -> Html:
    """Configuration, versions and origin, folded away."""
    study = snapshot.study
    origin = {
        "created": formats.moment(study.created_at),
        "git revision": study.git_revision or "not in a working tree",
        "data fingerprint": study.data_fingerprint or "not stored",
    }
    blocks = (
        ("Configuration", study.config),
        ("Versions and origin", {**study.versions, **origin}),
    )
    return element(
        "section",
        *(
            element("details", element("summary", text(title)), settings_list(values))
            for title, values in blocks
        ),
        class_="folded",
    )
