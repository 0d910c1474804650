"""Linear regression: the score is the label."""

from __future__ import annotations

import math

import numpy as np

from accord_protocols.links.link import Labels, Vector
from accord_protocols.preparation.labels import scale_labels


class Linear:
    """See `accord_protocols.links.link.Link`."""

    name = "linear"
    curvature = 1.0
    quadratic = True
    headroom = 4
    range = math.inf

    def labels(self, y: Vector, weights: Vector, offset: Vector) -> Labels:
        """Centred, and divided by a power of two near their spread."""
        return Labels(*scale_labels(y))

    def start(self, y: Vector, weights: Vector, offset: Vector) -> float:
        """Zero: the labels are centred."""
        return 0.0

    def residual(self, u: Vector, y: Vector) -> Vector:
        """u - y."""
        return u - y

    def loss(self, u: Vector, y: Vector) -> Vector:
        """½(u - y)²."""
        return (u - y) * (u - y) * 0.5

    def unit(self, shift: int) -> float:
        """Of a square."""
        return math.ldexp(1.0, 2 * shift)

    def penalty(self, shift: int) -> float:
        """The same: weights and residuals scale alike."""
        return 1.0

    def weights(self, w: Vector, shift: int) -> Vector:
        """In the labels' unit."""
        return np.ldexp(w, shift)

    def intercept(self, value: float, center: float, shift: int) -> float:
        """In the labels' unit, and centred there."""
        return math.ldexp(value, shift) + center

    def predictions(self, u: Vector, center: float, shift: int) -> Vector:
        """In the labels' unit, and centred there."""
        return np.ldexp(u, shift) + center
