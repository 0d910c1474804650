"""What a transition may ask for: to say an event, run a task, start an instance, end, move, report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from accord_schemas.codes import Code
from accord_schemas.events import Event

Fields = Mapping[str, Any]
"""What a task takes and gives, and what people are told, by name: it is written down as it is."""


@dataclass(frozen=True, slots=True)
class Send:
    """Say an event at (this instance, step, me) to some parties. Naming oneself delivers it to oneself as well."""

    step: str
    to: Iterable[str]
    event: Event


@dataclass(frozen=True, slots=True)
class Compute:
    """Run a task in a worker; the result arrives at (this instance, step, job).

    Args:
        step: Address of the result.
        task: A name in the closed registry of tasks.
        inputs: Fields for the task.
        key: A stream key from this transition's draw, where the task needs randomness.
        secrets: Names of this collaboration's keystore entries that the task needs.
        data: Whether the task reads the party's snapshot.
        fresh: Whether the executor hands it a key of the operating system, for key generation.
        number: Which of several jobs alike it is, from 0: for who looks on.
        of: How many of them there are.
    """

    step: str
    task: str
    inputs: Fields = field(default_factory=dict, repr=False)
    key: bytes = field(default=b"", repr=False)
    secrets: tuple[str, ...] = ()
    data: bool = False
    fresh: bool = False
    number: int = 0
    of: int = 1


@dataclass(frozen=True, slots=True)
class Spawn:
    """Start an instance in a state of its kind's first transition; its transcript grows from this transition's."""

    instance: str
    state: object = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Done:
    """This instance has ended; its outputs reach the one that spawned it, see `Inputs.ended`."""

    outputs: object = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Reach:
    """The collaboration moves by this trigger of its transition table; for people, round and loss go with it."""

    trigger: str
    round: int = 0
    loss: float | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """Something this party learned and reports: united into its result."""

    fields: Fields = field(repr=False)


@dataclass(frozen=True, slots=True)
class Abort:
    """End the collaboration by this trigger: ``refused`` or ``failed``."""

    trigger: str
    reason: str
    whose: str = ""
    code: Code = Code.GENERAL


Effect = Send | Compute | Spawn | Done | Reach | Note | Abort
