"""One generic step for every machine: collect by address, fire what is complete, oldest instance first."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from accord_protocols.kernel.effects import Compute, Done, Effect, Fields, Send, Spawn
from accord_protocols.kernel.inputs import DONE, Inputs, whole
from accord_protocols.kernel.machine import ContractError, Machine, Setup
from accord_protocols.kernel.transition import Draw, Needs, Next
from accord_protocols.kernel.waiting import Bound, Waiting
from accord_schemas.address import JOB, SELF, Address, Content
from accord_schemas.blocks import payload
from accord_schemas.canonical import digest
from accord_schemas.errors import AccordError, ProtocolError
from accord_schemas.events import Event

UNASKED = "an event was said where the protocol has none, or another"
TWICE = "an address was used twice"


@dataclass(slots=True)
class _Instance:
    machine: Machine
    birth: int
    transcript: bytes
    state: object = field(repr=False)
    transition: str = ""
    missing: set[Address] = field(default_factory=set)
    needs: Needs = field(default_factory=Needs)
    awake: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """A `Compute` with its full address: the job's id, so that running it again changes nothing."""

    address: Address
    compute: Compute


class VersionError(AccordError):
    """This program is too old or too new for an agreement."""


Said = Content | Job | Effect
"""What a step yields, in order: contents to publish, jobs to run, and effects for the collaboration itself."""


