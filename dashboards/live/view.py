"""One reader's view of a study: the study as it is, and how the reader has set the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dashboards.figures import Accounting, dimensions_of
from dashboards.live.context import Context, palette_of
from dashboards.palette import Palette
from dashboards.points import Point, points_of, smallest
from search.records import StudySnapshot
from search.scoring import ScoreConfig

STANDING = "standing"
MAX_SELECTED = 50


@dataclass(frozen=True, kw_only=True)
class View:
    """What a reader looks at.

    Attributes:
        context: what all pages share.
        snapshot: the study.
        config: its score, with the accuracy loss that the reader is willing to have and the
            weight that the reader gives it.
        colour: what the colours of the front say: ``standing`` or a name of a colouring.
        accounting: how rates are counted on the front.
        key: hyperparameter of the slice.
        selected: numbers of the trials that the reader chose.
        palette: the reader's colours.
    """

    context: Context
    snapshot: StudySnapshot
    config: ScoreConfig
    colour: str
    accounting: Accounting
    key: str
    selected: tuple[int, ...]
    palette: Palette

    @property
    def points(self) -> tuple[Point, ...]:
        """The measured trials."""
        return points_of(self.snapshot, self.config)

    @property
    def best(self) -> Point | None:
        """The smallest file that loses no more than the reader is willing to lose."""
        return smallest(self.snapshot, self.config)


def first_view(context: Context, study: str, theme: str | None) -> View:
    """Return a study as the page opens it.

    Raises:
        SoftshareError: it cannot be read.
    """
    snapshot = context.watch.study(study)
    keys = list(dimensions_of(snapshot))
    return View(
        context=context,
        snapshot=snapshot,
        config=context.score_of(snapshot),
        colour=STANDING,
        accounting=Accounting.file,
        key=keys[0] if keys else "",
        selected=(),
        palette=palette_of(theme),
    )


def view_of(context: Context, study: str, theme: str | None, settings: Mapping[str, Any]) -> View:
    """Return a study as a reader has set the page; settings that make no sense are passed over.

    Raises:
        SoftshareError: it cannot be read.
    """
    view = first_view(context, study, theme)
    keys = dimensions_of(view.snapshot)
    cap, weight = settings.get("cap"), settings.get("weight")
    config = replace(
        view.config,
        max_accuracy_loss=_within(cap, 0.0, 1.0, view.config.max_accuracy_loss, scale=0.01),
        accuracy_weight=_within(weight, 0.0, 1e4, view.config.accuracy_weight),
    )
    accounting = settings.get("accounting")
    return replace(
        view,
        config=config,
        colour=str(settings.get("colour") or STANDING),
        accounting=Accounting.paper if accounting == Accounting.paper.name else Accounting.file,
        key=settings["key"] if settings.get("key") in keys else view.key,
        selected=selection(settings.get("selected")),
    )


def selection(numbers: Any) -> tuple[int, ...]:
    """Return the trials of a selection as a browser sends it."""
    if not isinstance(numbers, Sequence) or isinstance(numbers, str):
        return ()
    whole = [number for number in numbers if isinstance(number, int) and number >= 0]
    return tuple(dict.fromkeys(whole))[:MAX_SELECTED]


def _within(value: Any, low: float, high: float, default: float, scale: float = 1.0) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return default
    return min(max(scale * value, low), high)
