"""One generic step for every machine: collect by address, fire what is complete, oldest instance first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from accord_protocols.kernel.machine import (
    Compute,
    ContractError,
    Done,
    Draw,
    Effect,
    Fields,
    Machine,
    Memory,
    Send,
    Setup,
    Spawn,
)
from accord_schemas.address import JOB, SELF, Address, Content
from accord_schemas.blocks import encode_fields
from accord_schemas.canonical import digest
from accord_schemas.errors import AccordError, ProtocolError
from accord_schemas.events import Event


@dataclass(slots=True)
class _Instance:
    machine: Machine
    parent: str
    transcript: bytes
    memory: Memory = field(repr=False)
    waiting: str = ""
    missing: set[Address] = field(default_factory=set)
    needs: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """A `Compute` with its full address: the job's id, so that running it again changes nothing."""

    address: Address
    compute: Compute


class VersionError(AccordError):
    """This program is too old or too new for an agreement."""


MAX_WAITING = 512
"""Contents of one sender that may wait for their turn; far more than any honest party is ahead."""
Said = Content | Job | Effect
"""What a step yields, in order: contents to publish, jobs to run, and effects for the collaboration itself."""


class Engine:
    """The machines of one party in one collaboration: a deterministic fold of contents, local fields and job results.

    Args:
        setup: What the party knows.
        seed: The sealed seed.
        machines: Machine classes by kind and version; the agreement says which version of a kind runs.
        root: Kind of the first instance.

    Raises:
        VersionError: The agreement pins a version that is not there.
    """

    def __init__(self, setup: Setup, seed: bytes, machines: Mapping[tuple[str, int], type[Machine]], root: str) -> None:
        self.setup, self._seed, self._machines = setup, seed, _pinned(setup, machines)
        self._agreement = setup.agreement.digest()
        self._digests: dict[Address, bytes] = {}
        self._values: dict[Address, Event | Fields] = {}
        self._instances: dict[str, _Instance] = {}
        self._waiters: dict[Address, str] = {}
        self._ready: list[str] = []
        self._spawn(root, "", digest(b"accord root", setup.me), {})

    def begin(self) -> Iterator[Said]:
        """Fire what waits for nothing."""
        return self._run()

    def content(self, content: Content) -> Iterator[Said]:
        """Take an event of a peer. The caller has dropped duplicates.

        Raises:
            ProtocolError: No machine says such an event at such an address, or too many of them wait for their turn.
        """
        address = content.address
        machine = self._machines.get(address.instance.partition(".")[0])
        expected = machine.says.get(address.step.partition(".")[0]) if machine else None
        if type(content.event) is not expected:
            raise ProtocolError("an event was said where the protocol has none, or another", whose=address.sender)
        if sum(a.sender == address.sender for a in self._values) >= MAX_WAITING:
            raise ProtocolError("too many events came before their turn", whose=address.sender)
        yield from self._put(content.address, content.digest(self._agreement), content.event)

    def local(self, address: Address, fields: Fields) -> Iterator[Said]:
        """Take a job's result or the party's own word."""
        yield from self._put(address, self._local_digest(address, fields), fields)

    def known(self, address: Address) -> bytes | None:
        """The digest of what was taken at an address."""
        return self._digests.get(address)

    def missing(self) -> set[Address]:
        """The peers' addresses that instances wait for: whose silence it is."""
        return {a for i in self._instances.values() for a in i.missing if a.sender not in (JOB, SELF)}

    def _put(self, address: Address, content: bytes, value: Event | Fields) -> Iterator[Said]:
        self._store(address, content, value)
        return self._run()

    def _store(self, address: Address, content: bytes, value: Event | Fields) -> None:
        if address in self._digests:
            raise ContractError(f"{address} was taken before")
        self._digests[address], self._values[address] = content, value
        name = self._waiters.pop(address, None)
        if name is not None:
            instance = self._instances[name]
            instance.missing.discard(address)
            if not instance.missing:
                self._ready.append(name)

    def _run(self) -> Iterator[Said]:
        order = {name: k for k, name in enumerate(self._instances)}
        while self._ready:
            if len(self._ready) > 1:
                order = {name: k for k, name in enumerate(self._instances)}
                self._ready.sort(key=order.__getitem__)
            yield from self._fire(self._ready.pop(0))

    def _fire(self, name: str) -> Iterator[Said]:
        instance = self._instances[name]
        needs = sorted(instance.needs)
        fire: Callable[..., Any] = instance.machine.table[instance.waiting][1]
        parts = [self._digests[a] for a in needs]
        instance.transcript = digest(b"accord step", instance.transcript, instance.waiting, *parts)
        draw = Draw(self._seed, instance.transcript)
        inputs = {a: self._values.pop(a) for a in needs}
        fired = fire(instance.machine, instance.memory, inputs, draw)
        instance.memory, instance.needs = fired.memory, ()
        for effect in fired.effects:
            yield from self._effect(instance, effect)
        if fired.then:
            self._wait(name, fired.then)
        else:
            instance.memory, instance.waiting = {}, ""

    def _effect(self, instance: _Instance, effect: Effect) -> Iterator[Said]:
        name = instance.machine.instance
        match effect:
            case Send(step, to, event):
                me, recipients = self.setup.me, set(to)
                content = Content(Address(name, step, me), tuple(sorted(recipients - {me})), event)
                if me in recipients:
                    self._store(content.address, content.digest(self._agreement), event)
                if content.to:
                    yield content
            case Compute(step=step):
                yield Job(Address(name, step, JOB), effect)
            case Spawn(child, memory):
                self._spawn(child, name, instance.transcript, memory)
            case Done(fields):
                address = Address(name, "done", SELF)
                self._store(address, digest(b"accord done", instance.transcript), fields)
            case _:
                yield effect

    def _spawn(self, name: str, parent: str, transcript: bytes, memory: Memory) -> None:
        if name in self._instances:
            raise ContractError(f"the instance {name} exists")
        kind = name.partition(".")[0]
        machine = self._machines[kind](self.setup, name)
        root = digest(b"accord instance", transcript, name, self.setup.sid, str(machine.version))
        self._instances[name] = _Instance(machine, parent, root, memory)
        self._wait(name, machine.first)

    def _wait(self, name: str, transition: str) -> None:
        instance = self._instances[name]
        instance.waiting = transition
        instance.needs = tuple(instance.machine.table[transition][0](instance.machine, instance.memory))
        instance.missing = {a for a in instance.needs if a not in self._values}
        for address in instance.missing:
            if address in self._waiters:
                raise ContractError(f"two transitions wait for {address}")
            self._waiters[address] = name
        if not instance.missing:
            self._ready.append(name)

    def _local_digest(self, address: Address, fields: Fields) -> bytes:
        return digest(b"accord local", *address, self._agreement, encode_fields(fields))


def _pinned(setup: Setup, machines: Mapping[tuple[str, int], type[Machine]]) -> dict[str, type[Machine]]:
    """The one version of each kind that the agreement names."""
    pins = setup.agreement.versions
    found = {kind: machines[kind, pins[kind]] for kind, _ in machines if (kind, pins.get(kind)) in machines}
    if missing := sorted({kind for kind, _ in machines} - set(found)):
        kind = missing[0]
        raise VersionError(
            f"the agreement pins {kind} {pins.get(kind, 'not at all')}, which this program does not have.",
            hint="Go on with a version of Accord that has it; docs/upgrading.md says which.",
        )
    return found
