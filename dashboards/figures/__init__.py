"""Figures of a study and of a trace: a function that gathers the data, another that draws them."""

from dashboards.figures.attainment import (
    Attained,
    ComparisonData,
    attainment,
    comparison_data,
    draw_comparison,
)
from dashboards.figures.bits import BitsData, TensorBits, bits_data, draw_bits
from dashboards.figures.colouring import Colouring, colouring_of
from dashboards.figures.components import (
    ComponentsData,
    components_data,
    draw_final_scatter,
    draw_trajectories,
)
from dashboards.figures.compute import draw_hypervolume_over_compute
from dashboards.figures.filters import (
    FiltersData,
    draw_filters_before,
    draw_filters_decoded,
    filters_data,
)
from dashboards.figures.history import HistoryData, HistoryEntry, history_data
from dashboards.figures.history_drawing import draw_history
from dashboards.figures.importance import (
    FEW_TRIALS,
    MIN_TRIALS,
    NUM_SHUFFLES,
    ImportanceData,
    ObjectiveImportance,
    draw_importance,
    importance_data,
)
from dashboards.figures.learning_curves import (
    Curve,
    LearningCurvesData,
    draw_learning_curves,
    learning_curves_data,
    shown_trials,
)
from dashboards.figures.method_fronts import (
    MethodFront,
    MethodFrontsData,
    draw_method_fronts,
    method_fronts_data,
)
from dashboards.figures.parallel import ParallelData, draw_parallel, parallel_data
from dashboards.figures.pareto_front import (
    Accounting,
    ParetoFrontData,
    View,
    pareto_front_data,
)
from dashboards.figures.pareto_front_drawing import draw_pareto_front
from dashboards.figures.searched import dimensions_of
from dashboards.figures.slices import SliceData, draw_slice, slice_data
from dashboards.figures.timeline import Span, TimelineData, draw_timeline, timeline_data
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
    "Attained",
    "BitsData",
    "Colouring",
    "ComparisonData",
    "ComponentsData",
    "Curve",
    "FiltersData",
    "HistoryData",
    "HistoryEntry",
    "ImportanceData",
    "KeyTrends",
    "LearningCurvesData",
    "MethodFront",
    "MethodFrontsData",
    "ObjectiveImportance",
    "ParallelData",
    "ParetoFrontData",
    "SliceData",
    "Span",
    "TensorBits",
    "TimelineData",
    "Trend",
    "View",
    "WeightChangeData",
    "WeightHistogramsData",
    "attainment",
    "bits_data",
    "colouring_of",
    "comparison_data",
    "components_data",
    "dimensions_of",
    "draw_bits",
    "draw_comparison",
    "draw_filters_before",
    "draw_filters_decoded",
    "draw_final_scatter",
    "draw_history",
    "draw_hypervolume_over_compute",
    "draw_importance",
    "draw_learning_curves",
    "draw_method_fronts",
    "draw_parallel",
    "draw_pareto_front",
    "draw_slice",
    "draw_timeline",
    "draw_trajectories",
    "draw_weight_change",
    "draw_weight_histograms",
    "filters_data",
    "history_data",
    "importance_data",
    "learning_curves_data",
    "method_fronts_data",
    "parallel_data",
    "pareto_front_data",
    "shown_trials",
    "slice_data",
    "timeline_data",
    "trends_data",
    "weight_change_data",
    "weight_histograms_data",
]