class Engine:
    """The machines of one party in one collaboration: a deterministic fold of contents, local fields and job results.

    The cost of an event does not depend on how many instances live or how many contents wait.

    Args:
        setup: What the party knows.
        seed: The root seed.
        machines: Machine classes by kind and version; the agreement says which version of a kind runs.
        root: Kind of the first instance.
        bound: What one sender may say before its turn.

    Raises:
        VersionError: The agreement pins a version that is not there.
    """

    def __init__(
        self,
        setup: Setup,
        seed: bytes,
        machines: Mapping[tuple[str, int], type[Machine]],
        root: str,
        bound: Bound | None = None,
    ) -> None:
        self.setup, self._seed, self._machines = setup, seed, _pinned(setup, machines)
        self._agreement = setup.agreement.digest()
        self._instances: dict[str, _Instance] = {}
        self._births = 0
        self._ended: set[str] = set()
        self._waiting = Waiting(bound or Bound())
        self._waiters: dict[Address, str] = {}
        """Who waits for an address, from the transition before until it is consumed."""
        self._ready: list[tuple[int, str]] = []
        self._spawn(root, digest(b"accord root", setup.me), None)

    def begin(self) -> Iterator[Said]:
        """Fire what waits for nothing."""
        return self._run()

    def content(self, content: Content) -> Iterator[Said]:
        """Take an event of a peer.

        Raises:
            ProtocolError: Nobody can ask for such an event at such an address, it was said before, or too much of this
                sender waits for its turn.
        """
        address = content.address
        if self._waiting.knows(address):
            raise ProtocolError(TWICE, whose=address.sender)
        machine = self._machines.get(address.instance.partition(".")[0])
        expected = machine.says.get(address.step.partition(".")[0]) if machine else None
        if type(content.event) is not expected or not self._askable(address):
            raise ProtocolError(UNASKED, whose=address.sender)
        if address not in self._waiters:
            self._waiting.charge(address, content.size)
        yield from self._put(address, content.digest(self._agreement), content.event)

    def local(self, address: Address, fields: Fields) -> Iterator[Said]:
        """Take a job's result or the party's own word."""
        yield from self._put(address, self._local_digest(address, fields), fields)

    def known(self, address: Address) -> bytes | None:
        """The digest of what waits at an address."""
        return self._waiting.digest(address)

    def missing(self) -> set[Address]:
        """The peers' addresses that instances wait for: whose silence it is."""
        owed = (i.missing for i in self._instances.values() if not i.needs.patient)
        return {a for missing in owed for a in missing if a.sender not in (JOB, SELF)}

    def _askable(self, address: Address) -> bool:
        """Whether a transition waits for an address, or one of a live or announced instance may do so later."""
        if address in self._waiters or address.instance in self._instances:
            return True
        kind, _, qualifier = address.instance.partition(".")
        return address.instance not in self._ended and self._machines[kind].expected(self.setup, qualifier)

    def _put(self, address: Address, content: bytes, value: Event | Fields) -> Iterator[Said]:
        self._store(address, content, value)
        return self._run()

    def _store(self, address: Address, content: bytes, value: object) -> None:
        if self._waiting.knows(address):
            raise ContractError(f"{address} was taken before")
        name = self._waiters.get(address)
        if name is None and address.instance in self._ended and address.step != DONE:
            return  # nobody can ask for it any more
        self._waiting.put(address, content, value)
        if name is not None:
            instance = self._instances[name]
            instance.missing.discard(address)
            if not instance.missing or instance.needs.alternative:
                self._awake(instance, name)

    def _awake(self, instance: _Instance, name: str) -> None:
        if not instance.awake:
            instance.awake = True
            heapq.heappush(self._ready, (instance.birth, name))

    def _run(self) -> Iterator[Said]:
        while self._ready:
            yield from self._fire(heapq.heappop(self._ready)[1])

    def _fire(self, name: str) -> Iterator[Said]:
        instance = self._instances[name]
        instance.awake = False
        taken, others = self._come(instance)
        fire = instance.machine.table[instance.transition].fire
        pairs = {a: self._waiting.take(a) for a in taken}
        for address in (*taken, *others):
            del self._waiters[address]
        self._waiting.retire(others)
        parts = [content for content, _ in pairs.values()]
        instance.transcript = digest(b"accord step", instance.transcript, instance.transition, *parts)
        draw = Draw(self._seed, instance.transcript)
        inputs = {a: value if instance.machine.by_reference else whole(value) for a, (_, value) in pairs.items()}
        fired = fire(instance.machine, instance.state, Inputs(inputs), draw)
        instance.state, instance.needs = fired.then.state if fired.then else None, Needs()
        for effect in fired.effects:
            yield from self._effect(instance, effect)
        if fired.then:
            self._wait(name, fired.then)
        else:
            self._end(name)

    def _come(self, instance: _Instance) -> tuple[list[Address], list[Address]]:
        """What an instance fires with, in order, and the alternatives to it, which may not be said any more."""
        wanted = sorted(instance.needs.addresses)
        if not instance.needs.alternative:
            return wanted, []
        come = [a for a in wanted if a not in instance.missing]
        if len(come) > 1:
            raise ProtocolError("two things were said of which the protocol has one", whose=come[-1].sender)
        return come, [a for a in wanted if a not in come]

    def _end(self, name: str) -> None:
        """Forget an instance. What waits there is dropped too, unless another instance waits for it."""
        del self._instances[name]
        self._ended.add(name)
        self._waiting.forget(name, keep=lambda a: a in self._waiters or a.step == DONE)

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
            case Spawn(child, state):
                self._spawn(child, instance.transcript, state)
            case Done(outputs):
                address = Address(name, DONE, SELF)
                self._store(address, digest(b"accord done", instance.transcript), outputs)
            case _:
                yield effect

    def _spawn(self, name: str, transcript: bytes, state: object) -> None:
        if name in self._instances or name in self._ended:
            raise ContractError(f"the instance {name} exists")
        kind, _, qualifier = name.partition(".")
        if kind not in self._machines:
            raise _lacking(kind, self.setup.agreement.versions)
        machine = self._machines[kind](self.setup, name)
        if not machine.expected(self.setup, qualifier):
            raise ContractError(f"the instance {name} was not announced")
        root = digest(b"accord instance", transcript, name, self.setup.sid, str(machine.version))
        self._births += 1
        self._instances[name] = _Instance(machine, self._births, root, None)
        self._wait(name, Next(machine.first, state))

    def _wait(self, name: str, then: Next) -> None:
        instance, state = self._instances[name], then.state
        row = instance.machine.table[then.transition]
        if not isinstance(state, row.state):
            raise ContractError(f"{name} waits for {row.name} in a {row.state.__name__}, not a {type(state).__name__}")
        instance.transition, instance.state = row.name, state
        wanted = row.needs(instance.machine, state)
        instance.needs = needs = wanted if isinstance(wanted, Needs) else Needs(tuple(wanted))
        for address in needs.addresses:
            if self._waiters.setdefault(address, name) != name:
                raise ContractError(f"two transitions wait for {address}")
            self._waiting.ask(address)
        instance.missing = {a for a in needs.addresses if self._waiting.digest(a) is None}
        come = len(needs.addresses) - len(instance.missing)
        if not instance.missing or (needs.alternative and come):
            self._awake(instance, name)

    def _local_digest(self, address: Address, fields: Fields) -> bytes:
        return digest(b"accord local", *address, self._agreement, payload(fields).digest)


def _pinned(setup: Setup, machines: Mapping[tuple[str, int], type[Machine]]) -> dict[str, type[Machine]]:
    """The one version of each kind that the agreement names.

    Of a kind that it does not name there is none: its job has got that machine since, and nothing in it starts one.
    """
    pins = setup.agreement.versions
    found = {kind: machines[kind, pins[kind]] for kind, _ in machines if (kind, pins.get(kind)) in machines}
    if missing := sorted({kind for kind, _ in machines} & set(pins) - set(found)):
        raise _lacking(missing[0], pins)
    return found


def _lacking(kind: str, pins: Mapping[str, int]) -> VersionError:
    return VersionError(
        f"the agreement pins {kind} {pins.get(kind, 'not at all')}, which this program does not have.",
        hint="Go on with a version of Accord that has it; docs/upgrading.md says which.",
    )
