"""Events of collaborations that were not proposed yet: they came on another topic, before their proposal."""

from __future__ import annotations

MAX_EVENTS, MAX_BYTES = 256, 8 << 20
"""Of one sender: as many wait, older ones go."""


class EarlyEvents:
    """Keeps frames until the next proposal, by sender."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[bytes]] = {}

    def hold(self, sender: str, data: bytes) -> None:
        """Keep one of a pinned party's."""
        waiting = self._waiting.setdefault(sender, [])
        waiting.append(data)
        while len(waiting) > MAX_EVENTS or sum(map(len, waiting)) > MAX_BYTES:
            waiting.pop(0)

    def release(self) -> list[bytes]:
        """All of them, each sender's in order; they are kept no longer."""
        waiting, self._waiting = self._waiting, {}
        return [data for frames in waiting.values() for data in frames]

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))
