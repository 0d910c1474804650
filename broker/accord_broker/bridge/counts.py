"""What a bridge has done since it started, by direction and family."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

SIDES = ("A", "B")
CARRIED, REFUSED, LEFT_OUT = "carried", "refused", "left out"
"""Besides the verdicts of `accord_broker.bridge.state`: no frame, and of a family that is not carried."""


@dataclass(frozen=True, slots=True)
class Tally:
    """One direction's counts.

    Args:
        direction: ``A > B`` or ``B > A``.
        carried: Records by family.
        others: Records that were not carried, by reason.
    """

    direction: str
    carried: dict[str, int]
    others: dict[str, int]

    def __str__(self) -> str:
        parts = (self.carried, self.others)
        texts = [", ".join(f"{n} {name}" for name, n in part.items()) for part in parts]
        return f"{self.direction}: {texts[0] or 'nothing carried'}" + (f"; {texts[1]}" if texts[1] else "")


class Counts:
    """Counters."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[int, str, str]] = Counter()

    def add(self, side: int, family: str, what: str) -> None:
        """One record that was read at a side."""
        self._counts[side, family, what] += 1

    def lines(self) -> Iterator[Tally]:
        """Both directions."""
        for side in (0, 1):
            carried: Counter[str] = Counter()
            others: Counter[str] = Counter()
            for (read, family, what), count in sorted(self._counts.items()):
                if read == side:
                    (carried if what == CARRIED else others)[family if what == CARRIED else what] += count
            yield Tally(f"{SIDES[side]} > {SIDES[1 - side]}", dict(carried), dict(others))
