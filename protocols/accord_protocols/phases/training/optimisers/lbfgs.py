"""L-BFGS without vectors: the label holder sees inner products only, and answers with coefficients.

Vector-free L-BFGS (Chen, Wang, Zhou, NIPS 2014) over the basis p_1..p_k, q_1..q_k, g of earlier directions, the changes
of the gradient along them, and the gradient. Where the gradient is affine, as in linear regression, the best step is
−g·p / p·q with q = g(w + p) − g(w), and the gradient there is g + step · q, without another evaluation; a pair (p, q)
serves as (s, y), since the update does not change when both are scaled alike.
"""

from __future__ import annotations

import math

from accord_protocols.phases.training.optimisers.gram import Gram
from accord_protocols.phases.training.optimisers.optimiser import Coefficients, Moves


class Lbfgs:
    """See `accord_protocols.phases.training.optimisers.optimiser.Optimiser`."""

    name = "lbfgs"
    memory = 10
    exact = True
    searches = True

    def layout(self, pairs: int, fresh: bool) -> list[tuple[str, str]]:
        """The newest pair and g with everything; and what the stopping rule needs."""
        rows = ["g"] if not fresh else [f"p{pairs - 1}", f"q{pairs - 1}", "g"]
        wanted = [(a, b) for k, a in enumerate(rows) for b in _basis(pairs) if b not in rows[:k]]
        original = [("Lg", "Lg")] if not fresh else [("Lg", "Lg"), ("Lg", "Lq"), ("Lq", "Lq")]
        return wanted + original

    def square(self, gram: Gram, step: float, fresh: bool) -> float:
        """By g and the newest q."""
        return gram("Lg", "Lg") + (step * (2 * gram("Lg", "Lq") + step * gram("Lq", "Lq")) if fresh else 0.0)

    def next(self, gram: Gram, pairs: int, moves: Moves, scale: float, *, slower: bool) -> Coefficients:
        """−H·g by the two-loop recursion, γ-scaled; at first −g, scaled."""
        return direction(gram, pairs) if pairs else (-scale,)

    def allowed(self, said: Coefficients, pairs: int, moves: Moves, scale: float) -> bool:
        """Anything but at first: the others know no inner products."""
        return bool(pairs) or said == (-scale,)


def _basis(pairs: int) -> list[str]:
    return [f"p{i}" for i in range(pairs)] + [f"q{i}" for i in range(pairs)] + ["g"]


def direction(gram: Gram, pairs: int) -> Coefficients:
    """Coefficients of −H·g over p.., q.., g (two-loop recursion, γ-scaled)."""
    basis = _basis(pairs)
    delta = dict.fromkeys(basis, 0.0)
    delta["g"] = -1.0

    def along(name: str) -> float:
        return math.fsum(value * gram(other, name) for other, value in delta.items() if value)

    alphas: list[float] = []
    for i in reversed(range(pairs)):
        alpha = along(f"p{i}") / gram(f"p{i}", f"q{i}")
        delta[f"q{i}"] -= alpha
        alphas.append(alpha)
    if pairs:
        scale = gram(f"p{pairs - 1}", f"q{pairs - 1}") / gram(f"q{pairs - 1}", f"q{pairs - 1}")
        delta = {name: value * scale for name, value in delta.items()}
    for i, alpha in zip(range(pairs), reversed(alphas), strict=True):
        beta = along(f"q{i}") / gram(f"p{i}", f"q{i}")
        delta[f"p{i}"] += alpha - beta
    return tuple(delta[name] for name in basis)
