"""What people do with keys: the own identity, and whose identities count."""

from __future__ import annotations

import json
from pathlib import Path

from accord_agents.config.party_file import Config, load
from accord_agents.files.folder_lock import held
from accord_agents.operator.collaborations import statuses
from accord_agents.security.entropy import SystemEntropy
from accord_agents.security.identity import PublicIdentity
from accord_agents.security.keystore import Keystore, durable
from accord_agents.security.own_identity import make_identity, own_export, own_identity, rotate_identity
from accord_agents.security.passphrase import chosen, passphrase
from accord_agents.security.trust import Identities
from accord_protocols.kernel.lifecycle import TERMINAL
from accord_schemas.canonical import unambiguous_json
from accord_schemas.errors import UsageError
from accord_schemas.suites import DEFAULT, Profile


def init_keys(path: Path, profile: Profile = DEFAULT) -> str:
    """Make an identity for a profile, and its keystore; says the fingerprint."""
    config = load(path)
    words = chosen(passphrase(config.passphrase_file))
    return _line(make_identity(config.keystore, config.party, words, SystemEntropy(), profile).public)


def show_keys(path: Path) -> str:
    """Fingerprints: the own one first, then those trusted."""
    config = load(path)
    lines = [f"{_line(own_identity(_keystore(config), config.party).public)}  (own)"]
    pinned = Identities.load(config.identities)
    lines += [_line(p) + _revoked(pinned, p) for p in pinned if p.party != config.party]
    return "\n".join(lines)


def export_identity(path: Path, file: Path) -> str:
    """Write the own public identity."""
    config = load(path)
    keystore = _keystore(config)
    durable(file, json.dumps(own_export(keystore, config.party), indent=1).encode())
    return f"{_line(own_identity(keystore, config.party).public)}  written to {file}"


def rotate_keys(path: Path, profile: Profile | None = None) -> str:
    """Give the party another identity, for what it takes part in from now on."""
    config = load(path)
    keystore = _keystore(config)
    with held(config.out):
        if left := [s["collaboration"] for s in statuses(config) if s["state"] not in TERMINAL]:
            hint = "Wait for its end, or refuse it: an agreement names the identities that speak in it."
            raise UsageError(f"collaboration {left[0]} has not ended.", hint=hint)
        old = own_identity(keystore, config.party).public
        new = rotate_identity(keystore, config.party, SystemEntropy(), profile or old.kind).public
    return f"{_line(new)}  takes the place of {old.fingerprint}; export it again for the others"


def revoke_identity(path: Path, name: str, reason: str) -> str:
    """Let another party's identity count no more."""
    public = Identities.load(load(path).identities).revoke(name, reason)
    return f"{_line(public)}  revoked; a running agent takes it up within seconds"


def trust_identity(path: Path, file: Path, *, replace: bool) -> str:
    """Pin another party's identity."""
    config = load(path)
    try:
        export = unambiguous_json(file.read_bytes())
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise UsageError(f"{file} is no exported identity.", hint="Export it with: accord keys export FILE") from None
    public = Identities.load(config.identities).trust(export, str(file), replace=replace)
    return f"{_line(public)}  trusted; a running agent takes it up within seconds"


def change_passphrase(path: Path, new: bytes) -> str:
    """Encrypt the party's keystore under another passphrase, at today's cost."""
    config = load(path)
    keystore = _keystore(config)
    with held(config.out):
        keystore.change_passphrase(chosen(new))
    where = f"put it into {config.passphrase_file}" if config.passphrase_file else "set ACCORD_PASSPHRASE to it"
    return f"{config.keystore} opens with the new passphrase; {where}. Backups made before open with the old one."


def trusted(config: Config) -> dict[str, PublicIdentity]:
    """Public identities by party, the own one included."""
    known = {p.party: p for p in Identities.load(config.identities)}
    return known | {config.party: own_identity(_keystore(config), config.party).public}


def _keystore(config: Config) -> Keystore:
    return Keystore.open(config.keystore, passphrase(config.passphrase_file))


def _revoked(pinned: Identities, public: PublicIdentity) -> str:
    reason = pinned.revoked.get(public.fingerprint)
    return "" if reason is None else f"  (revoked: {reason})"


def _line(public: PublicIdentity) -> str:
    profile = "" if public.kind == DEFAULT else f"  profile {public.kind}"
    return f"{public.party}  {public.fingerprint}{profile}"
