"""Making a party: its keystore with identity and storage key, and finding the identity again."""

from __future__ import annotations

from pathlib import Path

from accord_agents.entropy import Entropy, identity_secret
from accord_agents.security.identity import Identity
from accord_agents.security.keystore import Keystore
from accord_schemas.suites import DEFAULT, SM, Profile

_KIND = "identity.kind"


def make_identity(path: Path, party: str, passphrase: bytes, entropy: Entropy, kind: Profile = DEFAULT) -> Identity:
    """Create a keystore at `path` with a new identity and storage key.

    Raises:
        UsageError: A keystore stands there already.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    secret = identity_secret(entropy)
    kept = {"identity": secret, "storage": entropy.secret("storage"), _KIND: kind.encode()}
    Keystore.create(path, passphrase, kept)
    return Identity(party, secret, kind)


def own_identity(keystore: Keystore, party: str) -> Identity:
    """The identity in a party's keystore; one that names no kind is of the default one."""
    kind = SM if _KIND in keystore and keystore.get(_KIND) == SM.encode() else DEFAULT
    return Identity(party, keystore.get("identity"), kind)
