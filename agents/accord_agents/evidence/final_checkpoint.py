"""Checkpoints: the roots computed again, each one's cut, and who witnessed it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from accord_agents.collaboration.checkpoints import History, checkpoint_address
from accord_agents.evidence.audit_rules import Scope
from accord_agents.evidence.finding import UNKNOWN, Finding
from accord_agents.evidence.observed import Observed
from accord_protocols.kernel.lifecycle import COMPLETED
from accord_schemas.events import Checkpoint


@dataclass(frozen=True, slots=True)
class WitnessedCheckpoint:
    """A checkpoint of the leader, whose root follows from the events that are here.

    Args:
        event: What it says.
        signers: Who said exactly that, the leader first.
        consistency: RFC 9162 proof that its tree continues the one before.
    """

    event: Checkpoint
    signers: tuple[str, ...]
    consistency: tuple[bytes, ...]


@dataclass(slots=True)
class Witnessed:
    """All checkpoints of a collaboration, in order.

    Args:
        covered: Per party, up to where a final checkpoint that all have said covers it; empty without one.
        saw: Per party, the cut of the last checkpoint that it said and that the events here give: up to there it has
            certainly seen what is here, and no other history.
    """

    found: list[WitnessedCheckpoint] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    covered: dict[str, int] = field(default_factory=dict)
    saw: dict[str, dict[str, int]] = field(default_factory=dict)


def witnessed(observed: Observed, scope: Scope) -> Witnessed:
    """Judge the checkpoints that are here."""
    result, agreement = Witnessed(), observed.proposal.agreement
    leader, order = agreement.leader, agreement.order
    history = History(order, leader, observed.known, observed.job.checkpoints, agreement.algorithms.hash)
    said = [(observed.number(a) or 0, e) for a, e in observed.events.items() if a.sender == leader]
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
                own = observed.events.get(checkpoint_address(event.phase, scope.carrier))
                whose = scope.carrier if own == event else UNKNOWN
                result.findings.append(Finding("missing", whose, where, what))
            break
        before = history.tree.size
        if (root := history.extend(event.cut).hex()) != event.root:
            what = (
                f"checkpoint {event.phase} of {leader} is not that of the events here: two histories were shown,"
                " or its root is a lie"
            )
            result.findings.append(Finding("checkpoint", _liar(observed, scope, event, root), where, what))
            break
        proof = tuple(history.tree.consistency(before, event.size))
        signers = _signers(observed, event, result)
        result.found.append(WitnessedCheckpoint(event, signers, proof))
        result.saw |= dict.fromkeys(signers, event.cut)
    result.findings += _absent(observed, scope, result)
    final = result.found[-1] if result.found else None
    if final is not None and final.event.phase == COMPLETED and set(final.signers) == set(order):
        result.covered = dict(final.event.cut)
    return result


def _liar(observed: Observed, scope: Scope, event: Checkpoint, root: str) -> str:
    """Whose doing a wrong root is: its own word for it convicts the carrier, that of all others for the right one the
    leader, which they only repeat. One alone may be the one that told two histories.
    """
    agreement = observed.proposal.agreement
    said = {party: observed.events.get(checkpoint_address(event.phase, party)) for party in agreement.order}
    if said.get(scope.carrier) == event and not observed.versions:  # any of two versions may be the one it saw
        return scope.carrier
    right = [other for other in agreement.others if isinstance(e := said[other], Checkpoint) and e.root == root]
    return agreement.leader if len(right) == len(agreement.others) > 1 else UNKNOWN


def _signers(observed: Observed, event: Checkpoint, result: Witnessed) -> tuple[str, ...]:
    """Who said the same; who said something else lies, or was told another one than the one here."""
    agreement, signers = observed.proposal.agreement, list[str]()
    for party in agreement.order:
        own = observed.events.get(checkpoint_address(event.phase, party))
        if own == event:
            signers.append(party)
        elif own is not None:
            what = (
                f"{party} signed another checkpoint {event.phase} than {agreement.leader}: one of them lies, or"
                " two histories were shown"
            )
            result.findings.append(Finding("witness", UNKNOWN, f"{party}/checkpoint", what))
    return tuple(signers)


def _absent(observed: Observed, scope: Scope, result: Witnessed) -> Iterator[Finding]:
    """A collaboration that completed has every checkpoint, each with every witness."""
    agreement = observed.proposal.agreement
    leader = agreement.leader
    done = [p for p in agreement.order if scope.of(p) and observed.senders[p].reached(COMPLETED) is not None]
    if not done or result.findings or "witness" not in agreement.versions:
        return
    found = {c.event.phase: c for c in result.found}
    if COMPLETED not in found:
        what = f"{done[0]} completed, but the final checkpoint of {leader} is not here: it is cut off, or not witnessed"
        yield Finding("truncated", UNKNOWN, f"{leader}/checkpoint", what)
    for _, state in observed.senders[leader].states:
        if state in observed.job.checkpoints - {COMPLETED} and state not in found:
            what = f"{leader} reached {state} and said no checkpoint"
            yield Finding("checkpoint", _silent(observed, leader), f"{leader}/checkpoint", what)
    for phase, checkpoint in found.items():
        for party in [p for p in agreement.order if p not in checkpoint.signers]:
            what = f"{party} did not witness checkpoint {phase}, or its word was kept back"
            yield Finding("witness", _silent(observed, party), f"{party}/checkpoint", what)


def _silent(observed: Observed, party: str) -> str:
    """Who left out a checkpoint: the party, if it said the last one and nothing of it is missing."""
    last = observed.number(checkpoint_address(COMPLETED, party))
    return party if last is not None and observed.unbroken(party) else UNKNOWN
