"""The Pareto front of a study: accuracy loss against compression rate (paper, Figure 2).

Two accountings of the rate exist and never share an axis. In bytes of the file the trials stand
by validation data, as the search ranks them. In the paper's accounting they stand by test data
beside the published results, which are test results, each against its own reference network.
"""

import itertools
import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from dashboards import formats
from dashboards.figures.labels import Label, place_labels
from dashboards.points import Point, Standing, points_of, scores_of, smallest
from dashboards.published import PublishedPoint, published_for
from dashboards.remembering import remembered
from search.records import StudySnapshot
from search.scoring import ScoreConfig


class Accounting(Enum):
    """How the compression rate of an axis is counted."""

    file = "bytes of the whole file"
    paper = "the paper's accounting: Han's CSR + Huffman, weights only"


@dataclass(frozen=True, kw_only=True)
class View:
    """What the axes show at first. Losses are fractions, rates are > 0."""

    rate_low: float
    rate_high: float
    loss_low: float
    loss_high: float

    def holds(self, rate: float, loss: float) -> bool:
        """Return whether a point lies inside."""
        return self.rate_low <= rate <= self.rate_high and self.loss_low <= loss <= self.loss_high

    def shares(self, where: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
        """Return the positions of n points in shares of the width and the height, shape (n, 2)."""
        rates, losses = np.array(where, dtype=float).reshape(-1, 2).T
        width = math.log(self.rate_high / self.rate_low)
        height = self.loss_high - self.loss_low
        return np.column_stack(
            [np.log(rates / self.rate_low) / width, (losses - self.loss_low) / height]
        )


@dataclass(frozen=True, kw_only=True)
class ParetoFrontData:
    """What the figure draws.

    Attributes:
        study: name of the study, as stored.
        accounting: of every rate in the figure, published ones included.
        max_accuracy_loss: the cap on the validation accuracy loss, a fraction.
        points: the finished trials by number, those outside the view included.
        scores: the scalar score of each of them, by validation data and bytes of the file.
        best: the smallest file within the cap, or None.
        published: results of others in the same accounting; none beside bytes of a file.
        view: what the axes show at first.
        labels: names of the best point and of the enqueued settings inside the view; their
            indexes count ``points``.
        published_labels: names of the published points; their indexes count ``published``.
        num_outside: finished trials outside the view.
    """

    study: str
    accounting: Accounting
    max_accuracy_loss: float
    points: tuple[Point, ...]
    scores: tuple[float, ...]
    best: Point | None
    published: tuple[PublishedPoint, ...]
    view: View
    labels: tuple[Label, ...]
    published_labels: tuple[Label, ...]
    num_outside: int

    def rate(self, point: Point) -> float:
        """Return the rate of a trial in this figure's accounting."""
        if self.accounting is Accounting.paper:
            return point.han_compression_rate
        return point.compression_rate

    def loss(self, point: Point) -> float:
        """Return the loss of a trial on the data that this figure shows, a fraction."""
        if self.accounting is Accounting.paper:
            return point.test_accuracy_loss
        return point.accuracy_loss


@remembered
def pareto_front_data(
    snapshot: StudySnapshot, config: ScoreConfig, accounting: Accounting = Accounting.file
) -> ParetoFrontData:
    """Gather the Pareto front of a study in one accounting.

    Standing (on the front, dominated, over the cap) is always by validation data and bytes of
    the file: nothing is chosen by test data.
    """
    points = points_of(snapshot, config)
    in_paper = accounting is Accounting.paper
    published = published_for(snapshot.study.config["model"]["name"]) if in_paper else ()
    where = [
        (p.han_compression_rate, p.test_accuracy_loss)
        if in_paper
        else (p.compression_rate, p.accuracy_loss)
        for p in points
    ]
    view = view_of(
        where,
        [(p.compression_rate, p.accuracy_loss) for p in published],
        config.max_accuracy_loss,
    )
    best = smallest(snapshot, config)
    shares = view.shares(where)
    labels, published_labels = _labels(points, best, shares, published, view)
    return ParetoFrontData(
        study=snapshot.study.name,
        accounting=accounting,
        max_accuracy_loss=config.max_accuracy_loss,
        points=points,
        scores=scores_of(snapshot, config),
        best=best,
        published=published,
        view=view,
        labels=labels,
        published_labels=published_labels,
        num_outside=int((~_are_inside(shares)).sum()),
    )


def view_of(
    trials: Sequence[tuple[float, float]], published: Sequence[tuple[float, float]], cap: float
) -> View:
    """Frame what can be chosen: a collapsed network must not squash the axes.

    Losses are shown up to four times the cap (or what the best trial needs, where none is near).
    """
    cap = max(cap, 0.001)
    limit = 4 * cap
    if trials and min(loss for _, loss in trials) > limit:
        limit = 1.5 * min(loss for _, loss in trials)
    inside = [*published, *((rate, loss) for rate, loss in trials if loss <= limit)]
    losses = [0.0, 1.6 * cap, *(loss for _, loss in inside)]
    low, high = min(losses), max(losses)
    pad = 0.06 * (high - low)
    rates = [rate for rate, _ in inside] or [1.0]
    middle = math.sqrt(min(rates) * max(rates))
    # At least a factor of three is shown, and some air beside the outermost points.
    stretch = max(1.16 * math.sqrt(max(rates) / min(rates)), math.sqrt(3))
    return View(
        rate_low=middle / stretch,
        rate_high=middle * stretch,
        loss_low=low - pad,
        loss_high=high + 2 * pad,
    )


def _labels(
    points: Sequence[Point],
    best: Point | None,
    shares: NDArray[np.float64],
    published: Sequence[PublishedPoint],
    view: View,
) -> tuple[tuple[Label, ...], tuple[Label, ...]]:
    """Name the best point first, then the published, then the enqueued settings in view."""
    is_shown = _are_inside(shares)
    others = view.shares([(p.compression_rate, p.accuracy_loss) for p in published])
    named = [
        index
        for index, point in enumerate(points)
        if (point.setting or (best and point.trial == best.trial)) and is_shown[index]
    ]
    named.sort(key=lambda index: (best is None or points[index].trial != best.trial, index))
    texts = [_name(points[index], best) for index in named]
    placed = place_labels(
        [*shares[named], *others],
        [*texts, *(point.authors for point in published)],
        np.concatenate(
            [shares[is_shown], others, *(() if published else [_staircase(points, shares)])]
        ),
    )
    ours, theirs = placed[: len(named)], placed[len(named) :]
    return (
        tuple(replace(label, index=named[label.index]) for label in ours),
        tuple(replace(label, index=label.index - len(named)) for label in theirs),
    )


def _are_inside(shares: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return of n positions, in shares of the plot, whether they lie inside; shape (n,)."""
    inside: NDArray[np.bool_] = np.all((shares >= 0) & (shares <= 1), axis=1)
    return inside


def _staircase(points: Sequence[Point], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Positions along the line that joins the front, near enough to keep names off it."""
    front = sorted(
        tuple(shares[place])
        for place, point in enumerate(points)
        if point.standing is Standing.front
    )
    line = []
    for (x, y), (next_x, next_y) in itertools.pairwise(front):
        steps = [(step + 1) / 16 for step in range(15)]
        line += [(x, y + step * (next_y - y)) for step in steps]
        line += [(x + step * (next_x - x), next_y) for step in steps]
    return np.array(line).reshape(-1, 2)


def _name(point: Point, best: Point | None) -> str:
    setting = textwrap.shorten((point.setting or "").replace("_", " "), 28, placeholder="…")
    if best is None or point.trial != best.trial:
        return setting
    size = formats.num_bytes(best.file_bytes)
    return f"best: {size} ({setting})" if setting else f"best: {size}"
