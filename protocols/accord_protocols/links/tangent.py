"""Logistic regression by the tangent of its residual at 0: what two parties can share without products of shares.

σ(u) − y becomes ¼u + ½ − y, that is ¼(u − (4y − 2)): linear regression of labels −2 and 2, the loss and with it every
penalty divided by ¼ (the first-order approximation of SecureML and of FATE's and SecretFlow's two-party regressions).
Coefficients differ from those of logistic regression by 0.2 to 1.6 on common data.
"""

from __future__ import annotations

from accord_protocols.links.link import Labels, Vector
from accord_protocols.links.logistic import Logistic


class Tangent(Logistic):
    """See `accord_protocols.links.link.Link`."""

    name = "tangent"
    curvature = 1.0
    quadratic = True
    headroom = 4

    def labels(self, y: Vector, weights: Vector, offset: Vector) -> Labels:
        """−2 and 2."""
        return Labels(0.0, 0, 4.0 * y - 2.0)

    def residual(self, u: Vector, y: Vector) -> Vector:
        """u - y."""
        return u - y

    def loss(self, u: Vector, y: Vector) -> Vector:
        """½(u - y)²."""
        return (u - y) * (u - y) * 0.5

    def unit(self, shift: int) -> float:
        """A quarter."""
        return 0.25

    def penalty(self, shift: int) -> float:
        """As much larger as the loss is."""
        return 4.0
