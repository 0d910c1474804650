"""What people do with keys: the own identity, and whose identities count."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

from accord_agents.config.party_file import Config, load
from accord_agents.files.folder_lock import held
from accord_agents.operator.collaborations import statuses
from accord_agents.security.entropy import SystemEntropy
from accord_agents.security.identity import PublicIdentity
from accord_agents.security.keystore import Keystore, durable
from accord_agents.security.own_identity import (
    make_identity,
    own_export,
    own_history,
    own_identity,
    rotate_identity,
)
from accord_agents.security.passphrase import chosen, passphrase
from accord_agents.security.trust import Identities
from accord_agents.security.validity import NEVER_SET, clock, described, moment, written
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
    return f"{_line(new)}  takes the place of {old.shown}; export it again for the others"


def revoke_identity(path: Path, name: str, reason: str, since: str = "") -> str:
    """Let another party's identity count no more.

    Args:
        path: The party's file.
        name: A party or a fingerprint.
        reason: For people.
        since: From when on, for those who verify what it signed before; empty for now.

    Raises:
        UsageError: There is no such identity, or no such date.
    """
    pinned = Identities.load(load(path).identities)
    public = pinned.revoke(name, reason, _since(since))
    at = pinned.revoked[public.fingerprint].at
    dated = f" since {written(at)}" if at else ""
    return f"{_line(public)}  revoked{dated}; a running agent takes it up within seconds"


def _since(text: str) -> datetime.datetime | None:
    now = clock()
    try:
        since = moment(text) if text else now
    except ValueError:
        hint = "Write 2026-05-12, or with time and zone 2026-05-12T09:30:00Z."
        raise UsageError(f"--since: {text!r} is no date.", hint=hint) from None
    if since is None:
        raise UsageError("this machine's clock is not set.", hint="Set it, or say since when: --since DATE")
    if now is not None and not NEVER_SET <= since <= now:
        hint = "A revocation holds at once; say since when what was signed does not count."
        raise UsageError(f"--since: {written(since)} is not between {written(NEVER_SET)} and now.", hint=hint)
    return since


def known_identities(path: Path) -> str:
    """Every identity that this party knows, its own ones too, as ``--identities`` of a verifier takes them: JSON."""
    config = load(path)
    found: dict[str, list[dict[str, Any]]] = {}
    for export, known in own_history(_keystore(config), config.party):
        found.setdefault(config.party, []).append(described(known, export))
    for public, export, known in Identities.load(config.identities).known():
        if public.party != config.party:
            found.setdefault(public.party, []).append(described(known, export))
    return json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False)


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
    revocation = pinned.revoked.get(public.fingerprint)
    if revocation is None:
        return ""
    return f"  (revoked: {revocation.reason})" + (f" since {written(revocation.at)}" if revocation.at else "")


def _line(public: PublicIdentity) -> str:
    profile = "" if public.kind == DEFAULT else f"  profile {public.kind}"
    return f"{public.party}  {public.shown}{profile}"
