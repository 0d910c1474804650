"""What time it surely is, for a decision that cannot be taken back: one clock that jumps must not decide it.

An agent looks at its clock now and then and keeps, durably, how far the clock was ahead of the time that the agent has
run altogether. Time then counts as the *least* that the looks of the last days of running say. A clock that was put
forward, or a machine that was away, is believed once it has held for so long; one that was put back, at once.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Self

HOUR = 3600.0
SETTLED = 3 * 24 * HOUR
"""Seconds of running for which a clock must have held what it says."""
DOUBTED = 30 * 24 * HOUR
"""The same where peers say that it is ahead: so long, and no longer, can a peer delay by what it says."""


@dataclass(slots=True)
class Looks:
    """The looks that still count.

    Args:
        ran: Seconds that the agent has run between its looks, over all its starts.
        doubted: What `ran` was when peers last said that the own clock is ahead.
        offsets: (what `ran` was, own clock in seconds since the epoch less `ran`) of looks, oldest first. Of two that
            say the same to a second the newer is kept, and an older one that says a later time never counts.
    """

    ran: float = 0.0
    doubted: float | None = None
    offsets: list[tuple[float, float]] = field(default_factory=list)

    @classmethod
    def since(cls, newest: float) -> Self:
        """As if the only look so far had been at a time, in seconds since the epoch."""
        return cls(offsets=[(0.0, newest)])

    def look(self, now: float, passed: float, *, doubted: bool = False) -> float:
        """Look at the own clock.

        Args:
            now: What it says, in seconds since the epoch.
            passed: Seconds on the monotonic clock since the last look of this run; 0 at its first.
            doubted: Whether peers say that it is ahead.

        Returns:
            How much further the clock went than time has passed, in seconds; negative where it was put back.
        """
        self.ran += passed
        if doubted:
            self.doubted = self.ran
        offset = now - self.ran
        jump = offset - self.offsets[-1][1] if self.offsets else 0.0
        begin = self.ran - DOUBTED
        kept = [(ran, other) for ran, other in self.offsets if other < offset - 1.0 and ran >= begin]
        self.offsets = [*kept, (self.ran, offset)]
        return jump

    @property
    def credible(self) -> float:
        """The time that counts, in seconds since the epoch."""
        doubt = self.doubted is not None and self.ran - self.doubted < SETTLED
        begin = self.ran - (DOUBTED if doubt else SETTLED)
        return self.ran + min(offset for ran, offset in self.offsets if ran >= begin)

    def encode(self) -> bytes:
        """As the journal keeps them."""
        return json.dumps([self.ran, self.doubted, self.offsets]).encode()

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """What `encode` gave."""
        ran, doubted, offsets = json.loads(data)
        return cls(ran, doubted, [(at, offset) for at, offset in offsets])
