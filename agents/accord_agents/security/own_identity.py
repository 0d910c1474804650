"""Making a party: its keystore with identity and storage key, finding the identity again, and giving it another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from accord_agents.security.entropy import Entropy, identity_secret
from accord_agents.security.identity import Identity, PublicIdentity
from accord_agents.security.keystore import STRETCHED, Keystore
from accord_agents.security.validity import KnownIdentity, clock, moment, written
from accord_schemas.canonical import canonical_json
from accord_schemas.errors import UsageError
from accord_schemas.suites import DEFAULT, SUITES, Profile

_KIND, _FORMER, _EXPORT = "identity.kind", "identity.former/", "identity.export"
_UNTIL = "identity.until/"


def make_identity(
    path: Path,
    party: str,
    passphrase: bytes,
    entropy: Entropy,
    kind: Profile = DEFAULT,
    cost: int = STRETCHED,
) -> Identity:
    """Create a keystore at `path` with a new identity and storage key; `cost` as in `Keystore.create`.

    Raises:
        UsageError: A keystore stands there already.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    secret = identity_secret(entropy)
    kept = {"identity": secret, "storage": entropy.secret("storage"), _KIND: kind.encode()}
    Keystore.create(path, passphrase, kept, cost)
    return Identity(party, secret, kind)


def own_identity(keystore: Keystore, party: str) -> Identity:
    """The identity in a party's keystore; one that names no kind is of the default one."""
    kind = keystore.get(_KIND) if _KIND in keystore else b""
    return Identity(party, keystore.get("identity"), _profile(kind))


def former_identities(keystore: Keystore, party: str) -> list[Identity]:
    """The identities that the present one took the place of: collaborations of their time name them."""
    entries = [keystore.get(name) for name in keystore.names(_FORMER)]
    return [Identity(party, entry[:64], _profile(entry[64:])) for entry in entries]


def rotate_identity(keystore: Keystore, party: str, entropy: Entropy, kind: Profile) -> Identity:
    """Give a party another identity; the old one introduces it and is kept for what it signed."""
    old = own_identity(keystore, party)
    secret = identity_secret(entropy)
    new = Identity(party, secret, kind)
    former = keystore.get("identity") + old.public.kind.encode()
    export = canonical_json(old.succeeded(new))
    entries = {f"{_FORMER}{old.public.fingerprint}": former, _EXPORT: export, "identity": secret, _KIND: kind.encode()}
    if now := clock():
        entries[f"{_UNTIL}{old.public.fingerprint}"] = written(now).encode()
    keystore.put_many(entries)
    return new


def own_export(keystore: Keystore, party: str) -> dict[str, Any]:
    """The own export, introduced by the identity before it, where there was one."""
    own = own_identity(keystore, party)
    if _EXPORT not in keystore:
        return own.export()
    found: dict[str, Any] = json.loads(keystore.get(_EXPORT))
    return found if "accepted" in found else own.accepted(found)  # one of an earlier version


def own_history(keystore: Keystore, party: str) -> list[tuple[dict[str, str], KnownIdentity]]:
    """The own identities, the present one first: each one's export, and when its word counts."""
    every = [own_identity(keystore, party), *former_identities(keystore, party)]
    return [(identity.export(), _known(keystore, identity.public)) for identity in every]


def _known(keystore: Keystore, public: PublicIdentity) -> KnownIdentity:
    name = f"{_UNTIL}{public.fingerprint}"
    until = moment(keystore.get(name).decode()) if name in keystore else None
    return KnownIdentity(public.fingerprint, public, until=until)


def _profile(kind: bytes) -> Profile:
    name = kind.decode() or DEFAULT
    if name not in SUITES:
        raise UsageError(
            f"the identity in the keystore is of the kind {name}, which this version does not know.",
            hint="Start the version that made it, or a later one.",
        )
    return SUITES[name].name
