"""How much memory an agent and its workers take: the peak of the sum."""

from __future__ import annotations

import psutil

MIB = 1 << 20


class Memory:
    """Samples the resident sizes.

    Attributes:
        now: Bytes, at the last look.
        peak: The highest value in MiB.
    """

    def __init__(self) -> None:
        self._own = psutil.Process()
        self.now, self.peak = 0, 0.0

    def sample(self, workers: list[int]) -> None:
        """Look now."""
        total = self._own.memory_info().rss
        for pid in workers:
            try:
                total += psutil.Process(pid).memory_info().rss
            except psutil.Error:  # it has just ended
                continue
        self.now = total
        self.peak = max(self.peak, total / MIB)
