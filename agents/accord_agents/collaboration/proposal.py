"""Whether a proposal is one, and whose business."""

from __future__ import annotations

from accord_agents.security.public import introduced
from accord_agents.security.trust import Identities
from accord_schemas.agreement import Agreement, collaboration_id
from accord_schemas.codes import Code
from accord_schemas.errors import FrameError
from accord_schemas.events import Propose
from accord_schemas.frame import Frame


def proposed(frame: Frame, me: str, identities: Identities) -> bool:
    """Whether this party is asked to take part.

    Args:
        frame: A proposal, whose payload was checked.
        me: This party.
        identities: Whose word counts.

    Raises:
        FrameError: It is not what its envelope says, or does not name the pinned identities.
    """
    event = Propose.decode(frame.payload)
    agreement = Agreement.decode(event.agreement)
    if len(frame.payload) > agreement.limits.control_bytes:
        raise FrameError("the proposal is larger than its own limits allow", code=Code.PROPOSAL)
    if me not in agreement.parties:
        return False  # somebody else's business
    if set(frame.header.to) != set(agreement.parties) - {frame.header.source}:
        raise FrameError("a proposal goes to all other parties", code=Code.PROPOSAL)
    if frame.header.agreement != agreement.digest().hex() or frame.header.source not in agreement.parties:
        raise FrameError("the proposal is not that of its envelope", code=Code.PROPOSAL)
    if frame.header.subject != collaboration_id(agreement.digest(), event.nonce):
        raise FrameError("the proposal does not give this collaboration's id", code=Code.PROPOSAL)
    for party, member in agreement.parties.items():
        public = identities.get(party)
        if public is None or public.fingerprint != member.identity:
            raise FrameError(
                f"the proposal names an identity of {party} that is not the pinned one", code=Code.PROPOSAL
            )
        if public.kind != agreement.profile:
            raise FrameError(f"the identity of {party} is not of the profile {agreement.profile}", code=Code.PROPOSAL)
    if event.identities:
        introduced(event.identities, {p: m.identity for p, m in agreement.parties.items()}, agreement.profile)
    return True
