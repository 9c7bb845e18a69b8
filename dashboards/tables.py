"""The report's tables: the front, every trial, the published results and the comparison."""

from collections.abc import Iterable, Mapping
from typing import Any

from dashboards import formats
from dashboards.markup import NOTHING, Column, Html, element, join, row, table, text
from dashboards.points import Point, Standing
from search.conversion import leaves, show
from search.records import ReferenceRecord, StudySnapshot, TrialRecord, TrialState

_PAPER = Column(
    title="paper's rate",
    sort_key="han",
    hint="Han's CSR + Huffman, weights only: the accounting of the published results",
)
_NETWORK = Column(
    title="network", is_number=False, sort_key="network", hint="the student, or the network itself"
)
_MEASURED = (
    Column(title="file", sort_key="bytes", hint="bytes of the file with everything inside it"),
    Column(
        title="rate", sort_key="rate", hint="bytes of the float32 network over bytes of the file"
    ),
    Column(title="validation error", sort_key="error", hint="of the decoded file"),
    Column(
        title="lost", sort_key="loss", hint="points over the reference network's validation error"
    ),
    Column(title="test error", sort_key="test", hint="of the decoded file; never chosen by"),
    Column(title="not zero", sort_key="nonzero", hint="share of the weights that are not zero"),
    _PAPER,
)


def comparison_table(reference: ReferenceRecord, best: Point) -> Html:
    """The reference network beside the best file."""
    columns = (
        Column(title="", is_number=False),
        Column(title="reference network"),
        Column(title="decoded file" if best.student is None else f"decoded file, {best.student}"),
    )
    whole = formats.percent(1.0, 0)
    rows = (
        ("size", formats.num_bytes(reference.float32_bytes), formats.num_bytes(best.file_bytes)),
        (
            "validation error",
            formats.percent(reference.validation_error),
            formats.percent(best.validation_error),
        ),
        ("test error", formats.percent(reference.test_error), formats.percent(best.test_error)),
        ("weights not zero", whole, formats.percent(best.nonzero_fraction)),
        ("rate, bytes of the file", formats.rate(1), formats.rate(best.compression_rate)),
        ("rate, paper's accounting", formats.rate(1), formats.rate(best.han_compression_rate)),
    )
    return table(
        columns,
        (row(columns, [text(cell) for cell in cells]) for cells in rows),
        caption="The reference network and the smallest file within the cap",
    )


def front_table(points: Iterable[Point], best: Point | None) -> Html:
    """The Pareto front within the cap, from the smallest file to the largest."""
    front = sorted(
        (point for point in points if point.standing is Standing.front),
        key=lambda point: point.file_bytes,
    )
    has_students = any(point.student for point in front)
    columns = (
        Column(title="trial", sort_key="trial"),
        Column(title="setting", is_number=False, sort_key="setting"),
        *((_NETWORK,) if has_students else ()),
        *_MEASURED,
    )
    rows = (
        row(
            columns,
            [
                element("a", text(point.trial), href=f"#trial-{point.trial}"),
                _setting(point.setting),
                *_network(point.student, has_students),
                *_measurements(point),
            ],
            class_="best" if best is not None and point.trial == best.trial else None,
            **_sort_values(point),
        )
        for point in front
    )
    return table(columns, rows, caption="Pareto front within the cap", identifier="front")


def trials_table(snapshot: StudySnapshot, points: Iterable[Point]) -> Html:
    """Every trial with its state, its measurements or the reason for having none."""
    has_students = snapshot.study.reference.student is not None
    columns = (
        Column(title="trial", sort_key="trial"),
        Column(title="state", is_number=False, sort_key="state"),
        Column(title="setting", is_number=False, sort_key="setting"),
        *((_NETWORK,) if has_students else ()),
        *_MEASURED,
        Column(title="time", sort_key="seconds"),
        Column(
            title="hyperparameters",
            is_number=False,
            hint="those that differ from the configuration",
        ),
    )
    measured = {point.trial: point for point in points}
    configured = dict(leaves(snapshot.study.config))
    rows = (
        _trial_row(columns, trial, measured.get(trial.number), configured, has_students)
        for trial in snapshot.trials
    )
    return table(columns, rows, caption="All trials", identifier="trials")


