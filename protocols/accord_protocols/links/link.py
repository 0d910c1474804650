"""What a family of generalised linear models is: scaled labels, residual and loss at a score, and the way back.

A training minimises (1/n) Σ v_i loss(u_i, y_i) + ½ λ·|w|² without the intercept, where v are row weights of mean 1.
Labels are brought to order 1 by an announced power of two beforehand, so that all parties can size their numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, repr=False)
class Labels:
    """Labels of TRAIN rows as they are trained on.

    Args:
        center: What was taken off, in the labels' unit.
        shift: By which power of two they were divided.
        y: ``(n,)`` scaled.
    """

    center: float
    shift: int
    y: Vector


class Link(Protocol):
    """One family, or another loss of it; an entry in `accord_protocols.links.registry.LINKS`.

    All scores u and labels y below are ``(n,)`` in the scaled unit.

    Attributes:
        name: Of the entry.
        curvature: Bound on, or typical size of, the loss's second derivative by the score: the whitened basis divides
            penalties by it, and step lengths follow from it.
        quadratic: Whether the gradient is affine, so that a step's best length is known without another evaluation.
        headroom: Bits that a residual may have beyond those of the largest label, before a step counts as too long.
        range: The largest \\|u\\| that training goes to, where the residual grows with e^u; else infinite.
    """

    name: str
    curvature: float
    quadratic: bool
    headroom: int
    range: float

    def labels(self, y: Vector, weights: Vector, offset: Vector) -> Labels:
        """Bring labels to order 1.

        Args:
            y: ``(n,)``, n >= 1, in their own unit.
            weights: ``(n,)`` of mean 1, or empty.
            offset: ``(n,)`` that is added to every score, or empty.
        """
        ...

    def start(self, y: Vector, weights: Vector, offset: Vector) -> float:
        """The intercept that training sets out from."""
        ...

    def residual(self, u: Vector, y: Vector) -> Vector:
        """The loss's derivative by the score."""
        ...

    def loss(self, u: Vector, y: Vector) -> Vector:
        """The loss of each row, up to a constant that the labels alone give."""
        ...

    def unit(self, shift: int) -> float:
        """What turns a loss of scaled labels into one of the labels."""
        ...

    def penalty(self, shift: int) -> float:
        """What turns a penalty on the labels' model into one on the model of scaled labels."""
        ...

    def weights(self, w: Vector, shift: int) -> Vector:
        """Coefficients of the labels' own unit."""
        ...

    def intercept(self, value: float, center: float, shift: int) -> float:
        """The same of the intercept, whose place in ``w`` it had."""
        ...

    def predictions(self, u: Vector, center: float, shift: int) -> Vector:
        """Expected labels, in their own unit."""
        ...
