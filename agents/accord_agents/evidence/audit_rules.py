"""What must hold between events: nothing missing, consent before deeds, and every state backed by what it needs.

These are judged over everything that is here. What an observer may not have heard yet is no finding: see `Scope`.
Nobody is accused because of what another party said, unless a checkpoint shows that it has seen just that: an honest
party to whom another history was told must not pay for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from accord_agents.collaboration.consent import commitment
from accord_agents.evidence.finding import UNKNOWN, Finding, label
from accord_agents.evidence.frames import SESSION
from accord_agents.evidence.observed import Observed
from accord_agents.evidence.sender_history import state_of
from accord_protocols.jobs.base import Job
from accord_protocols.jobs.registry import job_of
from accord_protocols.kernel.lifecycle import AGREED, COMPLETED, TERMINAL
from accord_protocols.phases.training.levels import LEVELS
from accord_schemas.address import Address
from accord_schemas.agreement import Agreement
from accord_schemas.events import (
    Accept,
    Cancel,
    Checkpoint,
    Complete,
    Event,
    Expire,
    Fail,
    Gate,
    Nonce,
    Propose,
    Refuse,
)
from accord_schemas.frame import Frame

_BEFORE = frozenset({Propose, Accept, Refuse, Cancel, Fail, Expire, Checkpoint})
"""What may be said without everybody's consent."""
_TRAININGS = frozenset(level.machine.kind for level in LEVELS.values())
"""The instances whose steps are numbered by round, second after their kind."""

_ALWAYS = {AGREED: "accept", COMPLETED: "complete"}
"""What everybody says before these, whatever the job."""
Saw = Mapping[str, Mapping[str, int]]
"""Per party the cut up to which it has certainly seen what is here; see `Witnessed.saw`."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What ought to be here.

    Args:
        whole: Parties of whose events none may be missing; None for all.
        tail: Whether that holds beyond the final checkpoint too.
        carrier: Who answers for what is missing: ``the log``, or who made the file.
    """

    whole: frozenset[str] | None
    tail: bool
    carrier: str

    def of(self, party: str) -> bool:
        """Whether all that a party said ought to be here."""
        return self.whole is None or party in self.whole


def needed(agreement: Agreement, state: str) -> list[Address]:
    """What must have been said before anybody can reach a state."""
    if state in _ALWAYS:
        return [Address(SESSION, _ALWAYS[state], party) for party in agreement.order]
    job = job_of(agreement)
    first = state == next((phase.reaches for phase in job.plan.phases), "")
    nonces = [Address(SESSION, "nonce", party) for party in agreement.order] if first else []
    return [*nonces, *job.backing(agreement, state)]


def missing(observed: Observed, scope: Scope, covered: dict[str, int]) -> Iterator[Finding]:
    """Gaps, and events that somebody holds and that are not here.

    Args:
        covered: What the final checkpoint covers, by party; empty without one that all have witnessed.
    """
    for party, line in observed.senders.items():
        if not scope.of(party):
            continue
        for first, last in line.missing():
            if covered and not scope.tail and first > covered[party]:
                continue
            which = f"event {first}" if first == last else f"events {first} to {last}"
            gone = scope.carrier == party or scope.carrier not in observed.senders  # a log was given all of it
            whose = scope.carrier if gone else _holder(observed, scope, party, first)
            yield Finding("missing", whose, f"{party}/{first}", f"{which} of {party} is missing")
        claim, who = observed.claimed(party)
        if claim > line.last and covered:
            what = f"{who} says that it holds event {claim} of {party}, whose last is {line.last}"
            yield Finding("watermark", UNKNOWN, f"{party}/{claim}", what)
        elif claim > line.last:
            what = (
                f"the tail of {party} is cut off, or {who} claims what it cannot hold: it has event {claim},"
                f" here is none beyond {line.last}"
            )
            yield Finding("truncated", _holder(observed, scope, party, line.last + 1), f"{party}/{claim}", what)


