"""Making a party: its keystore with identity and storage key."""

from __future__ import annotations

from pathlib import Path

from accord_agents.entropy import Entropy, identity_secret
from accord_agents.security.identity import Identity
from accord_agents.security.keystore import Keystore


def make_identity(path: Path, party: str, passphrase: bytes, entropy: Entropy) -> Identity:
    """Create a keystore at `path` with a new identity and storage key.

    Raises:
        UsageError: A keystore stands there already.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    secret = identity_secret(entropy)
    Keystore.create(path, passphrase, {"identity": secret, "storage": entropy.secret("storage")})
    return Identity(party, secret)
