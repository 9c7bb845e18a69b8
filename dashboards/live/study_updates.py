"""How the page of a study follows the study and its reader: only what has changed is sent.

One question asks for all parts at once. Each part says by a key what it was drawn from; those whose
key is another one now, and which are near the screen, are drawn again, and the browser gets the
difference. Zoom and selection are the browser's and stay.
"""

import json
import time
from collections.abc import Collection, Mapping
from typing import Any

from dash import Dash, Input, Output, State, ctx, no_update
from dash.exceptions import PreventUpdate

from core.errors import SoftshareError
from dashboards.live.addresses import place_of
from dashboards.live.clock import versions
from dashboards.live.context import Context
from dashboards.live.drawn import digest_of
from dashboards.live.frame import PLACE, THEME, TICK
from dashboards.live.study_figures import FIGURES, TRIAL_FIGURES, FigurePart
from dashboards.live.study_texts import TEXTS, TextPart
from dashboards.live.view import View, selection, view_of

SELECTED = "selected"
SEEN = "seen"
HAD = "had"

_SETTINGS = {
    "cap": ("cap", "value"),
    "weight": ("weight", "value"),
    "colour": ("colour", "value"),
    "accounting": ("accounting", "value"),
    "key": ("slice-key", "value"),
    "selected": (SELECTED, "data"),
}

Had = dict[str, list[str]]
"""What a browser shows: the key and the digest of each part, by its name."""


def add_callbacks(app: Dash, context: Context) -> None:
    """Let the page follow its study and its reader."""
    _add_selection(app)

    @app.callback(
        output={
            "figures": {name: Output(f"figure-{name}", "figure") for name in FIGURES},
            "styles": {name: Output(f"figure-{name}", "style") for name in FIGURES},
            "texts": {name: Output(f"text-{name}", "children") for name in TEXTS},
            "had": Output(HAD, "data"),
        },
        inputs={
            "_clock": Input(TICK, "data"),
            "seen": Input(SEEN, "data"),
            "settings": {name: Input(*at) for name, at in _SETTINGS.items()},
        },
        state={
            "path": State(PLACE, "pathname"),
            "theme": State(THEME, "data"),
            "had": State(HAD, "data"),
        },
        prevent_initial_call=True,
    )
    def follow(
        _clock: str, seen: list[str], settings: dict[str, Any], path: str, theme: str, had: Had
    ) -> Any:
        begun, study = time.perf_counter(), place_of(path).study
        try:
            view = view_of(context, study, theme, settings)
            return update(view, settings, seen, had)
        except SoftshareError as error:
            raise PreventUpdate from error  # the frame says why
        finally:
            if ctx.triggered_id == TICK:
                context.pace.drew(study, time.perf_counter() - begun)


def update(
    view: View, settings: Mapping[str, Any], seen: Collection[str], had: Had
) -> dict[str, Any]:
    """Return what makes a browser show a study as it is now.

    Args:
        view: the study as its reader looks at it.
        settings: what the reader has set, by name.
        seen: figures that are near the screen; the others wait.
        had: what the browser shows.

    Raises:
        PreventUpdate: it shows all that already.
    """
    clocks = versions(view.context, view.snapshot)
    now = dict(had)
    figures: dict[str, Any] = dict.fromkeys(FIGURES, no_update)
    styles: dict[str, Any] = dict.fromkeys(FIGURES, no_update)
    texts: dict[str, Any] = dict.fromkeys(TEXTS, no_update)
    for name, figure in FIGURES.items():
        key, (known, digest) = _key(figure, clocks, settings), had[name]
        if name in seen and key != known:
            figures[name], styles[name], drawn = view.context.drawn.update(
                figure.draw(view), digest
            )
            now[name] = [key, digest if drawn is no_update else drawn]
    for name, text in TEXTS.items():
        key, (known, digest) = _key(text, clocks, settings), had[name]
        if key != known:
            content = text.write(view)
            written = digest_of(content)
            now[name] = [key, written]
            if written != digest:
                texts[name] = content
    if now == had:
        raise PreventUpdate
    return {"figures": figures, "styles": styles, "texts": texts, "had": now}


def _key(part: FigurePart | TextPart, clocks: tuple[str, str], settings: Mapping[str, Any]) -> str:
    """Return what a part is drawn from, in a word."""
    clock = clocks[1] if part.follows_epochs else clocks[0]
    return digest_of([json.dumps([clock, *(settings.get(name) for name in part.controls)])])


def _add_selection(app: Dash) -> None:
    clicks = {name: Input(f"figure-{name}", "clickData") for name in TRIAL_FIGURES}
    boxes = {name: Input(f"figure-{name}", "selectedData") for name in ("front", "along")}

    @app.callback(
        output=Output(SELECTED, "data"),
        inputs={
            "clicks": clicks,
            "boxes": boxes,
            "picked": Input("pick", "value"),
            "_cleared": Input("clear", "n_clicks"),
        },
        prevent_initial_call=True,
    )
    def select(clicks: dict[str, Any], boxes: dict[str, Any], picked: Any, _cleared: Any) -> Any:
        triggered = ctx.triggered_prop_ids
        if "clear.n_clicks" in triggered:
            return []
        if "pick.value" in triggered:
            return no_update if picked is None else list(selection([picked]))
        for name in TRIAL_FIGURES:
            if f"figure-{name}.clickData" in triggered:
                return _numbers(clicks[name]) or no_update
        for name, box in boxes.items():
            if f"figure-{name}.selectedData" in triggered:
                return _numbers(box) or no_update
        return no_update


def _numbers(event: Any) -> list[int]:
    """Return the trials of the points of an event."""
    points = event.get("points", []) if isinstance(event, dict) else []
    return list(selection([point.get("customdata") for point in points]))
