"""`job: psi`: the parties find the users that all of them have, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accord_protocols.jobs import alignment, sentences
from accord_protocols.jobs.base import Job, Learned, Reads, machines
from accord_protocols.jobs.carried import OUTPUT as CARRIED
from accord_protocols.kernel.plan import Known, Phase, Plan
from accord_protocols.phases.alignment.carry import Carry
from accord_protocols.phases.alignment.star import Aligned
from accord_schemas.agreement import FEATURE_HOLDER, LABEL_HOLDER, Agreement
from accord_schemas.events import Complete
from accord_schemas.header import MAX_PARTIES

MEMBER = "member"


def _leader(roles: Mapping[str, str]) -> str:
    """The label holder of a scenario that is also one of a training; else the first by name."""
    return next((party for party, role in sorted(roles.items()) if role == LABEL_HOLDER), min(roles))


def _complete(known: Known) -> Complete:
    return Complete(rows=known.of(Aligned).size)


def _completed(said: Mapping[str, Any]) -> str:
    return (
        f"completed with {said['rows']} common ids."
        if said["rows"]
        else "completed, and is not told which ids are common."
    )


def _told(learned: Learned) -> list[str]:
    return list(learned.agreement.told)


def _reads(agreement: Agreement, party: str) -> Reads:
    return Reads(carried=agreement.align.carry.get(party, ()))


def _aligned(known: Known) -> Aligned:
    return known.of(Aligned)


def _pad(learned: Learned) -> int | None:
    return learned.agreement.align.pad


def _carried(learned: Learned) -> dict[str, list[str]] | None:
    return (learned.notes.get("carried") or {}).get("columns")


def _about(_agreement: Agreement) -> str:
    return "alignment only"


JOB = Job(
    name="psi",
    plan=Plan((*alignment.PHASES, Phase("complete", Carry.kind, given=_aligned)), _complete),
    machines=machines(*alignment.MACHINES, Carry),
    roles={LABEL_HOLDER: (0, 1), FEATURE_HOLDER: (0, MAX_PARTIES), MEMBER: (0, MAX_PARTIES)},
    leader=_leader,
    sections=frozenset({"align"}),
    reads=_reads,
    facts=alignment.FACTS,
    completed=_completed,
    figures={**alignment.FIGURES, "told": _told, "carried": _carried, "pad": _pad},
    outputs=(alignment.INTERSECTION, CARRIED),
    about=_about,
    learns=sentences.aligned,
)
