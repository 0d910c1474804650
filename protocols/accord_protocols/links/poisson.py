"""Poisson regression of counts, by a logarithmic link, with an exposure if there is one."""

from __future__ import annotations

import math

import numpy as np

from accord_protocols.links.link import Labels, Vector
from accord_protocols.primitives.elementary import LOG2, exp, log
from accord_schemas.errors import UsageError


class Poisson:
    """See `accord_protocols.links.link.Link`.

    Counts are divided by a power of two near their mean (near the mean rate, where there are exposures), which takes as
    many times log 2 off the intercept: then the score of an average row is about 0 in every training.
    """

    name = "poisson"
    curvature = 1.0
    quadratic = False
    headroom = 4
    range = 16.0

    def labels(self, y: Vector, weights: Vector, offset: Vector) -> Labels:
        """Divided by a power of two: their mean rate is within 1 and √2 of 1.

        Raises:
            UsageError: There is no row, or no count above 0.
        """
        if not len(y):
            raise UsageError("there is no TRAIN row.", hint="Align more users or test on fewer.")
        if not y.any():
            raise UsageError("every label of a TRAIN row is 0.", hint="A Poisson model needs counts above 0.")
        shift = round(_rate(y, weights, offset) / LOG2)
        return Labels(0.0, shift, np.ldexp(y, -shift))

    def start(self, y: Vector, weights: Vector, offset: Vector) -> float:
        """The logarithm of the mean rate: the best model without features."""
        return _rate(y, weights, offset)

    def residual(self, u: Vector, y: Vector) -> Vector:
        """e^u - y."""
        return exp(u) - y

    def loss(self, u: Vector, y: Vector) -> Vector:
        """e^u - yu."""
        return exp(u) - y * u

    def unit(self, shift: int) -> float:
        """Of the labels."""
        return math.ldexp(1.0, shift)

    def penalty(self, shift: int) -> float:
        """Divided as the loss is; weights do not scale."""
        return math.ldexp(1.0, -shift)

    def weights(self, w: Vector, shift: int) -> Vector:
        """As they are."""
        return w

    def intercept(self, value: float, center: float, shift: int) -> float:
        """Of the labels' own unit."""
        return value + shift * LOG2

    def predictions(self, u: Vector, center: float, shift: int) -> Vector:
        """The expected count."""
        return np.ldexp(exp(u), shift)


def _rate(y: Vector, weights: Vector, offset: Vector) -> float:
    """log(Σ v y / Σ v e^offset), from correctly rounded sums."""
    ones = np.ones(len(y))
    v, exposure = weights if len(weights) else ones, exp(offset) if len(offset) else ones
    events, exposed = math.fsum((v * y).tolist()), math.fsum((v * exposure).tolist())
    return float(log(np.array([events / exposed]))[0])
