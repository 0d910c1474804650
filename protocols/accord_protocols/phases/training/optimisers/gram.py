"""What the label holder knows of everybody's vectors: sums of inner products."""

from __future__ import annotations

from collections.abc import Mapping


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
        """After g became g + step · q of the newest pair, as far as that is known."""
        q, known = f"q{pairs - 1}", dict[tuple[str, str], float]()
        for i in range(pairs):
            for b in (f"p{i}", f"q{i}"):
                if self._knows(("g", b), (q, b)):
                    known["g", b] = self("g", b) + step * self(q, b)
        if self._knows(("g", "g"), ("g", q), (q, q)):
            known["g", "g"] = max(self("g", "g") + step * (2 * self("g", q) + step * self(q, q)), 0.0)
        return Gram(self._known | known)

    def _knows(self, *pairs: tuple[str, str]) -> bool:
        return all((min(pair), max(pair)) in self._known for pair in pairs)

    def shifted(self, pairs: int) -> Gram:
        """After the oldest pair was forgotten and the others moved down by one."""
        names = {f"{v}{i}": f"{v}{i - 1}" for v in "pq" for i in range(1, pairs)} | {"g": "g"}
        return Gram({(names[a], names[b]): v for (a, b), v in self._known.items() if a in names and b in names})