def _trial_row(
    columns: tuple[Column, ...],
    trial: TrialRecord,
    point: Point | None,
    configured: Mapping[str, Any],
    has_students: bool,
) -> Html:
    state = trial.state.value if point is None else point.standing.value
    badge = element("span", text(state), class_=f"state {_STATE_CLASSES[state]}")
    network = _network(trial.student, has_students)
    first = [text(trial.number), badge, _setting(trial.setting), *network]
    last = [text(formats.duration(trial.seconds)), _hyperparameters(trial.params, configured)]
    attributes = {
        "id": f"trial-{trial.number}",
        "data_trial": str(trial.number),
        "data_state": state,
        "data_setting": trial.setting or "",
        "data_network": trial.student or "",
        "data_seconds": "" if trial.seconds is None else repr(trial.seconds),
    }
    if point is not None:
        cells = [*first, *_measurements(point), *last]
        return row(columns, cells, **{**_sort_values(point), **attributes})
    # One cell over all the measurements that such a trial does not have.
    reason = element(
        "td",
        text(trial.reason or _WITHOUT_REASON[trial.state]),
        colspan=str(len(_MEASURED)),
        class_="reason",
    )
    head = element("th", first[0], scope="row", class_="number")
    cells = [
        *(element("td", cell) for cell in first[1:]),
        reason,
        element("td", last[0], class_="number"),
        element("td", last[1]),
    ]
    return element("tr", head, *cells, **attributes)


_STATE_CLASSES = {
    Standing.front.value: "good",
    Standing.dominated.value: "plain",
    Standing.over_cap.value: "bad",
    TrialState.running.value: "plain",
    TrialState.complete.value: "plain",
    TrialState.stopped.value: "plain",
    TrialState.failed.value: "bad",
    TrialState.interrupted.value: "plain",
}
_WITHOUT_REASON = {
    TrialState.running: "still running",
    TrialState.complete: "its measurements are not complete",
    TrialState.stopped: "no reason was stored",
    TrialState.failed: "no reason was stored",
    TrialState.interrupted: "no reason was stored",
}


def _hyperparameters(params: Mapping[str, Any], configured: Mapping[str, Any]) -> Html:
    """The values that differ from the study's configuration, folded away behind their number."""
    changed = {key: value for key, value in params.items() if configured.get(key) != value}
    if not changed:
        return text("as configured" if params else formats.MISSING)
    lines = (
        join((element("dt", text(key)), element("dd", text(formats.value(value)))))
        for key, value in changed.items()
    )
    plural = "" if len(changed) == 1 else "s"
    return element(
        "details",
        element("summary", text(f"{len(changed)} value{plural}")),
        element("dl", *lines, class_="values"),
    )


def _measurements(point: Point) -> list[Html]:
    return [
        text(written)
        for written in (
            formats.num_bytes(point.file_bytes),
            formats.rate(point.compression_rate),
            formats.percent(point.validation_error),
            formats.points(point.accuracy_loss),
            formats.percent(point.test_error),
            formats.percent(point.nonzero_fraction),
            formats.rate(point.han_compression_rate),
        )
    ]


def _sort_values(point: Point) -> dict[str, str | bool | None]:
    return {
        "data_trial": str(point.trial),
        "data_setting": point.setting or "",
        "data_network": point.student or "",
        "data_bytes": str(point.file_bytes),
        "data_rate": repr(point.compression_rate),
        "data_error": repr(point.validation_error),
        "data_loss": repr(point.accuracy_loss),
        "data_test": repr(point.test_error),
        "data_nonzero": repr(point.nonzero_fraction),
        "data_han": repr(point.han_compression_rate),
    }


def _network(student: str | None, has_students: bool) -> list[Html]:
    """The cell that says what was compressed, in a study of two networks."""
    return [text(student or "itself")] if has_students else []


def _setting(name: str | None) -> Html:
    return text(name.replace("_", " ")) if name else NOTHING


def settings_list(values: Mapping[str, Any]) -> Html:
    """A tree of values as ``key=value`` lines, as they would be typed."""
    lines = "\n".join(f"{key}={show(value)}" for key, value in leaves(values))
    return element("pre", text(lines), tabindex="0")
