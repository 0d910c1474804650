"""Logistic regression of labels 0 and 1."""

from __future__ import annotations

import math

from accord_protocols.links.link import Labels, Vector
from accord_protocols.primitives.elementary import logistic, softplus

TYPICAL = 0.1
"""Size of the second derivative over the rows of a model that tells them apart: a quarter is that of an even guess."""


class Logistic:
    """See `accord_protocols.links.link.Link`."""

    name = "logistic"
    curvature = 0.25
    quadratic = False
    headroom = 1
    range = math.inf

    def labels(self, y: Vector, weights: Vector, offset: Vector) -> Labels:
        """As they are."""
        return Labels(0.0, 0, y)

    def start(self, y: Vector, weights: Vector, offset: Vector) -> float:
        """Zero: one step of the whitened basis does what log-odds would."""
        return 0.0

    def residual(self, u: Vector, y: Vector) -> Vector:
        """1/(1 + e^-u) - y."""
        return logistic(u) - y

    def loss(self, u: Vector, y: Vector) -> Vector:
        """log(1 + e^u) - yu."""
        return softplus(u) - y * u

    def unit(self, shift: int) -> float:
        """None."""
        return 1.0

    def penalty(self, shift: int) -> float:
        """The same."""
        return 1.0

    def weights(self, w: Vector, shift: int) -> Vector:
        """As they are."""
        return w

    def intercept(self, value: float, center: float, shift: int) -> float:
        """As it is."""
        return value

    def predictions(self, u: Vector, center: float, shift: int) -> Vector:
        """The probability of a label 1."""
        return logistic(u)
