"""Fixed point and the label's scale."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from accord_protocols.preparation.fixed import quantise
from accord_protocols.preparation.labels import scale_labels
from accord_protocols.preparation.whiten import bound
from accord_schemas.errors import ProtocolError, UsageError


@given(arrays(np.float64, (4, 3), elements=st.floats(-4096, 4096)), st.integers(0, 40))
def test_quantised_values_are_within_half_a_unit_and_the_announced_bound(X: np.ndarray, bits: int) -> None:
    fixed = quantise(X, bits, bound(X))
    assert fixed.dtype == np.int64 and fixed.shape == X.shape
    assert (np.abs(fixed / 2.0**bits - X) <= 0.5 / 2.0**bits + 1e-12).all()


def test_quantised_values_of_the_default_precision() -> None:
    assert quantise(np.array([[1.0, -0.5, 32.0, 2.0**-17, 3 * 2.0**-17]])).tolist() == [[65536, -32768, 2**21, 0, 2]]


@pytest.mark.parametrize(
    ("value", "exponent"), [(32.001, 5), (-1.1, 0), (4096.5, 12), (1e300, 12), (np.nan, 12), (np.inf, 12)]
)
def test_values_beyond_the_bound_end_the_job_without_saying_which(value: float, exponent: int) -> None:
    with pytest.raises(ProtocolError) as error:
        quantise(np.array([[0.0, value]]), exponent=exponent)
    assert str(error.value) == "a value is out of range"


@pytest.mark.parametrize(("bits", "exponent"), [(41, 5), (-1, 5), (16, 13), (16, -1)])
def test_unknown_formats_are_refused(bits: int, exponent: int) -> None:
    with pytest.raises(ValueError, match="out of range"):
        quantise(np.zeros((1, 1)), bits, exponent)


@given(st.lists(st.floats(-1e100, 1e100), min_size=1, max_size=30))
def test_scaled_labels_are_of_order_one_and_go_back(labels: list[float]) -> None:
    y = np.array(labels)
    center, shift, scaled = scale_labels(y)
    assert np.abs(scaled).max() <= 1 + np.sqrt(len(y))  # mean within a half, and nobody is off by more than σ √n
    np.testing.assert_allclose(np.ldexp(scaled, shift) + center, y, rtol=1e-12, atol=1e-12 * np.abs(y).max())


@pytest.mark.parametrize(("mean", "spread"), [(0, 1), (152, 77), (1e6, 3e-3), (-4e9, 1e9), (1e-7, 1e-9)])
def test_spread_and_mean_of_scaled_labels(mean: float, spread: float) -> None:
    y = mean + spread * np.random.default_rng(0).normal(size=1000)
    center, shift, scaled = scale_labels(y)
    assert 0.5 <= scaled.std() < 1 and abs(scaled.mean()) <= 0.5 + 1e-9
    assert (center / 2.0**shift).is_integer()
    np.testing.assert_array_equal(scaled * 2.0**shift, y - center)


@pytest.mark.parametrize("value", [0.0, 0.1, -0.1, 7.0, 1e100, -1e-100])
def test_constant_labels(value: float) -> None:
    center, shift, scaled = scale_labels(np.full(7, value))
    assert np.abs(scaled).max() <= 0.5 and np.ldexp(scaled, shift) + center == pytest.approx(value)


def test_no_labels() -> None:
    with pytest.raises(UsageError, match="no TRAIN row"):
        scale_labels(np.empty(0))
