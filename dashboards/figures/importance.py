"""Which hyperparameters matter for each objective, and which of it could be chance.

Importance is PED-ANOVA's (Watanabe, Bansal and Hutter 2023): how differently the best trials are
spread along a hyperparameter than all trials are. It ranks trials, so one collapsed network does
not outweigh the rest, and it needs no regression over a handful of points. Few trials give large
importances to anything: the same measure on shuffled objectives says how large.
"""

import random
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import optuna
import plotly.graph_objects as go
from optuna.distributions import BaseDistribution
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import FixedTrial, create_trial

from core.errors import ConfigError
from dashboards.figures.style import draw_scatter, new_figure, sentence_figure, transparent
from dashboards.palette import LIGHT, Palette
from dashboards.points import Point, best_of, points_of
from search.methods import DEFAULT_METHOD, METHOD, method_of
from search.records import StudySnapshot
from search.scoring import ScoreConfig
from search.space import Dimension, SearchSpace

MIN_TRIALS = 8
"""Below this many finished trials an importance says nothing and is refused."""

FEW_TRIALS = 50
"""Below this many finished trials the figure warns that it is no more than a hint."""

NUM_SHUFFLES = 20
"""An importance above all of them has a chance of at most 1 in 21 (a permutation test)."""


@dataclass(frozen=True, kw_only=True)
class ObjectiveImportance:
    """What matters for one objective.

    Attributes:
        shares: importance by config key as a share of the sum; all objectives list the same keys
            in the same order, the most important for any of them first.
        chance: the largest that any hyperparameter got from shuffled objectives, in the same
            unit; may exceed 1.
    """

    shares: Mapping[str, float]
    chance: float

    @property
    def beyond_chance(self) -> tuple[str, ...]:
        """The keys whose importance is larger than any that chance gave."""
        return tuple(key for key, share in self.shares.items() if share > self.chance)


@dataclass(frozen=True, kw_only=True)
class ImportanceData:
    """What the figure draws.

    Attributes:
        accuracy_loss: importances for a small accuracy loss; empty where refused.
        compression_rate: importances for a high compression rate; empty where refused.
        num_trials: finished trials behind the figure.
        refusal: one sentence that says why there are none, or None.
        method: the method whose trials these are; those of different methods have different
            hyperparameters.
    """

    accuracy_loss: ObjectiveImportance
    compression_rate: ObjectiveImportance
    num_trials: int
    refusal: str | None
    method: str = DEFAULT_METHOD


def importance_data(snapshot: StudySnapshot, config: ScoreConfig) -> ImportanceData:
    """Measure both objectives' importances, or say why that would mislead.

    Of several methods the one with the smallest file within the cap is looked into.
    """
    measured = points_of(snapshot, config)
    best = best_of(measured)
    method = method_of(snapshot.study.config) if best is None else best.method
    data = _of_method(snapshot, [point for point in measured if point.method == method], method)
    return replace(data, method=method)


def _of_method(snapshot: StudySnapshot, measured: Sequence[Point], method: str) -> ImportanceData:
    points = {point.trial: point for point in measured}
    try:
        space = SearchSpace(snapshot.study.config["space"])
        dimensions = {key: d for key, d in space.active(method).items() if key != METHOD}
        trials = {
            trial.number: _in_search_coordinates(dimensions, trial.params)
            for trial in snapshot.trials
            if trial.number in points and trial.params.keys() >= dimensions.keys()
        }
    except (ConfigError, KeyError) as error:
        return _refused(0, f"The stored search space is not readable here: {error}.")
    if len(trials) < MIN_TRIALS:
        return _refused(
            len(trials),
            f"Importance needs at least {MIN_TRIALS} finished trials to mean anything; "
            f"there {'is' if len(trials) == 1 else 'are'} {len(trials)}.",
        )
    study = _study_of(trials)
    names = {dimension.name: key for key, dimension in dimensions.items()}
    by_loss = _importance(study, names, [points[number].accuracy_loss for number in trials])
    by_rate = _importance(study, names, [-points[number].compression_rate for number in trials])
    order = sorted(names.values(), key=lambda key: -max(by_loss.shares[key], by_rate.shares[key]))
    return ImportanceData(
        accuracy_loss=_ordered(by_loss, order),
        compression_rate=_ordered(by_rate, order),
        num_trials=len(trials),
        refusal=None,
    )


def _refused(num_trials: int, sentence: str) -> ImportanceData:
    none = ObjectiveImportance(shares={}, chance=0.0)
    return ImportanceData(
        accuracy_loss=none, compression_rate=none, num_trials=num_trials, refusal=sentence
    )


def _ordered(importance: ObjectiveImportance, keys: Sequence[str]) -> ObjectiveImportance:
    return replace(importance, shares={key: importance.shares[key] for key in keys})


_Coordinates = tuple[dict[str, Any], dict[str, BaseDistribution]]


