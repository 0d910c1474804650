"""What the proposal fixes for everything after it: agreement, identities, and the collaboration's id."""

from __future__ import annotations

from dataclasses import dataclass

from accord_agents.security.identity import PublicIdentity
from accord_agents.security.public import introduced
from accord_protocols.jobs.registry import JOBS
from accord_schemas.agreement import Agreement, collaboration_id
from accord_schemas.errors import FrameError
from accord_schemas.events import Propose
from accord_schemas.frame import Frame


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposal that holds together; whether all parties consented is another question."""

    agreement: Agreement
    digest: str
    proposer: str
    identities: dict[str, PublicIdentity]

    def fingerprints(self) -> dict[str, str]:
        """By party."""
        return {party: public.fingerprint for party, public in sorted(self.identities.items())}

    def algorithms(self) -> list[str]:
        """The signature algorithms of the parties."""
        return sorted({public.algorithm for public in self.identities.values()})


def read_proposal(frame: Frame) -> Proposal:
    """The proposal in a proposal whose payload is there; its signature is not checked here.

    Raises:
        FrameError: It contradicts itself, its envelope, or the fingerprints that it names.
    """
    header = frame.header
    event = Propose.decode(frame.payload)
    if not event.identities:
        raise FrameError("the proposal introduces no keys: nothing can be checked")
    agreement = Agreement.decode(event.agreement)
    if agreement.job not in JOBS:
        raise FrameError(f"this version of Accord does not know the job {agreement.job}")
    if wrong := JOBS[agreement.job].objection(agreement):
        raise FrameError(wrong)
    digest = agreement.digest()
    if header.agreement != digest.hex() or header.source not in agreement.parties:
        raise FrameError("the proposal is not that of its envelope")
    if header.subject != collaboration_id(digest, event.nonce):
        raise FrameError("the proposal does not give this collaboration's id")
    identities = introduced(event.identities, {p: m.identity for p, m in agreement.parties.items()}, agreement.profile)
    return Proposal(agreement, digest.hex(), header.source, identities)
