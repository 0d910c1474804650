"""Gradient descent: whole steps, by the bound on the Hessian; halved where there is none that holds."""

from __future__ import annotations

from accord_protocols.phases.training.optimisers.gram import Gram
from accord_protocols.phases.training.optimisers.optimiser import Coefficients, Moves


class GradientDescent:
    """See `accord_protocols.phases.training.optimisers.optimiser.Optimiser`."""

    name = "gd"
    memory = 1
    exact = False
    searches = True

    def layout(self, pairs: int, fresh: bool) -> list[tuple[str, str]]:
        """Slopes at both ends of the step; and what the stopping rule needs."""
        if not fresh:
            return [("Lg", "Lg")]
        return [("g", "p0"), ("p0", "q0"), ("Lg", "Lg"), ("Lg", "Lq"), ("Lq", "Lq")]

    def square(self, gram: Gram, step: float, fresh: bool) -> float:
        """By g and the newest q."""
        return gram("Lg", "Lg") + (step * (2 * gram("Lg", "Lq") + step * gram("Lq", "Lq")) if fresh else 0.0)

    def next(self, gram: Gram, pairs: int, moves: Moves, scale: float, *, slower: bool) -> Coefficients:
        """−g, scaled."""
        return (*[0.0] * (2 * pairs), -scale)

    def allowed(self, said: Coefficients, pairs: int, moves: Moves, scale: float) -> bool:
        """That alone."""
        return said == (*[0.0] * (2 * pairs), -scale)
