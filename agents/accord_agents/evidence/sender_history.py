"""One sender's events in its own order: chain, watermarks, clock, and how it went from state to state."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from accord_agents.evidence.finding import Finding, label
from accord_protocols.kernel.lifecycle import PROPOSED
from accord_schemas.events import State
from accord_schemas.frame import Frame

TOLERANCE = datetime.timedelta(hours=1)
"""How far a clock may be set back before it is worth a word."""
_STEP = "state."


class SenderHistory:
    """Takes a sender's events in any order and judges each once all before it are there.

    Args:
        sender: Whose.
        moves: State and next state, as the job's table has them.

    Attributes:
        frames: By sequence.
        at: The sequence up to which nothing is missing.
        states: (sequence, state) as reached, up to `at`.
    """

    def __init__(self, sender: str, moves: frozenset[tuple[str, str]]) -> None:
        self.sender, self._moves, self.at = sender, moves, 0
        self.frames: dict[int, Frame] = {}
        self.states: list[tuple[int, str]] = []
        self._seen: dict[str, int] = {}

    @property
    def last(self) -> int:
        """The highest sequence that is there."""
        return max(self.frames, default=0)

    @property
    def state(self) -> str:
        """The state that the sender reached."""
        return self.states[-1][1] if self.states else PROPOSED

    def reached(self, state: str) -> int | None:
        """With which event the sender reached a state."""
        return next((number for number, name in self.states if name == state), None)

    def missing(self) -> Iterator[tuple[int, int]]:
        """Ranges of sequences, first and last, that are not there though later ones are."""
        before = self.at
        for number in sorted(n for n in self.frames if n > self.at):
            if number > before + 1:
                yield before + 1, number - 1
            before = number

    def add(self, frame: Frame) -> Iterator[Finding]:
        """Take an event whose sequence is new."""
        self.frames[frame.header.number] = frame
        while (following := self.frames.get(self.at + 1)) is not None:
            yield from self._follow(following)
            self.at += 1

    def _follow(self, frame: Frame) -> Iterator[Finding]:
        before, header, me = self.frames.get(self.at), frame.header, self.sender
        if header.previoushash != (before.digest if before else bytes(32)).hex():
            yield Finding("chain", me, label(frame), f"event {header.number} does not continue what {me} said before")
        for party, number in header.seen.items():
            if number < self._seen.get(party, 0):
                what = f"{me} says that it holds less of {party} than it said before: was an old journal put back?"
                yield Finding("watermark", me, label(frame), what, warning=True)
            self._seen[party] = number
        if before is not None and _earlier(header.time, before.header.time):
            what = f"event {header.number} of {me} is dated more than an hour before the one before it"
            yield Finding("clock", me, label(frame), what, warning=True)
        if (state := state_of(frame)) is not None:
            if (self.state, state) not in self._moves:
                yield Finding("transition", me, label(frame), f"{me} went from {self.state} to {state}")
            self.states.append((header.number, state))


def state_of(frame: Frame) -> str | None:
    """The state that an event announces: its address names it, so that a payload is not needed."""
    header = frame.header
    return header.step.removeprefix(_STEP).partition(".")[0].upper() if header.event_class is State else None


def _earlier(time: str, before: str) -> bool:
    try:
        one, other = datetime.datetime.fromisoformat(time), datetime.datetime.fromisoformat(before)
    except ValueError:
        return True  # no such day
    return one < other - TOLERANCE
