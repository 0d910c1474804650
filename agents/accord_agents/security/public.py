"""Public identities inside a proposal: who reads the log alone can check signatures, and compare fingerprints."""

from __future__ import annotations

from collections.abc import Mapping

from accord_agents.security.identity import PublicIdentity
from accord_agents.security.kinds.registry import kind_of
from accord_schemas.codes import Code
from accord_schemas.errors import FrameError
from accord_schemas.suites import Profile


def described(public: PublicIdentity) -> dict[str, str]:
    """The public keys of an identity as a proposal carries them, by their party's name."""
    return {"signing": public.signing.hex(), "encryption": public.encryption.hex()}


def introduced(
    identities: Mapping[str, Mapping[str, str]], fingerprints: Mapping[str, str], profile: Profile
) -> dict[str, PublicIdentity]:
    """The identities in a proposal, each the one whose fingerprint the agreement names.

    Args:
        identities: By party what `described` gave.
        fingerprints: Those of the agreement, by party.
        profile: That of the agreement, and of every identity in it.

    Raises:
        FrameError: One is missing, malformed, another, or so weak that its signatures prove nothing.
    """
    if set(identities) != set(fingerprints):
        raise FrameError("the proposal does not introduce exactly its parties", code=Code.PROPOSAL)
    found: dict[str, PublicIdentity] = {}
    for party, fields in sorted(identities.items()):
        try:
            signing, encryption = bytes.fromhex(fields["signing"]), bytes.fromhex(fields["encryption"])
            kind_of(profile).check(signing, encryption)
        except (KeyError, ValueError):
            raise FrameError(f"the identity of {party} in the proposal is malformed", code=Code.PROPOSAL) from None
        public = PublicIdentity(party, signing, encryption, profile)
        if described(public) != dict(fields) or public.fingerprint != fingerprints[party]:
            raise FrameError(
                f"the identity of {party} in the proposal is not the one that the agreement names", code=Code.PROPOSAL
            )
        found[party] = public
    return found
