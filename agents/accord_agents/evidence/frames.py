"""Checks of one frame by itself, against the proposal."""

from __future__ import annotations

import re
from collections.abc import Iterator

from accord_agents.evidence.agreement import Proposal
from accord_agents.evidence.finding import UNKNOWN, Finding, label
from accord_protocols.jobs.base import Job
from accord_protocols.jobs.registry import job_of
from accord_schemas.address import Address
from accord_schemas.events import (
    CLEAR,
    UNSEQUENCED,
    Accept,
    Cancel,
    Checkpoint,
    Complete,
    Event,
    Expire,
    Fail,
    Nonce,
    Propose,
    Refuse,
    State,
)
from accord_schemas.frame import Frame

SESSION = "session"
_AGAIN = re.compile(r"(\.([2-9]|[1-9][0-9]{1,5}))?")
"""Behind the name of a state: the how-manieth time it is reached, from the second on."""
_PLACES: dict[type[Event], str] = {
    **{event: event.name for event in (Propose, Accept, Nonce, Refuse, Cancel, Fail, Expire, Complete)},
    State: "state.",
    Checkpoint: "checkpoint.",
}


def stranger(frame: Frame, proposal: Proposal) -> Finding | None:
    """Whether the frame is none of that collaboration's: nobody is known to have said it."""
    header = frame.header
    public = proposal.identities.get(header.source)
    if public is None:
        return Finding("stranger", UNKNOWN, label(frame), f"{header.source} is no party of the collaboration")
    if header.algorithms.name != public.kind:
        what = f"event {header.eventnumber or 'ack'} in the name of {header.source} is of another suite than its key"
        return Finding("suite", UNKNOWN, label(frame), what)
    if not public.verify(frame.to_sign, frame.signature):
        what = f"event {header.eventnumber or 'ack'} in the name of {header.source} does not carry its signature"
        return Finding("forged", UNKNOWN, label(frame), what)
    if header.agreement != proposal.digest:
        return Finding("agreement", header.source, label(frame), f"{header.source} speaks of another agreement")
    return None


def check(frame: Frame, proposal: Proposal) -> Iterator[Finding]:
    """What a party says at the wrong place or to the wrong ones, though it signed it."""
    header, parties = frame.header, set(proposal.agreement.parties)
    event, sender = header.event_class, header.source
    others = parties - {sender}
    if event.name in UNSEQUENCED:
        return
    if not set(header.to) <= others or (event.family in CLEAR and set(header.to) != others):
        yield Finding("recipients", sender, label(frame), f"event {header.number} of {sender} names wrong recipients")
    if not _in_place(header.address, event, proposal):
        what = f"{sender} said {event.name} at {header.instance}/{header.step}, which is no place for it"
        yield Finding("place", sender, label(frame), what)
    if event is Propose and sender != proposal.proposer:
        what = f"{sender} and {proposal.proposer} both proposed the same"
        yield Finding("proposal", UNKNOWN, label(frame), what)


def misplaced(address: Address, event: Event, job: Job) -> str:
    """What a readable event says about its place that its address does not; or nothing."""
    match event:
        case State(state=state) if not _AGAIN.fullmatch(address.step.removeprefix(f"state.{state.lower()}")):
            return "announces another state than its address"
        case Checkpoint(phase=phase) if address.step != f"checkpoint.{phase.lower()}":
            return "names another phase than its address"
    place = job.places.get(type(event))
    return place.against(address, event) if place else ""


def _in_place(address: Address, event: type[Event], proposal: Proposal) -> bool:
    if (step := _PLACES.get(event)) is not None:
        at = address.step.startswith(step) if step.endswith(".") else address.step == step
        return address.instance == SESSION and at
    place = job_of(proposal.agreement).places.get(event)
    return event.encrypted if place is None else address in set(place.at(proposal.agreement))