def _in_search_coordinates(
    dimensions: Mapping[str, Dimension], params: Mapping[str, Any]
) -> _Coordinates:
    """Return values and distributions as the sampler saw them, logarithms and complements."""
    fixed = FixedTrial(
        {d.name: d.encode(_clipped(params[key], d)) for key, d in dimensions.items()}
    )
    for dimension in dimensions.values():
        dimension.suggest(fixed)
    return fixed.params, fixed.distributions


def _clipped(value: Any, dimension: Dimension) -> Any:
    """Undo the rounding by which one minus a coordinate can leave its range."""
    if dimension.low is None or dimension.high is None:
        return value
    return min(max(value, dimension.low), dimension.high)


def _study_of(trials: Mapping[int, _Coordinates]) -> optuna.Study:
    """Rebuild the trials in memory; their place in it is the place in ``trials``."""
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        study = optuna.create_study()
    finally:
        optuna.logging.set_verbosity(verbosity)
    study.add_trials(
        create_trial(params=params, distributions=distributions, value=0.0)
        for params, distributions in trials.values()
    )
    return study


def _importance(
    study: optuna.Study, names: Mapping[str, str], losses: Sequence[float]
) -> ObjectiveImportance:
    """Return the importances for small ``losses``, one loss for each trial of the study."""
    measured = _divergences(study, losses)
    total = sum(measured.values()) or 1.0
    shuffled = list(losses)
    generator = random.Random(0)
    chance = 0.0
    for _ in range(NUM_SHUFFLES):
        generator.shuffle(shuffled)
        chance = max(chance, *_divergences(study, shuffled).values())
    shares = {key: measured[name] / total for name, key in names.items()}
    return ObjectiveImportance(shares=shares, chance=chance / total)


def _divergences(study: optuna.Study, losses: Sequence[float]) -> dict[str, float]:
    # The best tenth, but five trials at least, as the evaluator's documentation advises.
    quantile = max(0.1, min(0.5, 5 / len(losses)))
    with warnings.catch_warnings():
        # Optuna warns that a target is minimised, which it is, and that raw values are new.
        warnings.simplefilter("ignore")
        return get_param_importances(
            study,
            evaluator=PedAnovaImportanceEvaluator(target_quantile=quantile),
            target=lambda trial: losses[trial.number],
            normalize=False,
        )


def draw_importance(data: ImportanceData, palette: Palette = LIGHT) -> go.Figure:
    """Draw a pair of bars a hyperparameter, its name above them so that it fits any width."""
    title = "Importance of the hyperparameters for both objectives"
    if data.refusal is not None:
        return sentence_figure(palette, data.refusal, title=title)
    keys = list(data.accuracy_loss.shares)
    figure = new_figure(palette, height=104 + 40 * len(keys), title=title)
    for importance, name, colour, offset in (
        (data.accuracy_loss, "for a small accuracy loss", palette.accent, 0.04),
        (data.compression_rate, "for a high compression rate", palette.second, 0.26),
    ):
        _draw_bars(figure, importance, name, colour, offset)
    for row, key in enumerate(keys):
        figure.add_annotation(
            x=0, y=row, text=escape(key), showarrow=False, xanchor="left", yanchor="bottom",
            yshift=-2, font={"color": palette.ink, "size": 12}, borderpad=0,
            bgcolor=transparent(palette.surface, 0.8),
        )  # fmt: skip
    figure.update_layout(barmode="overlay", margin={"l": 18})
    shares = [*data.accuracy_loss.shares.values(), *data.compression_rate.shares.values()]
    chances = (data.accuracy_loss.chance, data.compression_rate.chance)
    figure.update_xaxes(
        # A line far to the right must not squash the bars; its name says where it is.
        range=[0, 1.06 * max(*shares, *(min(chance, 1.3 * max(shares)) for chance in chances))],
        tickformat=".0%",
        title_text=f"share of the importance, from {data.num_trials} trials",
    )
    figure.update_yaxes(range=[len(keys) - 0.4, -0.55], visible=False, fixedrange=True)
    return figure


def _draw_bars(
    figure: go.Figure, importance: ObjectiveImportance, name: str, colour: str, offset: float
) -> None:
    """One objective's bars, pale where chance reaches as far, and the line where it ends."""
    beyond = importance.beyond_chance
    num_rows = len(importance.shares)
    figure.add_bar(
        orientation="h",
        x=list(importance.shares.values()),
        y=list(range(num_rows)),
        offset=offset,
        width=0.2,
        marker={
            "color": [
                colour if key in beyond else transparent(colour, 0.4) for key in importance.shares
            ],
            "line": {"width": 0},
        },
        hovertext=[
            f"<b>{escape(key)}</b><br>{name}: {share:.0%}<br>"
            + ("more than chance reaches" if key in beyond else "chance reaches as much")
            for key, share in importance.shares.items()
        ],
        hoverinfo="text",
        name=name,
        legendgroup=name,
    )
    draw_scatter(
        figure,
        x=[importance.chance, importance.chance],
        y=[-0.5, num_rows - 0.4],
        mode="lines",
        line={"color": colour, "width": 1.5, "dash": "dot"},
        hoverinfo="skip",
        name=f"chance reaches {importance.chance:.0%}",
        legendgroup=name,
    )
