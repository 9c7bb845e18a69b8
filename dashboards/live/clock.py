"""The clock of the pages: a few bytes that are others once what a page shows has changed.

The script of the page (``assets/live.js``) asks for them, and wakes Dash only when they are others:
Dash tells every component of whatever happens, which costs a browser more than drawing does.
"""

from collections import Counter
from datetime import UTC, datetime

from flask import Flask, Response, jsonify, request

from core.errors import SoftshareError
from dashboards.live.addresses import Place, place_of
from dashboards.live.context import Context
from search.records import StudySnapshot, TrialState

CLOCK = "/clock"

_RUNNING_SECONDS = 10
"""How often the bars of running trials grow."""

MAX_STUDIES = 100
"""Older studies than so many are not listed."""


def offer_clock(server: Flask, context: Context) -> None:
    """Let a server say when the page of an address has something new to show."""

    @server.get(CLOCK)
    def clock() -> Response:
        place = place_of(request.args.get("path", "/"), request.args.get("search", ""))
        state = state_of(context, place)
        return jsonify(state=state, trouble=context.watch.trouble or "")


def state_of(context: Context, place: Place) -> str:
    """Return what changes when the page of a place has something new to show."""
    try:
        workers = context.watch.workers()
        if place.page in ("study", "trial"):
            state = " ".join(versions(context, context.watch.study(place.study)))
            return context.pace.told(place.study, state)
        names = (place.page == "compare" and place.studies) or context.watch.names()
    except SoftshareError as error:
        return str(error)
    alive = Counter(worker.study for worker in workers if worker.is_alive)
    return " ".join(
        f"{_trials(context, name)} {alive[name]} of {len(names)}" for name in names[:MAX_STUDIES]
    )


def _trials(context: Context, name: str) -> str:
    try:
        return versions(context, context.watch.study(name))[0]
    except SoftshareError as error:
        return str(error)


def versions(context: Context, snapshot: StudySnapshot) -> tuple[str, str]:
    """Return what changes when trials end, and what changes while they run."""
    states = Counter(trial.state for trial in snapshot.trials)
    at_work = states.pop(TrialState.running, 0)
    measured = context.importances.known(snapshot)
    trials = (
        f"{snapshot.study.created_at.timestamp()} {snapshot.study.num_trials} "
        f"{sorted(states.items())} {0 if measured is None else measured.num_trials}"
    )
    alive = sum(worker.is_alive for worker in context.watch.workers())
    moment = int(datetime.now(UTC).timestamp()) // _RUNNING_SECONDS if at_work else 0
    return trials, f"{trials} {at_work} {len(snapshot.epochs)} {alive} {moment}"
