"""What the parameters are worth, by an estimate that is computed here and held against published figures."""

from __future__ import annotations

import math

import numpy as np
import pytest

from accord_protocols.primitives.pir.gaussian import TAIL, gaussian
from accord_protocols.primitives.pir.layout import Layout
from accord_protocols.primitives.pir.parameters import DIMENSION, MODULUS_BITS, SIGMA, estimate
from accord_protocols.primitives.pir.question import margin
from accord_protocols.primitives.xof import Xof

TERNARY = math.sqrt(2 / 3)


def test_the_parameters_stand_above_128_bits() -> None:
    found = estimate(DIMENSION, MODULUS_BITS, SIGMA, SIGMA)
    assert found.bits == pytest.approx(146, abs=1)
    assert found.samples < 3 * DIMENSION, "an attacker has more samples than help it"


@pytest.mark.parametrize(
    ("dimension", "modulus", "error", "bits"),
    [
        (512, 3329, math.sqrt(1.5), 118),  # Kyber, round 3 of the NIST process, table 4: classical core-SVP
        (768, 3329, 1.0, 183),
        (1024, 3329, 1.0, 256),
        (512, 12289, 2.0, 112),  # NewHope, round 2 of the same, section 4.2
    ],
)
def test_the_estimate_is_that_of_others(dimension: int, modulus: int, error: float, bits: float) -> None:
    assert estimate(dimension, math.log2(modulus), error, error).bits == pytest.approx(bits, rel=0.015)


def test_a_ternary_secret_would_cost_18_bits() -> None:
    assert estimate(DIMENSION, MODULUS_BITS, SIGMA, TERNARY).bits == pytest.approx(128, abs=1)


def test_numbers_are_gaussian() -> None:
    drawn = gaussian(200_000, Xof(bytes(32), "gaussian"))
    assert abs(drawn.mean()) < 4 * SIGMA / math.sqrt(len(drawn))
    assert drawn.std() == pytest.approx(SIGMA, rel=0.01)
    assert np.abs(drawn).max() <= TAIL
    weights = np.exp(-(np.arange(-TAIL, TAIL + 1) ** 2) / (2 * SIGMA**2))
    expected = weights / weights.sum() * len(drawn)
    counted = np.bincount(drawn + TAIL, minlength=2 * TAIL + 1)
    frequent = expected > 50
    square = ((counted - expected) ** 2 / expected)[frequent].sum()
    assert square < frequent.sum() + 5 * math.sqrt(2 * frequent.sum())


@pytest.mark.parametrize("keys", [1, 100, 20_000, 100_000, 1_000_000, 7_000_000])
def test_an_error_never_turns_a_byte(keys: int) -> None:
    """Thirty standard deviations: below 2^-650 a byte."""
    assert margin(Layout.of(keys, 256, 512 * 1024)) > 30
