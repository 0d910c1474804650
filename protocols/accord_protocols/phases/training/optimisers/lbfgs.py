"""L-BFGS without vectors: the label holder sees inner products only, and answers with coefficients.

Vector-free L-BFGS (Chen, Wang, Zhou, NIPS 2014) over the basis p_1..p_k, q_1..q_k, g of earlier directions, their
images under the Hessian, and the gradient. The objective of linear regression is quadratic, so that the gradient
along a direction is affine: with q = g(w + p) − g(w) the best step is −g·p / p·q, and the gradient there is g + step
· q, without another evaluation. A pair (p, q) serves as (s, y): the update does not change when both are scaled
alike.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

MEMORY = 10
"""Pairs of a direction and its image that are remembered."""


def layout(pairs: int, fresh: bool) -> list[tuple[str, str]]:
    """Which inner products a party sums for the label holder, in order.

    Vectors are p0.., q0.. and g; Lq and Lg are the newest q and g in the original basis, for the stopping rule.

    Args:
        pairs: Pairs in memory, the newest last.
        fresh: Whether the newest pair was made in this round.
    """
    basis = [f"p{i}" for i in range(pairs)] + [f"q{i}" for i in range(pairs)] + ["g"]
    rows = ["g"] if not fresh else [f"p{pairs - 1}", f"q{pairs - 1}", "g"]
    wanted = [(a, b) for k, a in enumerate(rows) for b in basis if b not in rows[:k]]
    original = [("Lg", "Lg")] if not fresh else [("Lg", "Lg"), ("Lg", "Lq"), ("Lq", "Lq")]
    return wanted + original


class Gram:
    """The inner products that the label holder knows, by unordered pair of names; immutable."""

    def __init__(self, known: Mapping[tuple[str, str], float]) -> None:
        self._known = {(min(pair), max(pair)): value for pair, value in known.items()}

    def __call__(self, a: str, b: str) -> float:
        """a·b."""
        return self._known[min(a, b), max(a, b)]

    def extended(self, wanted: list[tuple[str, str]], values: list[float]) -> Gram:
        """With new sums, which replace older ones."""
        fresh = {(min(pair), max(pair)): value for pair, value in zip(wanted, values, strict=True)}
        return Gram(self._known | fresh)

    def moved(self, pairs: int, step: float) -> Gram:
        """After g became g + step · q of the newest pair."""
        q = f"q{pairs - 1}"
        known = {("g", b): self("g", b) + step * self(q, b) for i in range(pairs) for b in (f"p{i}", f"q{i}")}
        known["g", "g"] = max(self("g", "g") + step * (2 * self("g", q) + step * self(q, q)), 0.0)
        return Gram(self._known | known)

    def shifted(self, pairs: int) -> Gram:
        """After the oldest pair was forgotten and the others moved down by one."""
        names = {f"{v}{i}": f"{v}{i - 1}" for v in "pq" for i in range(1, pairs)} | {"g": "g"}
        return Gram({(names[a], names[b]): v for (a, b), v in self._known.items() if a in names and b in names})


def direction(gram: Gram, pairs: int) -> tuple[float, ...]:
    """Coefficients of −H·g over p.., q.., g (two-loop recursion, γ-scaled)."""
    basis = [f"p{i}" for i in range(pairs)] + [f"q{i}" for i in range(pairs)] + ["g"]
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
