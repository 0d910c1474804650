"""What one party reports of one collaboration: phases, traffic, what it learned. A fold of outcomes, like the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.collaboration.outcome import Outcome
from accord_protocols.kernel.lifecycle import TERMINAL

Answers = Sequence[float | list[str] | None]
"""To one request, by its ids: a number, cells, or nothing."""


class RunSummary:
    """Takes outcomes in order.

    Attributes:
        noted: How many notes were taken.
        answers: To requests of the own people, by their number.
        work: By task, how often it was done in this life of the agent, and how many seconds it took, waiting for its
            turn included.
        began: When it was first heard of, by the own clock.
        ended: When it came to its end.
    """

    def __init__(self) -> None:
        self.noted = 0
        self.notes: dict[str, Any] = {}
        self.answers: dict[int, Answers] = {}
        self.work: dict[str, dict[str, float]] = {}
        self.warnings: list[str] = []
        self.timeline: list[list[Any]] = []
        self.bytes: Counter[str] = Counter()
        self.events: Counter[str] = Counter()
        self.traffic: Counter[str] = Counter()
        self.began: str | None = None
        self.ended: str | None = None
        self._since: tuple[str, float] | None = None

    def worked(self, task: str, seconds: float) -> None:
        """A job was done."""
        known = self.work.setdefault(task, {"jobs": 0, "seconds": 0.0})
        known["jobs"], known["seconds"] = known["jobs"] + 1, round(known["seconds"] + seconds, 3)

    def take(self, collaboration: Collaboration, outcome: Outcome) -> None:
        """One row's outcome."""
        self.noted += len(outcome.notes)
        for note in outcome.notes:
            self.warnings += [w for w in note.get("warnings", ()) if w not in self.warnings]
            if "answer" in note:
                self.answers[note["answer"]["number"]] = note["answer"]["values"]
            self.notes |= {name: value for name, value in note.items() if name != "warnings"}
        phases = collaboration.job.phase_of if collaboration.job else {}
        for move in outcome.moves:
            self.began = self.began or move.time
            self.ended = move.time if move.state in TERMINAL else None
            self._moved(move.state, phases.get(move.state, ""), datetime.fromisoformat(move.time).timestamp())
        for frame in outcome.frames:
            size, family = len(frame.head) + frame.size + len(frame.signature), frame.header.event_class.family
            self.bytes[family] += size
            self.events[family] += 1
            for party in frame.header.to or collaboration.peers:
                self.traffic[party] += size

    def _moved(self, state: str, phase: str, at: float) -> None:
        if self._since is not None and self._since[0] != phase:
            self.timeline.append([self._since[0], self._since[1], at])
            self._since = None
        if phase and self._since is None and state not in TERMINAL:
            self._since = (phase, at)

    @property
    def seconds(self) -> dict[str, float]:
        """Wall seconds by phase."""
        return {phase: round(end - start, 3) for phase, start, end in self.timeline}
