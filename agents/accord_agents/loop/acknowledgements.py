"""When a party tells how far it has heard: soon after something new, ever more rarely where only repeats ask for it.

Acknowledgements are records as well. Where records circle, each answer to a repeat circles too: unbounded, they would
make up most of the log.
"""

from __future__ import annotations

from dataclasses import dataclass, field

ACK_AFTER = 0.2
"""Seconds after which a watermark that moved is told, if nothing else was said."""
LONGEST = 4.0
"""Seconds between acknowledgements that only repeats ask for, at most; doubling from `ACK_AFTER`."""
Marks = dict[str, int]
"""By sender, the sequence up to which it was heard."""


@dataclass(slots=True)
class _Said:
    marks: Marks = field(default_factory=dict)
    at: float = 0.0
    pause: float = ACK_AFTER
    holds: bool = False
    """Whether nobody has asked for it again."""


class Acknowledgements:
    """What was told last in each collaboration, and whether it is to be told again."""

    def __init__(self) -> None:
        self._said: dict[str, _Said] = {}

    def told(self, cid: str, heard: Marks) -> bool:
        """Whether everybody was told what was heard."""
        said = self._said.get(cid, _Said())
        return (said.marks if said.holds else {}) == heard

    def due(self, cid: str, heard: Marks, now: float) -> bool:
        """Whether it is to be told now."""
        if not heard or self.told(cid, heard):
            return False
        said = self._said.get(cid, _Said())
        return now - said.at >= (said.pause if said.marks == heard else ACK_AFTER)

    def tell(self, cid: str, marks: Marks, now: float) -> None:
        """It is told, alone or with an event."""
        said = self._said.get(cid, _Said())
        again = said.marks == marks and now - said.at < 2 * LONGEST
        pause = min(2 * said.pause, LONGEST) if again else ACK_AFTER
        self._said[cid] = _Said(marks, now, pause, holds=True)

    def asked(self, cid: str) -> None:
        """A repeat asks for another acknowledgement."""
        if cid in self._said:
            self._said[cid].holds = False

    def restart(self) -> None:
        """On a new connection: one may have been lost with the old one, and none is ever sent again."""
        for said in self._said.values():
            said.holds, said.pause = False, ACK_AFTER

    def forget(self, cid: str) -> None:
        """A collaboration was closed."""
        self._said.pop(cid, None)
