"""Figures of a study: for each, a function that gathers its data and one that draws them."""

from dashboards.figures.history import (
    HistoryData,
    HistoryEntry,
    draw_history,
    history_data,
)
from dashboards.figures.importance import (
    FEW_TRIALS,
    MIN_TRIALS,
    ImportanceData,
    ObjectiveImportance,
    draw_importance,
    importance_data,
)
from dashboards.figures.pareto_front import (
    Accounting,
    ParetoFrontData,
    View,
    pareto_front_data,
)
from dashboards.figures.pareto_front_drawing import draw_pareto_front

__all__ = [
    "FEW_TRIALS",
    "MIN_TRIALS",
    "Accounting",
    "HistoryData",
    "HistoryEntry",
    "ImportanceData",
    "ObjectiveImportance",
    "ParetoFrontData",
    "View",
    "draw_history",
    "draw_importance",
    "draw_pareto_front",
    "history_data",
    "importance_data",
    "pareto_front_data",
]
