"""p-values, against scipy's distributions."""

import numpy as np
import pytest
from scipy import stats

from accord_protocols.evaluation.significance import p_value

RATIOS = [0.0, 1e-9, 0.01, 0.5, 1.0, 1.96, 2.0, 3.5, 3.54, 6.0, 12.0, 30.0]


@pytest.mark.parametrize("z", RATIOS)
def test_normal(z: float) -> None:
    assert p_value(z, 1.0) == pytest.approx(2 * stats.norm.sf(z), rel=1e-11, abs=1e-15)
    assert p_value(-2 * z, 2.0) == p_value(z, 1.0)


@pytest.mark.parametrize("freedom", [1, 2, 3, 10, 89, 1999, 2000, 2001, 5000, 24_000, 3_000_000])
def test_student(freedom: int) -> None:
    for t in RATIOS:
        assert p_value(t, 1.0, freedom) == pytest.approx(2 * stats.t.sf(t, freedom), rel=1e-8, abs=1e-14), t


def test_what_has_no_spread_has_no_p_value() -> None:
    assert p_value(1.0, 0.0) is p_value(1.0, float("nan")) is p_value(np.inf, 1.0) is p_value(1.0, 1.0, 0) is None
    assert p_value(1e200, 1.0) == 0.0
