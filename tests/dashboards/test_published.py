"""The published rows are the paper's Table 1, digit for digit."""

import pytest

from dashboards.published import (
    HAN_ACCOUNTING,
    PUBLISHED,
    network_title,
    published_for,
    published_otherwise,
)

# Model, method, error before and after in per cent, share of non-zero weights in per cent, rate.
TABLE_1 = [
    ("lenet_300_100", "Han et al. 2015a", 1.64, 1.58, 8.0, 40),
    ("lenet_300_100", "Guo et al. 2016", 2.28, 1.99, 1.8, 56),
    ("lenet_300_100", "Ullrich et al. 2017", 1.89, 1.94, 4.3, 64),
    ("lenet_5_caffe", "Han et al. 2015a", 0.80, 0.74, 8.0, 39),
    ("lenet_5_caffe", "Guo et al. 2016", 0.91, 0.91, 0.9, 108),
    ("lenet_5_caffe", "Ullrich et al. 2017", 0.88, 0.97, 0.5, 162),
    ("wrn_16_4", "Ullrich et al. 2017", 6.48, 8.50, 6.6, 45),
]


def test_rows_equal_the_papers_table() -> None:
    rows = [
        (
            point.network,
            point.authors,
            pytest.approx(100 * point.error_before),
            pytest.approx(100 * point.error_after),
            pytest.approx(100 * point.nonzero_fraction),
            point.compression_rate,
        )
        for point in PUBLISHED
    ]
    assert rows == TABLE_1


def test_loss_is_after_minus_before_where_the_paper_slips_in_sign() -> None:
    han, guo, ullrich = (100 * point.accuracy_loss for point in published_for("lenet_300_100"))
    assert (han, guo, ullrich) == pytest.approx((-0.06, -0.29, 0.05))


def test_every_row_states_its_accounting_and_source() -> None:
    assert {point.accounting for point in PUBLISHED} == {HAN_ACCOUNTING}
    assert all("Table 1" in point.source for point in PUBLISHED)


@pytest.mark.parametrize(
    ("network", "errors", "rate"),
    [("lenet_300_100", (1.64, 1.92), 68), ("lenet_5_caffe", (0.80, 0.75), 280)],
)
def test_results_in_another_accounting_stand_apart_and_say_so(network, errors, rate) -> None:
    (point,) = published_otherwise(network)
    assert (100 * point.error_before, 100 * point.error_after) == pytest.approx(errors)
    assert point.compression_rate == pytest.approx(1 / point.nonzero_fraction) == rate
    assert point.accounting != HAN_ACCOUNTING
    assert point not in published_for(network)


def test_a_network_without_published_results_has_none() -> None:
    assert published_for("somebodys_own") == ()
    assert network_title("somebodys_own") == "somebodys_own"
