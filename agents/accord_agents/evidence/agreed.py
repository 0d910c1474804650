"""What the parties agreed on, and when they say that they did what: for people who read a verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from accord_agents.evidence.observed import Observed
from accord_agents.evidence.sender_history import state_of
from accord_protocols.kernel.lifecycle import COMPLETED, TERMINAL
from accord_schemas.events import Accept, Cancel, Checkpoint, Complete, Expire, Fail, Propose, Refuse
from accord_schemas.frame import Frame

_SAID = {
    Propose: "proposed",
    Accept: "consented",
    Refuse: "refused",
    Cancel: "called it off",
    Fail: "gave it up",
    Expire: "let it expire",
    Complete: "told its result",
}
_SECTIONS = {
    "align": "alignment",
    "prepare": "preparation",
    "train": "training",
    "test_rows": "test rows",
    "predict": "prediction",
    "trees": "boosted trees",
    "bins": "bins",
    "limits": "bounds",
}
_APART = frozenset({"version", "name", "parties", "learns", "versions"})
"""What is told elsewhere, or pins machines."""


@dataclass(frozen=True, slots=True)
class Time:
    """When a party says that it did something: its own clock's word, which no signature makes true."""

    claimed: str
    party: str
    did: str

    def to_json(self) -> dict[str, str]:
        """As JSON."""
        return asdict(self)


def times(observed: Observed) -> list[Time]:
    """Proposal, answers, result, end and final checkpoint of each party, as each dates them."""
    frames = [frame for line in observed.senders.values() for frame in line.frames.values()]
    frames.sort(key=lambda frame: (frame.header.time, frame.header.number, frame.header.source))
    return [Time(frame.header.time, frame.header.source, did) for frame in frames if (did := _did(frame))]


def _did(frame: Frame) -> str:
    event, state = frame.header.event_class, state_of(frame)
    if event is Checkpoint and frame.header.step == f"checkpoint.{COMPLETED.lower()}":
        return "signed the end of the log"
    if state in TERMINAL:
        return f"ended it, {state}"
    return _SAID.get(event, "")


def agreed_terms(agreed: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """An agreement as (what, how) for people, section by section; who learns what stands in `learns`."""
    plain: list[str] = []
    for name, value in agreed.items():
        if name in _APART:
            continue
        if isinstance(value, dict):
            yield _SECTIONS.get(name, name), ", ".join(_listed(value))
        elif name in _SECTIONS:
            yield _SECTIONS[name], "none"
        else:
            plain += _listed({name: value})
    yield "besides", ", ".join(plain)


def learns(agreed: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Who learns what, as the agreement says, by party."""
    yield from sorted((agreed.get("learns") or {}).items())


def _listed(values: Mapping[str, Any]) -> Iterator[str]:
    words = {None: "none", True: "yes", False: "no"}
    for name, value in values.items():
        said = words[value] if value is None or isinstance(value, bool) else str(value)
        said = " and ".join(value) if isinstance(value, list | tuple) else said
        said = " and ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, Mapping) else said
        yield f"{name.replace('_', ' ')} {said or 'none'}"
