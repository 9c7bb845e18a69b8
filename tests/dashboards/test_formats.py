"""Numbers as people read them."""

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest

from dashboards import formats


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (formats.percent(0.0189), "1.89\N{NO-BREAK SPACE}%"),
        (formats.percent(None), "\N{EN DASH}"),
        (formats.percent(math.nan), "\N{EN DASH}"),
        (formats.points(0.0005), "+0.05"),
        (formats.points(-0.0029), "\N{MINUS SIGN}0.29"),
        (formats.points(0.0), "0.00"),
        (formats.points(-1e-9), "0.00"),
        (formats.rate(182.34), "182\N{MULTIPLICATION SIGN}"),
        (formats.rate(99.96), "100\N{MULTIPLICATION SIGN}"),
        (formats.rate(12.34), "12.3\N{MULTIPLICATION SIGN}"),
        (formats.rate(1948.2), "1,948\N{MULTIPLICATION SIGN}"),
        (formats.num_bytes(5860), "5,860\N{NO-BREAK SPACE}B"),
        (formats.duration(43.2), "43\N{NO-BREAK SPACE}s"),
        (formats.duration(65), "1\N{NO-BREAK SPACE}min 05\N{NO-BREAK SPACE}s"),
        (formats.duration(7380), "2\N{NO-BREAK SPACE}h 03\N{NO-BREAK SPACE}min"),
        (formats.value(1e-5), "1e\N{MINUS SIGN}05"),
        (formats.value(0.123456), "0.1235"),
        (formats.value(False), "False"),
        (formats.value(17), "17"),
    ],
)
def test_number_is_written(written: str, expected: str) -> None:
    assert written == expected


def test_moment_is_utc() -> None:
    time = datetime(2026, 3, 1, 9, 30, tzinfo=timezone(timedelta(hours=2)))
    assert formats.moment(time) == "2026-03-01 07:30 UTC"
    assert formats.moment(time.astimezone(UTC)) == formats.moment(time)
