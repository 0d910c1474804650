"""A toy job, as somebody adds one who follows docs/upgrading.md: a machine in two versions, states that come again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from tests.support.world import agreement

from accord_protocols.jobs.base import Job, Reads, machines
from accord_protocols.jobs.outputs import document
from accord_protocols.jobs.registry import JOBS
from accord_protocols.kernel.effects import Done, Note, Reach, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Machine
from accord_protocols.kernel.plan import Known, Phase, Plan, Rounds
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_schemas.agreement import Agreement
from accord_schemas.events import Complete, Event, Tags

QUESTIONS = 3


@dataclass(frozen=True, slots=True, repr=False)
class Tossing:
    """Which number it is, and what was heard so far."""

    round: int
    heard: tuple[str, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Tossed:
    """How many numbers there were."""

    count: int


class Toss(Machine):
    """Everybody tells everybody a random number, several times."""

    kind = "toss"
    says: ClassVar[dict[str, type[Event]]] = {"number": Tags}
    bytes_drawn: ClassVar[int] = 32

    @transition(None, nothing, starts=True)
    def start(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """The first number."""
        return self._say(Tossing(1, ()), draw)

    @transition(Tossing, lambda self, state: [self.at(f"number.{state.round}", p) for p in self.agreement.order])
    def hear(self, state: Tossing, inputs: Inputs, draw: Draw) -> Fired:
        """Everybody's number is there: the next one, or the end."""
        heard = (*state.heard, *(event.tags.tobytes().hex() for event in inputs.events(Tags).values()))
        if state.round < QUESTIONS:
            return self._say(Tossing(state.round + 1, heard), draw, Reach("answered"))
        return Fired((Reach("answered"), Note({"heard": list(heard)}), Done(Tossed(len(heard)))))

    def _say(self, state: Tossing, draw: Draw, *effects: Reach) -> Fired:
        number = draw("number").bytes(self.bytes_drawn)
        event = Tags(tags=np.frombuffer(number, np.uint8).reshape(-1, 32))
        send = Send(f"number.{state.round}", self.agreement.order, event)
        return Fired((*effects, Reach("asked"), send), self.hear.keeping(state))


class LongToss(Toss):
    """The second version tells longer numbers, and is the first one but for that."""

    version = 2
    bytes_drawn: ClassVar[int] = 64


def _leader(roles: Mapping[str, str]) -> str:
    return min(roles)


def _complete(known: Known) -> Complete:
    return Complete(rows=known.of(Tossed).count)


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
