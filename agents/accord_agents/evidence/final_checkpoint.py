"""Checkpoints: the roots computed again, each one's cut, and who witnessed it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from accord_agents.collaboration.checkpoints import History, place
from accord_agents.evidence.audit_rules import Scope
from accord_agents.evidence.finding import UNKNOWN, Finding
from accord_agents.evidence.observed import Account
from accord_protocols.kernel.lifecycle import COMPLETED
from accord_schemas.events import Checkpoint


@dataclass(frozen=True, slots=True)
class Seal:
    """A checkpoint of the leader, whose root follows from the events that are here.

    Args:
        event: What it says.
        voices: Who said exactly that, the leader first.
        consistency: RFC 9162 proof that its tree continues the one before.
    """

    event: Checkpoint
    voices: tuple[str, ...]
    consistency: tuple[bytes, ...]


@dataclass(slots=True)
class Seals:
    """All checkpoints of a collaboration, in order.

    Args:
        covered: Per party, up to where a final checkpoint that all have said covers it; empty without one.
        saw: Per party, the cut of the last checkpoint that it said and that the events here give: up to there it has
            certainly seen what is here, and no other history.
    """

    found: list[Seal] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    covered: dict[str, int] = field(default_factory=dict)
    saw: dict[str, dict[str, int]] = field(default_factory=dict)


def seals(account: Account, scope: Scope) -> Seals:
    """Judge the checkpoints that are here."""
    result, agreement = Seals(), account.terms.agreement
    leader, order = agreement.leader, agreement.order
    history = History(order, leader, account.known, account.job.checkpoints, agreement.algorithms.hash)
    said = [(account.number(a) or 0, e) for a, e in account.events.items() if a.sender == leader]
    for number, event in sorted((n, e) for n, e in said if isinstance(e, Checkpoint)):
        where = f"{leader}/{number}"
        wrong = history.malformed(event, number)
        if not wrong and history.backwards(event.cut):
            wrong = "leaves out what an earlier one covered"
        if wrong:
            result.findings.append(Finding("cut", leader, where, f"checkpoint {event.phase} of {leader} {wrong}"))
            break
        if not history.holds(event.cut):
            if all(map(scope.of, order)):
                what = f"checkpoint {event.phase} of {leader} covers events that are not here"
                own = account.events.get(place(event.phase, scope.carrier))
                whose = scope.carrier if own == event else UNKNOWN
                result.findings.append(Finding("missing", whose, where, what))
            break
        before = history.tree.size
        if (root := history.extend(event.cut).hex()) != event.root:
            what = (
                f"checkpoint {event.phase} of {leader} is not that of the events here: two histories were shown,"
                " or its root is a lie"
            )
            result.findings.append(Finding("checkpoint", _liar(account, scope, event, root), where, what))
            break
        proof = tuple(history.tree.consistency(before, event.size))
        voices = _voices(account, event, result)
        result.found.append(Seal(event, voices, proof))
        result.saw |= dict.fromkeys(voices, event.cut)
    result.findings += _absent(account, scope, result)
    final = result.found[-1] if result.found else None
    if final is not None and final.event.phase == COMPLETED and set(final.voices) == set(order):
        result.covered = dict(final.event.cut)
    return result


def _liar(account: Account, scope: Scope, event: Checkpoint, root: str) -> str:
    """Whose doing a wrong root is: its own word for it convicts the carrier, that of all others for the right one the
    leader, which they only repeat. One alone may be the one that told two histories.
    """
    agreement = account.terms.agreement
    said = {party: account.events.get(place(event.phase, party)) for party in agreement.order}
    if said.get(scope.carrier) == event and not account.versions:  # any of two versions may be the one it saw
        return scope.carrier
    right = [other for other in agreement.others if isinstance(e := said[other], Checkpoint) and e.root == root]
    return agreement.leader if len(right) == len(agreement.others) > 1 else UNKNOWN


def _voices(account: Account, event: Checkpoint, result: Seals) -> tuple[str, ...]:
    """Who said the same; who said something else lies, or was told another one than the one here."""
    agreement, voices = account.terms.agreement, list[str]()
    for party in agreement.order:
        own = account.events.get(place(event.phase, party))
        if own == event:
            voices.append(party)
        elif own is not None:
            what = (
                f"{party} signed another checkpoint {event.phase} than {agreement.leader}: one of them lies, or"
                " two histories were shown"
            )
            result.findings.append(Finding("witness", UNKNOWN, f"{party}/checkpoint", what))
    return tuple(voices)


def _absent(account: Account, scope: Scope, result: Seals) -> Iterator[Finding]:
    """A collaboration that completed has every checkpoint, each with every witness."""
    agreement = account.terms.agreement
    leader = agreement.leader
    done = [p for p in agreement.order if scope.of(p) and account.lines[p].reached(COMPLETED) is not None]
    if not done or result.findings or "witness" not in agreement.versions:
        return
    sealed = {seal.event.phase: seal for seal in result.found}
    if COMPLETED not in sealed:
        what = (
            f"{done[0]} completed, but the final checkpoint of {leader} is not here: the tail is cut off, or unsealed"
        )
        yield Finding("truncated", UNKNOWN, f"{leader}/checkpoint", what)
    for _, state in account.lines[leader].states:
        if state in account.job.checkpoints - {COMPLETED} and state not in sealed:
            what = f"{leader} reached {state} and said no checkpoint"
            yield Finding("checkpoint", _silent(account, leader), f"{leader}/checkpoint", what)
    for phase, seal in sealed.items():
        for party in [p for p in agreement.order if p not in seal.voices]:
            what = f"{party} did not witness checkpoint {phase}, or its word was kept back"
            yield Finding("witness", _silent(account, party), f"{party}/checkpoint", what)


def _silent(account: Account, party: str) -> str:
    """Who left out a checkpoint: the party, if it said the last one and nothing of it is missing."""
    last = account.number(place(COMPLETED, party))
    return party if last is not None and account.unbroken(party) else UNKNOWN
