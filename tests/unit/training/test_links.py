"""Families of models: residuals are the losses' derivatives, scaling changes nothing, and scikit-learn agrees."""

from __future__ import annotations

import numpy as np
import pytest

from accord_protocols.links.link import Link
from accord_protocols.links.registry import LINKS
from accord_schemas.errors import UsageError

RNG = np.random.default_rng(2)
LABELS = {
    "linear": RNG.normal(90, 7, 50),
    "logistic": RNG.integers(0, 2, 50).astype(np.float64),
    "poisson": RNG.poisson(40, 50).astype(np.float64),
}
LABELS["tangent"] = LABELS["logistic"]
NONE = np.zeros(0)


@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)
def test_a_residual_is_the_derivative_of_the_loss(link: Link) -> None:
    u, y, h = RNG.normal(size=50), link.labels(LABELS[link.name], NONE, NONE).y, 1e-5
    slope = (link.loss(u + h, y) - link.loss(u - h, y)) / (2 * h)
    np.testing.assert_allclose(link.residual(u, y), slope, atol=1e-8)


@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)
def test_a_scaled_model_is_one_of_the_labels(link: Link) -> None:
    """Σ residuals at the start is 0 for a model of the intercept alone, and predictions are the labels' mean then."""
    labels = link.labels(LABELS[link.name], NONE, NONE)
    start = link.start(labels.y, NONE, NONE)
    if link.name == "poisson":
        assert abs(link.residual(np.full(50, start), labels.y).mean()) < 1e-12 and abs(start) < 0.35
        rate = np.exp(link.intercept(start, labels.center, labels.shift))
        np.testing.assert_allclose(rate, LABELS["poisson"].mean(), rtol=1e-12)
        predicted = link.predictions(np.array([start]), labels.center, labels.shift)
        np.testing.assert_allclose(predicted, rate, rtol=1e-12)
    else:
        assert start == 0.0


def test_exposures_and_weights_make_a_rate() -> None:
    link, counts = LINKS["poisson"], LABELS["poisson"]
    offset, weights = np.log(RNG.uniform(1, 9, 50)), RNG.uniform(0.5, 1.5, 50)
    labels = link.labels(counts, weights, offset)
    start = link.intercept(link.start(labels.y, weights, offset), labels.center, labels.shift)
    np.testing.assert_allclose(np.exp(start), (weights * counts).sum() / (weights * np.exp(offset)).sum())


@pytest.mark.parametrize("counts", [np.zeros(5), np.zeros(0)])
def test_nothing_to_count(counts: np.ndarray) -> None:
    with pytest.raises(UsageError):
        LINKS["poisson"].labels(counts, NONE, NONE)
