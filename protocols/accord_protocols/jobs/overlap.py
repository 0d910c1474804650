"""`job: overlap`: the leader learns how many ids it shares with each other party, and nobody learns which."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from accord_protocols.jobs import alignment, psi, sentences
from accord_protocols.jobs.base import Fact, Job, Learned, Said, machines
from accord_protocols.jobs.outputs import document
from accord_protocols.kernel.plan import Known, Phase, Place, Plan
from accord_protocols.phases.alignment.measure import Count, Measure, measured
from accord_protocols.phases.keys import Keys
from accord_schemas.address import Address
from accord_schemas.agreement import OVERLAP, Agreement
from accord_schemas.events import Complete, Measured


def _edge(address: Address, event: Measured) -> str:
    return "" if address.instance == f"count.{event.party}" else "measures another edge than its address"


def _complete(_known: Known) -> Complete:
    return Complete(rows=0)


def _completed(_said: Mapping[str, Any]) -> str:
    return "completed; no ids were aligned."


def _about(_agreement: Agreement) -> str:
    return "how many ids are shared, and nothing else"


def _figure(name: str) -> Callable[[Learned], Any]:
    return lambda learned: (learned.notes.get("shared") or {}).get(name)


def _measured(said: Said) -> dict[str, Any]:
    return {event.party: {"sampled": event.sampled} for event in said.values() if isinstance(event, Measured)}


def _told(value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for party, one in value.items():
        how = "by a sample" if one["sampled"] else "by all ids"
        yield f"The leader counted what it shares with {party}, {how}.", "the leader's signed word"


JOB = Job(
    name=OVERLAP,
    plan=Plan(
        (
            alignment.KEYS,
            Phase(
                "overlap",
                Measure.kind,
                given=alignment.keyed,
                starts=(Count.kind,),
                clear={Measured: Place(measured, _edge)},
            ),
        ),
        _complete,
    ),
    machines=machines(Keys, Measure, Count),
    roles=psi.JOB.roles,
    leader=psi.JOB.leader,
    sections=frozenset({"align"}),
    reads=psi.JOB.reads,
    facts={name: alignment.FACTS[name] for name in ("commitments", "keys")} | {"measured": Fact(_measured, _told)},
    completed=_completed,
    figures={name: _figure(name) for name in ("overlap", "denominator", "sampled")},
    outputs=(document("overlap.json", "shared"),),
    about=_about,
    learns=sentences.measured,
)