def chunks(observed: Observed, scope: Scope) -> Iterator[Finding]:
    """Contents of which a part is missing though the sender went on."""
    for address, parts in observed.chunks.items():
        counts = {frame.header.part[1] for frame in parts.values()}
        if len(counts) > 1:
            what = f"the parts of {address} disagree about their number"
            yield Finding("chunk", address.sender, str(address), what)
        elif len(parts) < min(counts) and scope.of(address.sender) and observed.unbroken(address.sender):
            what = f"{address.sender} never said all {min(counts)} parts of {address.instance}/{address.step}"
            yield Finding("chunk", address.sender, str(address), what)


def _holder(observed: Observed, scope: Scope, sender: str, number: int) -> str:
    """Who answers for an event that others say to hold: an exporter that says so itself."""
    return scope.carrier if observed.claims.get((scope.carrier, sender), 0) >= number else UNKNOWN


def consent(observed: Observed, scope: Scope, saw: Saw) -> Iterator[Finding]:
    """Nobody acts before it knows that all have accepted: its watermarks say what it held."""
    for party, line in observed.senders.items():
        deeds = [frame for frame in line.frames.values() if _acts(frame)]
        if not deeds:
            continue
        first = min(deeds, key=lambda frame: frame.header.number)
        for address in needed(observed.proposal.agreement, AGREED):
            number = observed.number(address)
            held = first.header.number - 1 if address.sender == party else first.header.seen.get(address.sender, 0)
            if number is None:
                if address.sender == party and line.at >= first.header.number:
                    yield Finding("consent", party, label(first), f"{party} acted without its own consent")
                elif scope.of(address.sender) or scope.of(party):
                    yield from _unbacked(observed, scope, saw, first, address, "acted")
            elif held < number:
                what = f"{party} acted before it held the consent of {address.sender}"
                yield Finding("consent", _guilty(saw, first, address.sender, number), label(first), what)


def _acts(frame: Frame) -> bool:
    return frame.header.event_class not in _BEFORE and state_of(frame) not in TERMINAL


def _guilty(saw: Saw, frame: Frame, other: str, number: int) -> str:
    """Who said a frame, if it has certainly seen all of another's events up to a sequence as they are here."""
    sender, cut = frame.header.source, saw.get(frame.header.source, {})
    seen = frame.header.number <= cut.get(sender, 0) and number <= cut.get(other, 0)
    return sender if other == sender or seen else UNKNOWN


def states(observed: Observed, scope: Scope, saw: Saw) -> Iterator[Finding]:
    """Every state is backed by what it needs."""
    for party, line in observed.senders.items():
        for number, state in line.states:
            if state == AGREED or not scope.of(party):  # consent is judged more strictly
                continue
            for address in needed(observed.proposal.agreement, state):
                if address not in observed.chunks:
                    yield from _unbacked(observed, scope, saw, line.frames[number], address, f"reached {state}")
                elif not all(frame.payload for frame in observed.chunks[address].values()):
                    what = f"what {address.sender} said at {address.instance}/{address.step} is kept back"
                    yield Finding("payload", scope.carrier, str(address), what)
            for at in _refused(observed) if observed.job.ends.get(state) == "gate" else []:
                what = f"{party} went on though the gate refused {at.instance.removeprefix('gate.')}"
                whose = _guilty(saw, line.frames[number], at.sender, observed.number(at) or 0)
                yield Finding("gate", whose, label(line.frames[number]), what)


def order(observed: Observed, scope: Scope) -> Iterator[Finding]:
    """A party's own events among themselves: what a state needs comes before it, what it allows comes after.

    Across parties nothing follows from order: a machine may take an event before an earlier one of the same sender.
    """
    for party, line in observed.senders.items():
        if not scope.of(party):
            continue
        for number, state in line.states:
            for address in needed(observed.proposal.agreement, state):
                if address.sender == party and (observed.number(address) or 0) > number:
                    what = f"{party} reached {state} before it said {address.instance}/{address.step}"
                    yield Finding(observed.job.ends[state], party, label(line.frames[number]), what)
        passed: set[str] = set()
        for number in range(1, line.at + 1):
            frame = line.frames[number]
            passed.add(state_of(frame) or "")
            wanted = _before(frame, observed.job)
            if wanted and wanted not in passed:
                kind = "complete" if frame.header.event_class is Complete else observed.job.ends[wanted]
                what = f"{party} said {frame.header.event_class.name} before it had reached {wanted}"
                yield Finding(kind, party, label(frame), what)


