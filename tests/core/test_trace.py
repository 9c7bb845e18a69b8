"""A trace is read back as it was written, or refused in one line."""

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DataError
from core.trace import MAX_BYTES, MAX_UNPACKED_BYTES, Filters, Trace


def small_trace() -> Trace:
    filters = Filters(
        layer="conv1.weight",
        is_convolution=True,
        num_units=4,
        num_living=3,
        units=np.array([0, 2]),
        before=np.ones((2, 1, 3, 3), np.float16),
        decoded=np.zeros((2, 1, 3, 3), np.float16),
    )
    return Trace(
        means=np.array([[0, 0.5], [0, np.nan]], np.float32),
        stds=np.array([[0.2, 0.1], [0.1, np.nan]], np.float32),
        mixing_proportions=np.array([[0.9, 0.1], [1, np.nan]], np.float32),
        layers=("conv1.weight", "ausgänge.weight"),
        num_weights=np.array([36, 10]),
        num_nonzeros=np.array([9, 0]),
        sample_layers=np.array([0, 1, 1], np.uint16),
        sample_before=np.array([0.5, -0.25, 0.125], np.float16),
        sample_after=np.array([0.5, 0, 0], np.float16),
        sample_decoded=np.array([0.5, 0, 0], np.float16),
        bin_edges=np.linspace(-1, 1, 4, dtype=np.float32),
        counts=np.array([[3, 40, 3], [1, 44, 1], [0, 45, 1]]),
        filters=(filters,),
    )


def test_a_trace_is_read_back_as_it_was_written() -> None:
    trace = small_trace()
    back = Trace.from_bytes(trace.to_bytes())
    assert back.layers == trace.layers
    assert back.num_epochs == 1
    for name in ("means", "stds", "mixing_proportions", "num_weights", "num_nonzeros", "counts"):
        np.testing.assert_array_equal(getattr(back, name), getattr(trace, name))
    for name in ("sample_layers", "sample_before", "sample_after", "sample_decoded", "bin_edges"):
        np.testing.assert_array_equal(getattr(back, name), getattr(trace, name))
    (filters,) = back.filters
    assert (filters.layer, list(filters.units)) == ("conv1.weight", [0, 2])
    assert (filters.is_convolution, filters.num_units, filters.num_living) == (True, 4, 3)
    np.testing.assert_array_equal(filters.before, trace.filters[0].before)
    np.testing.assert_array_equal(filters.decoded, trace.filters[0].decoded)


@given(st.data())
def test_damage_is_refused_in_one_line(data: st.DataObject) -> None:
    content = bytearray(small_trace().to_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content[place] ^= data.draw(st.integers(1, 255))
    else:
        del content[place:]
    with pytest.raises(DataError, match=r"^the trace of a compression cannot be read: [^\n]*$"):
        Trace.from_bytes(bytes(content))


@given(st.binary(max_size=200))
def test_other_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(DataError):
        Trace.from_bytes(content)
    with pytest.raises(DataError):
        Trace.from_bytes(zlib.compress(content))


@pytest.mark.parametrize(
    "content", [bytes(MAX_BYTES + 1), zlib.compress(bytes(MAX_UNPACKED_BYTES + 1))]
)
def test_no_more_is_unpacked_than_a_trace_may_take(content: bytes) -> None:
    with pytest.raises(DataError, match=r"more than"):
        Trace.from_bytes(content)


def test_arrays_that_do_not_belong_together_are_refused() -> None:
    trace = small_trace()
    object.__setattr__(trace, "sample_layers", np.array([0, 1, 2], np.uint16))
    with pytest.raises(DataError, match="a sampled weight is of no layer"):
        Trace.from_bytes(trace.to_bytes())
    object.__setattr__(trace, "sample_layers", np.array([0, 1], np.uint16))
    with pytest.raises(DataError, match="do not have one shape"):
        Trace.from_bytes(trace.to_bytes())
