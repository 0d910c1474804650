"""A toy job, as somebody adds one who follows docs/upgrading.md: a machine in two versions, states that come again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np
from tests.support.world import agreement

from accord_protocols.jobs.base import Job, Reads, machines
from accord_protocols.jobs.outputs import document
from accord_protocols.jobs.registry import JOBS
from accord_protocols.kernel.machine import (
    Done,
    Draw,
    Fired,
    Inputs,
    Machine,
    Memory,
    Note,
    Reach,
    Send,
    nothing,
    transition,
)
from accord_protocols.kernel.plan import Phase, Plan, Rounds
from accord_schemas.agreement import Agreement
from accord_schemas.events import Complete, Event, Tags

QUESTIONS = 3


class Toss(Machine):
    """Everybody tells everybody a random number, several times."""

    kind = "toss"
    says: ClassVar[dict[str, type[Event]]] = {"number": Tags}
    bytes_drawn: ClassVar[int] = 32

    @transition(nothing)
    def start(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """The first number."""
        return self._say({"round": 1, "heard": []}, draw)

    @transition(lambda self, memory: [self.at(f"number.{memory['round']}", p) for p in self.agreement.order])
    def hear(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Everybody's number is there: the next one, or the end."""
        heard = [*memory["heard"], *(event.tags.tobytes().hex() for _, event in sorted(inputs.items()))]
        if memory["round"] < QUESTIONS:
            return self._say({"round": memory["round"] + 1, "heard": heard}, draw, Reach("answered"))
        return Fired({}, (Reach("answered"), Note({"heard": heard}), Done({"count": len(heard)})))

    def _say(self, memory: Memory, draw: Draw, *effects: Reach) -> Fired:
        number = draw("number").bytes(self.bytes_drawn)
        event = Tags(tags=np.frombuffer(number, np.uint8).reshape(-1, 32))
        return Fired(
            memory,
            (*effects, Reach("asked"), Send(f"number.{memory['round']}", self.agreement.order, event)),
            "hear",
        )


class LongToss(Toss):
    """The second version tells longer numbers, and is the first one but for that."""

    version = 2
    bytes_drawn: ClassVar[int] = 64


def _leader(roles: Mapping[str, str]) -> str:
    return min(roles)


def _complete(known: Mapping[str, Any]) -> Complete:
    return Complete(rows=known["count"])


TOY = Job(
    name="toy",
    plan=Plan((Phase("toss", Toss.kind, rounds=Rounds("answer", "asked", "ANSWERING", back="answered")),), _complete),
    machines=machines(Toss, LongToss),
    roles={"member": (2, 9)},
    leader=_leader,
    reads=lambda _agreement, _party: Reads(),
    completed=lambda said: f"completed with {said['rows']} numbers.",
    about=lambda _agreement: "a toss",
    outputs=(document("heard.json", "heard"),),
)


@contextmanager
def known() -> Iterator[None]:
    """The toy among the jobs of this program."""
    JOBS[TOY.name] = TOY
    try:
        yield
    finally:
        del JOBS[TOY.name]


def tossing(parties: int, version: int) -> Agreement:
    """An agreement to toss, which pins a version; nobody holds a label, and the second party leads."""
    base = agreement(parties)
    members = {party: member.model_copy(update={"role": "member"}) for party, member in base.parties.items()}
    return Agreement(
        name="toy",
        job="toy",
        parties=members,
        leads=sorted(members)[1],
        versions=TOY.versions | {"toss": version},
        key_bits=2048,
    )
