"""What follows from the events, said once more for people and tools; who verifies derives it again and compares."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from accord_agents.collaboration.checkpoints import checkpoint_address
from accord_agents.evidence.final_checkpoint import Witnessed, WitnessedCheckpoint
from accord_agents.evidence.frames import SESSION
from accord_agents.evidence.notes import note
from accord_agents.evidence.observed import Observed
from accord_schemas.address import Address
from accord_schemas.events import Complete


def facts(cid: str, observed: Observed, judged: Witnessed) -> dict[str, Any]:
    """JSON values; what was not said is absent."""
    proposal = observed.proposal
    agreement, order = proposal.agreement, proposal.agreement.order
    return {
        "collaboration": cid,
        "job": agreement.job,
        "name": agreement.name,
        "leader": agreement.leader,
        "agreement": proposal.digest,
        "profile": agreement.profile,
        "proposer": proposal.proposer,
        "parties": {
            p: {"role": agreement.parties[p].role, "identity": proposal.identities[p].fingerprint} for p in order
        },
        "algorithms": proposal.algorithms(),
        "events": {p: len(observed.senders[p].frames) for p in order},
        "states": {p: observed.senders[p].state for p in order},
        "consents": dict(_consents(observed)),
        **{name: fact.of(observed.events) for name, fact in observed.job.facts.items()},
        "results": {
            a.sender: {"model": e.model, "rows": e.rows, "rounds": e.rounds, "converged": e.converged, "few": e.few}
            for a, e in observed.events.items()
            if isinstance(e, Complete)
        },
        "checkpoints": [_checkpoint(cid, observed, checkpoint) for checkpoint in judged.found],
        "witnessed": bool(judged.covered),
    }


def _consents(observed: Observed) -> Iterable[tuple[str, dict[str, Any]]]:
    for party in observed.proposal.agreement.order:
        number = observed.number(Address(SESSION, "accept", party))
        if number is not None:
            digest = observed.senders[party].frames[number].digest
            yield party, {"sequence": number, "digest": digest.hex()}


def _checkpoint(cid: str, observed: Observed, checkpoint: WitnessedCheckpoint) -> dict[str, Any]:
    identities = observed.proposal.identities
    frames = ((p, observed.chunks[checkpoint_address(checkpoint.event.phase, p)][1]) for p in checkpoint.signers)
    return {
        "phase": checkpoint.event.phase,
        "cut": checkpoint.event.cut,
        "size": checkpoint.event.size,
        "root": checkpoint.event.root,
        "signed_by": list(checkpoint.signers),
        "consistency": [node.hex() for node in checkpoint.consistency],
        "note": note(cid, checkpoint.event, ((identities[p], frame) for p, frame in frames)),
    }
