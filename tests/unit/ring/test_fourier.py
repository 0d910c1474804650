"""Series of the logistic and the exponential function: how close they are, and that they are the same everywhere."""

import hashlib
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from accord_protocols.primitives.fourier import (
    PERIODS,
    TABLE_BITS,
    TURNS,
    Series,
    circle,
    exponential,
    logistic_loss,
    sigmoid,
    table,
)
from accord_protocols.primitives.ring import Ring
from accord_protocols.primitives.xof import Xof

Floats = NDArray[np.float64]


def errors(series: Series, low: float, high: float, exact: Callable[[Floats], Floats]) -> float:
    u = np.linspace(low, high, 4001)
    return float(np.abs(series.at(u) - exact(u)).max())


def logistic(u: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-u)))


@pytest.mark.parametrize("period", PERIODS)
def test_the_logistic_function_is_as_close_as_it_says(period: int) -> None:
    series = sigmoid(period)
    assert series.terms == TURNS[period][1] < period // 2 and series.high == -series.low == 13 * period // 32
    slope = lambda u: logistic(u) * logistic(-u)  # noqa: E731
    assert errors(series, series.low, series.high, logistic) < 5e-5
    assert errors(series.derivative(), series.low, series.high, slope) < 2e-4
    loss = lambda u: np.logaddexp(0, u) - u / 2  # noqa: E731
    assert errors(logistic_loss(period), series.low, series.high, loss) < 3e-5


def test_the_exponential_function_is_as_close_as_it_says() -> None:
    series = exponential()
    assert errors(series, series.low, series.high, np.exp) < 6e-4


def test_coefficients_are_those_of_least_squares() -> None:
    series = sigmoid(32)
    grid = np.arange(-13 * 8, 13 * 8 + 1) / 8
    waves = np.sin(2 * np.pi / 45 * np.outer(grid, np.arange(1, 22, 2)))
    ridge = 1e-9 * len(grid) * np.eye(11)
    expected = np.linalg.solve(waves.T @ waves + ridge, waves.T @ (logistic(grid) - 0.5))
    np.testing.assert_allclose(series.sin, expected, atol=1e-9)
    assert not series.cos.any()


def test_coefficients_and_waves_have_the_same_bits_everywhere() -> None:
    phases = Xof(bytes(32), "phases").words(512) >> np.uint64(16)
    series = sigmoid(64)
    parts = [series.sin, series.derivative().cos, logistic_loss(64).cos, exponential().cos, exponential().sin]
    parts += [series.factors(phases), series.spokes(phases)]
    found = hashlib.sha256(b"".join(part.astype("<f8").tobytes() for part in parts)).hexdigest()
    assert found == "00b7ea13600d72b9e1cf7f3a08222a2c8dd7c46277437a67aa5b8ff5b8e5bea2"


def test_the_circle_is_exact_to_the_last_bits() -> None:
    phases = np.append(Xof(bytes(32), "phases").words(20_000) >> np.uint64(34), np.arange(9, dtype=np.uint64) << 27)
    phases &= np.uint64((1 << 30) - 1)
    cos, sin = circle(phases, 30)
    angles = 2 * np.pi * phases / 2.0**30
    assert max(np.abs(cos - np.cos(angles)).max(), np.abs(sin - np.sin(angles)).max()) < 2.0**-50


def test_a_sum_of_shares_is_multiplied_out() -> None:
    """Whatever the shares are, products of the two sides' tables add up to the function of the sum."""
    ring, u = Ring(128), np.linspace(-5, 3, 301)
    first = ring.random(Xof(bytes(32), "share"), len(u))
    second = ring.sub(ring.from_fixed(u, 24), first)
    for series, bound in ((sigmoid(16).derivative(), 1e-3), (exponential(), 2e-3)):
        one = table(series.factors(series.phases(first)), TABLE_BITS)
        other = table(series.spokes(series.phases(second)), TABLE_BITS)
        assert np.abs(other).max() <= 1 << TABLE_BITS
        total = (one * other).sum(axis=1) * 2.0 ** (-2 * TABLE_BITS) + series.constant
        assert np.abs(total - series.at(u)).max() < bound


def test_only_the_agreed_periods_have_a_series() -> None:
    with pytest.raises(ValueError, match="a period is one of 16, 32, 64, 128, 256, not 48"):
        sigmoid(48)