def _before(frame: Frame, job: Job) -> str:
    """The state that a party reaches before it says this: what depends on ids waits for the gate, and so on."""
    event = frame.header.event_class
    if event is Complete:
        return job.last
    return job.after.get(frame.header.instance.partition(".")[0], "") if event.encrypted else ""


def nonces(observed: Observed, cid: str) -> Iterator[Finding]:
    """Every nonce is the one that its party had committed to when it accepted."""
    for address, event in sorted(observed.events.items(), key=lambda pair: pair[0]):
        accepted = observed.events.get(Address(SESSION, "accept", address.sender))
        if not (isinstance(event, Nonce) and isinstance(accepted, Accept)):
            continue
        if commitment(cid, address.sender, event.nonce) != accepted.commitment:
            what = f"{address.sender} opened another nonce than it had committed to"
            yield Finding("nonce", address.sender, str(address), what)


def completion(observed: Observed, scope: Scope) -> Iterator[Finding]:
    """All who completed say the same rows and rounds, and name a model where one was trained."""
    said = {a.sender: event for a, event in observed.events.items() if isinstance(event, Complete)}
    trains = observed.job.models
    for party, event in sorted(said.items()):
        if bool(event.model) != trains:
            what = f"{party} completed {'without' if trains else 'with'} a model, against the agreement"
            yield Finding("complete", party, f"{party}/complete", what)
    if len({(e.rows, e.rounds, e.converged) for e in said.values()}) > 1:
        what = "the parties disagree about rows, rounds or convergence: " + ", ".join(
            f"{party} says {e.rows} rows, {e.rounds} rounds" for party, e in sorted(said.items())
        )
        yield Finding("complete", UNKNOWN, "complete", what)


def rounds(observed: Observed) -> Iterator[Finding]:
    """Nobody trains beyond the agreed rounds: addresses number them, and whoever completes says how many there were."""
    train = observed.proposal.agreement.train
    for address in sorted(observed.chunks) if train else ():
        assert train is not None
        event = observed.events.get(address)
        number = event.rounds if isinstance(event, Complete) else 0
        if address.instance in _TRAININGS:
            digits = address.step.partition(".")[2].partition(".")[0]
            number = int(digits) if digits.isdecimal() and len(digits) < 10 else 0
        if number > train.max_rounds:
            what = f"{address.sender} took part in round {number}, of {train.max_rounds} that were agreed"
            yield Finding("rounds", address.sender, str(address), what)


def after_the_end(observed: Observed, covered: dict[str, int]) -> Iterator[Finding]:
    """Beyond the final checkpoint only the end itself is said."""
    for party, end in covered.items():
        for number, frame in observed.senders[party].frames.items():
            quiet = frame.header.event_class is Checkpoint or state_of(frame) in TERMINAL
            if number > end and not quiet:
                yield Finding("late", party, label(frame), f"{party} said event {number} after the final checkpoint")


def _refused(observed: Observed) -> list[Address]:
    decisions: Iterable[tuple[Address, Event]] = observed.events.items()
    return sorted(a for a, d in decisions if isinstance(d, Gate) and "refuse" in (d.decision, d.features))


def _unbacked(
    observed: Observed, scope: Scope, saw: Saw, frame: Frame, address: Address, did: str
) -> Iterator[Finding]:
    """Something that is needed is not here: never said, or kept back by who carries the events."""
    state, sender, party = state_of(frame) or AGREED, address.sender, frame.header.source
    if observed.unbroken(sender):
        whose = _guilty(saw, frame, sender, frame.header.seen.get(sender, 0))
    else:
        whose = _holder(observed, scope, sender, observed.senders[sender].at + 1)
    what = f"{party} {did}, but {address.step} of {sender} is not here"
    yield Finding(observed.job.ends.get(state, "consent"), whose, label(frame), what)
