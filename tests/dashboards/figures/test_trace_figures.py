"""What the figures of one compression gather from its trace, and what is drawn of it."""

from dataclasses import replace

import numpy as np
import pytest

from core.trace import Filters
from dashboards.figures import (
    components_data,
    draw_filters_before,
    draw_filters_decoded,
    draw_final_scatter,
    draw_trajectories,
    draw_weight_change,
    draw_weight_histograms,
    filters_data,
    weight_change_data,
    weight_histograms_data,
)
from dashboards.palette import DARK, LIGHT
from tests.dashboards.traces import NUM_EPOCHS, simulated_trace


def test_weights_are_told_apart_by_what_the_file_holds() -> None:
    data = weight_change_data(simulated_trace())
    assert data.kept.shape == (2, 40)
    assert data.zero.shape == (2, 160)
    assert data.kept_share == pytest.approx(40 / 200)
    assert data.zero_share == pytest.approx(160 / 800)
    assert data.zero[1] == pytest.approx(0.01, abs=1e-4)


def test_the_share_that_is_drawn_is_said() -> None:
    names = [trace.name for trace in draw_weight_change(weight_change_data(simulated_trace())).data]
    assert names[0] == "zero in the file (20\N{NO-BREAK SPACE}% drawn)"
    whole = simulated_trace(num_kept=200, num_zero=800)
    names = [trace.name for trace in draw_weight_change(weight_change_data(whole)).data]
    assert names[:2] == ["zero in the file (all drawn)", "not zero in the file (all drawn)"]


def test_both_marginals_count_all_weights_on_a_logarithmic_scale() -> None:
    trace = simulated_trace()
    figure = draw_weight_change(weight_change_data(trace))
    above, right = (bars for bars in figure.data if bars.type == "bar")
    assert sum(count or 0 for count in above.y) == trace.counts[0].sum()
    assert sum(count or 0 for count in right.x) == trace.counts[1].sum()
    assert figure.layout.xaxis2.type == figure.layout.yaxis2.type == "log"
    assert 0 not in above.y  # a logarithm has no place for it


def test_components_share_what_the_zero_one_leaves() -> None:
    data = components_data(simulated_trace())
    assert data.shares[0] == pytest.approx(0.8)
    assert data.shares[1:].sum() == pytest.approx(1)
    assert data.num_significant == 2  # the third holds 0.5 %


def test_every_component_is_a_line_in_a_band_of_its_width() -> None:
    data = components_data(simulated_trace())
    figure = draw_trajectories(data)
    lines = [t for t in figure.data if t.hovertemplate]
    bands = [t for t in figure.data if t.fill == "toself"]
    assert len(lines) == len(bands) == 4
    assert list(lines[-1].y) == [0] * (NUM_EPOCHS + 1)  # the zero component on top
    assert "zero component" in lines[-1].hovertemplate
    assert bands[-1].y[0] == pytest.approx(0.2)
    assert bands[-1].y[-1] == pytest.approx(-0.2)


def test_a_component_that_is_gone_is_not_in_the_final_mixture() -> None:
    trace = simulated_trace()
    for values in (trace.means, trace.stds, trace.mixing_proportions):
        values[-1, 3] = np.nan
    data = components_data(trace)
    assert data.shares[3] == 0
    figure = draw_final_scatter(data)
    assert sum(shape.type == "rect" for shape in figure.layout.shapes) == 3
    assert draw_trajectories(data).data


def test_final_scatter_shows_every_sampled_weight() -> None:
    figure = draw_final_scatter(components_data(simulated_trace()))
    assert len(figure.data[0].x) == 200


def test_three_histograms_share_one_axis_of_weights() -> None:
    data = weight_histograms_data(simulated_trace())
    assert data.num_values[1:] == (3, 3)
    figure = draw_weight_histograms(data)
    assert [bars.name for bars in figure.data] == [
        "before the retraining",
        "after the retraining",
        "in the decoded file",
    ]
    assert {axis.type for axis in (figure.layout.yaxis, figure.layout.yaxis3)} == {"log"}


def test_images_lie_side_by_side_with_a_frame_around_each() -> None:
    data = filters_data(simulated_trace().filters[0])
    assert data.before.shape == (2 * 5 + 1, 2 * 7 + 1)
    assert np.isnan(data.before[0]).all()
    assert np.isnan(data.before[:, 7][:6]).all()
    assert (data.before[6:, 8:] == 0).all()  # no fourth filter, no frame
    first = simulated_trace().filters[0].before[0, 0]
    np.testing.assert_array_equal(data.before[1:5, 1:7], first.astype(np.float32))


def test_channels_of_a_filter_run_down_and_units_to_the_right() -> None:
    weights = np.arange(2 * 3 * 2 * 2, dtype=np.float16).reshape(2, 3, 2, 2)
    filters = Filters(
        layer="conv2.weight",
        is_convolution=True,
        num_units=2,
        num_living=2,
        units=np.array([0, 1]),
        before=weights,
        decoded=weights,
    )
    data = filters_data(filters)
    assert data.before.shape == (3 * 3 + 1, 2 * 3 + 1)
    assert data.before[1, 4] == weights[1, 0, 0, 0]
    assert data.before[4, 1] == weights[0, 1, 0, 0]
    assert not data.is_wide


def test_many_filters_of_few_channels_take_the_whole_width() -> None:
    weights = np.ones((50, 20, 5, 5), np.float16)
    filters = Filters(
        layer="conv2.weight",
        is_convolution=True,
        num_units=50,
        num_living=50,
        units=np.arange(50),
        before=weights,
        decoded=weights,
    )
    data = filters_data(filters)
    assert data.is_wide
    assert 380 < draw_filters_before(data).layout.height < 460


def test_both_pictures_of_a_layer_have_one_scale_and_size() -> None:
    data = filters_data(simulated_trace().filters[0])
    before, after = draw_filters_before(data, DARK), draw_filters_decoded(data, DARK)
    assert before.layout.height == after.layout.height
    assert before.data[0].source.startswith("data:image/png;base64,")
    assert before.data[0].source != draw_filters_before(data, LIGHT).data[0].source


def test_a_layer_without_living_units_says_so() -> None:
    (filters,) = simulated_trace().filters
    none = np.empty((0, 1, 4, 6), np.float16)
    dead = replace(filters, units=np.array([], int), before=none, decoded=none)
    figure = draw_filters_decoded(filters_data(dead))
    assert figure.data == ()
    assert "No unit of hidden1.weight still lives" in figure.layout.annotations[0].text
