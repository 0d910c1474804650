"""What follows from the events, said once more for people and tools; who verifies derives it again and compares."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from accord_agents.collaboration.checkpoints import place
from accord_agents.evidence.final_checkpoint import Seal, Seals
from accord_agents.evidence.frames import SESSION
from accord_agents.evidence.notes import note
from accord_agents.evidence.observed import Account
from accord_schemas.address import Address
from accord_schemas.events import Complete


def facts(cid: str, account: Account, judged: Seals) -> dict[str, Any]:
    """JSON values; what was not said is absent."""
    terms = account.terms
    agreement, order = terms.agreement, terms.agreement.order
    return {
        "collaboration": cid,
        "job": agreement.job,
        "name": agreement.name,
        "leader": agreement.leader,
        "agreement": terms.digest,
        "profile": agreement.profile,
        "proposer": terms.proposer,
        "parties": {p: {"role": agreement.parties[p].role, "identity": terms.identities[p].fingerprint} for p in order},
        "algorithms": terms.algorithms(),
        "events": {p: len(account.lines[p].frames) for p in order},
        "states": {p: account.lines[p].state for p in order},
        "consents": dict(_consents(account)),
        **{name: fact.of(account.events) for name, fact in account.job.facts.items()},
        "results": {
            a.sender: {"model": e.model, "rows": e.rows, "rounds": e.rounds, "converged": e.converged}
            for a, e in account.events.items()
            if isinstance(e, Complete)
        },
        "checkpoints": [_checkpoint(cid, account, seal) for seal in judged.found],
        "sealed": bool(judged.covered),
    }


def _consents(account: Account) -> Iterable[tuple[str, dict[str, Any]]]:
    for party in account.terms.agreement.order:
        number = account.number(Address(SESSION, "accept", party))
        if number is not None:
            digest = account.lines[party].frames[number].digest
            yield party, {"sequence": number, "digest": digest.hex()}


def _checkpoint(cid: str, account: Account, seal: Seal) -> dict[str, Any]:
    identities = account.terms.identities
    frames = ((p, account.chunks[place(seal.event.phase, p)][1]) for p in seal.voices)
    return {
        "phase": seal.event.phase,
        "cut": seal.event.cut,
        "size": seal.event.size,
        "root": seal.event.root,
        "signed_by": list(seal.voices),
        "consistency": [node.hex() for node in seal.consistency],
        "note": note(cid, seal.event, ((identities[p], frame) for p, frame in frames)),
    }
