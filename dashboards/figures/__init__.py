"""Figures of a study and of a trace: a function that gathers the data, another that draws them."""

from dashboards.figures.components import (
    ComponentsData,
    components_data,
    draw_final_scatter,
    draw_trajectories,
)
from dashboards.figures.filters import (
    FiltersData,
    draw_filters_before,
    draw_filters_decoded,
    filters_data,
)
from dashboards.figures.history import (
    HistoryData,
    HistoryEntry,
    draw_history,
    history_data,
)
from dashboards.figures.importance import (
    FEW_TRIALS,
    MIN_TRIALS,
    NUM_SHUFFLES,
    ImportanceData,
    ObjectiveImportance,
    draw_importance,
    importance_data,
)
from dashboards.figures.method_fronts import (
    MethodFront,
    MethodFrontsData,
    draw_method_fronts,
    method_fronts_data,
)
from dashboards.figures.pareto_front import (
    Accounting,
    ParetoFrontData,
    View,
    pareto_front_data,
)
from dashboards.figures.pareto_front_drawing import draw_pareto_front
from dashboards.figures.trends import KeyTrends, Trend, trends_data
from dashboards.figures.weight_change import (
    WeightChangeData,
    draw_weight_change,
    weight_change_data,
)
from dashboards.figures.weight_histograms import (
    WeightHistogramsData,
    draw_weight_histograms,
    weight_histograms_data,
)

__all__ = [
    "FEW_TRIALS",
    "MIN_TRIALS",
    "NUM_SHUFFLES",
    "Accounting",
    "ComponentsData",
    "FiltersData",
    "HistoryData",
    "HistoryEntry",
    "ImportanceData",
    "KeyTrends",
    "MethodFront",
    "MethodFrontsData",
    "ObjectiveImportance",
    "ParetoFrontData",
    "Trend",
    "View",
    "WeightChangeData",
    "WeightHistogramsData",
    "components_data",
    "draw_filters_before",
    "draw_filters_decoded",
    "draw_final_scatter",
    "draw_history",
    "draw_importance",
    "draw_method_fronts",
    "draw_pareto_front",
    "draw_trajectories",
    "draw_weight_change",
    "draw_weight_histograms",
    "filters_data",
    "history_data",
    "importance_data",
    "method_fronts_data",
    "pareto_front_data",
    "trends_data",
    "weight_change_data",
    "weight_histograms_data",
]
