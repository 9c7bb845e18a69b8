"""The top of the report: which study this is, and the smallest file within the cap."""

from dashboards import formats
from dashboards.markup import Html, element, text
from dashboards.points import Point
from dashboards.published import network_title
from dashboards.tables import comparison_table
from search.records import StudyRecord, StudySnapshot
from search.scoring import ScoreConfig


def header(snapshot: StudySnapshot) -> Html:
    """Name of the study, what it compresses and how far it has come."""
    study = snapshot.study
    finished = f"{formats.count(snapshot.num_finished)} of {formats.count(study.num_trials)}"
    ended = [trial.finished_at for trial in snapshot.trials if trial.finished_at is not None]
    facts = [
        *networks(study),
        f"{finished} trials finished",
        *_saved(snapshot),
        f"computing {formats.duration(sum(trial.seconds or 0 for trial in snapshot.trials))}",
        f"as of {formats.moment(max(ended, default=study.created_at))}",
    ]
    return element(
        "header",
        element("p", text("softshare study"), class_="eyebrow"),
        element("h1", text(study.name)),
        element("ul", *(element("li", text(fact)) for fact in facts), class_="facts"),
    )


def networks(study: StudyRecord) -> tuple[str, ...]:
    """The network of a study, and its student."""
    reference = study.reference
    title = network_title(study.config["model"]["name"])
    itself = f"{title}, {formats.count(reference.num_parameters)} parameters"
    if reference.student is None:
        return (itself,)
    size = formats.count(reference.student.num_parameters)
    return itself, f"student {study.config['student']['name']}, {size} parameters"


def _saved(snapshot: StudySnapshot) -> tuple[str, ...]:
    share = formats.percent(snapshot.compute_saved, 0)
    return (f"{share} of the epochs saved",) if snapshot.compute_saved else ()


def headline(
    snapshot: StudySnapshot, points: tuple[Point, ...], best: Point | None, config: ScoreConfig
) -> Html:
    """The smallest file within the cap beside the reference network, or why there is none."""
    if best is None:
        return element("section", *_no_best(points, config), class_="headline empty")
    setting = f", setting {best.setting.replace('_', ' ')}" if best.setting else ""
    cap = formats.points(config.max_accuracy_loss)
    said = element(
        "div",
        element("h2", text("Smallest file within the cap")),
        element("p", text(formats.num_bytes(best.file_bytes)), class_="hero"),
        element(
            "p",
            element("strong", text(f"{formats.rate(best.compression_rate)} smaller")),
            text(" than the network as 32-bit floats, everything in the file counted"),
        ),
        element(
            "p",
            text(
                f"Trial {best.trial}{setting}; {formats.points(best.accuracy_loss)} points of "
                f"validation accuracy lost, at most {cap} allowed."
            ),
            class_="aside",
        ),
    )
    return element(
        "section", said, comparison_table(snapshot.study.reference, best), class_="headline"
    )


def _no_best(points: tuple[Point, ...], config: ScoreConfig) -> tuple[Html, ...]:
    if not points:
        return (
            element("h2", text("No trial has finished yet")),
            element(
                "p",
                text("Trials that are running, stopped early or failed are in the table below."),
            ),
        )
    nearest = min(points, key=lambda point: (point.accuracy_loss, point.trial))
    return (
        element("h2", text("No file is within the cap")),
        element(
            "p",
            text(
                f"All {len(points)} finished trials lost more than "
                f"{formats.points(config.max_accuracy_loss)} points of validation accuracy. "
                f"The nearest, trial {nearest.trial}, lost {formats.points(nearest.accuracy_loss)} "
                f"points at {formats.num_bytes(nearest.file_bytes)} "
                f"({formats.rate(nearest.compression_rate)})."
            ),
        ),
        element(
            "p",
            text(
                "More trials, a smaller retrain.tau or a larger score.max_accuracy_loss may "
                "mend it."
            ),
            class_="aside",
        ),
    )
