"""Own exp, log and their like: close to the true ones, and the same bits on every processor."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from decimal import Decimal, getcontext

import numpy as np
import pytest

from accord_protocols.primitives.elementary import exp, log, log1p, logistic, softplus

getcontext().prec = 50
RNG = np.random.default_rng(5)
WIDE = np.concatenate([RNG.normal(0, 30, 300), RNG.normal(0, 1e-3, 100), [0.0, -0.0, 1.0, -1.0, 700.0, -700.0]])
ABOVE = np.concatenate([np.exp(RNG.normal(0, 30, 300)), [1.0, 2.0, 0.5, 1 + 2**-52, 1 - 2**-53]])


def apart(found: float, true: Decimal) -> float:
    """In units of the last place."""
    return float(abs(Decimal(found) - true) / Decimal(float(np.spacing(abs(float(true))))))


@pytest.mark.parametrize(
    ("function", "values", "true"),
    [
        (exp, WIDE, lambda x: x.exp()),
        (log, ABOVE, lambda x: x.ln()),
        (log1p, RNG.uniform(0, 1, 300), lambda x: (1 + x).ln()),
        (logistic, WIDE, lambda x: 1 / (1 + (-x).exp())),
        (softplus, WIDE, lambda x: (1 + x.exp()).ln()),
    ],
)
def test_to_the_last_places(
    function: Callable[[np.ndarray], np.ndarray], values: np.ndarray, true: Callable[[Decimal], Decimal]
) -> None:
    pairs = [(found, true(Decimal(x))) for x, found in zip(values.tolist(), function(values).tolist(), strict=True)]
    assert max(apart(found, exact) for found, exact in pairs if exact and float(exact)) < 4


def test_the_same_bits() -> None:
    """Recorded on a processor with AVX-512; `tests/histories` runs elsewhere."""
    grid = np.linspace(-40, 40, 4001)
    bits = b"".join(f(grid).astype("<f8").tobytes() for f in (exp, logistic, softplus))
    bits += log(exp(grid)).astype("<f8").tobytes() + log1p(np.linspace(0, 1, 1001)).astype("<f8").tobytes()
    assert hashlib.sha256(bits).hexdigest() == "9a5cd9887769c88020ccdcbed58a1e54274090df4c9aafdce4e4dd65ab078ff1"


def test_ends_of_the_range() -> None:
    assert exp(np.array([-1e300, -np.inf])).max() < 1e-300
    assert logistic(np.array([1e300, -1e300])).tolist()[0] == 1.0
    for function, value in ((exp, 710.0), (exp, np.nan), (log, 0.0), (log, -1.0), (log, np.nan), (log, np.inf)):
        with pytest.raises((OverflowError, ValueError)):
            function(np.array([value]))
