"""Fingerprints that whoever verifies knows by another way than the events."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from accord_agents.security.identity import imported
from accord_agents.security.trust import FORMER, REVOKED
from accord_schemas.canonical import unambiguous_json
from accord_schemas.errors import UsageError
from accord_schemas.header import PARTY

_FINGERPRINT = re.compile(r"[0-9a-f]{4}(-[0-9a-f]{4}){9}")


def pins(path: Path) -> dict[str, str]:
    """Fingerprints by party; one with several identities, now and formerly, has them separated by blanks.

    An identity that the file says was revoked is not among them.

    Args:
        path: JSON ``{party: fingerprint}``, or a file of exported identities such as ``identities.json``.

    Raises:
        UsageError: It cannot be read, or is neither.
    """
    try:
        value = unambiguous_json(path.read_bytes())
    except OSError as error:
        raise UsageError(f"the identities {path} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or not value:
        raise _unusable(path)
    former, revoked = value.pop(FORMER, []), value.pop(REVOKED, {})
    found = {party: [_pin(path, party, entry)] for party, entry in value.items()}
    if not isinstance(former, list) or not isinstance(revoked, dict):
        raise _unusable(path)
    for entry in former:
        public = imported(entry, f"{path}, {FORMER}")
        found.setdefault(public.party, []).append(public.fingerprint)
    return {party: " ".join(f for f in known if f not in revoked) for party, known in found.items()}


def _pin(path: Path, party: str, entry: Any) -> str:
    if not re.fullmatch(PARTY, party):
        raise _unusable(path)
    if isinstance(entry, dict):
        public = imported(entry, f"{path}, {party}")
        if public.party != party:
            raise UsageError(f"{path}: the entry {party} is the identity of {public.party}.")
        return public.fingerprint
    if not isinstance(entry, str) or not _FINGERPRINT.fullmatch(entry):
        raise UsageError(f"{path}: {party}: no fingerprint.", hint="Take it from: accord keys show")
    return entry


def _unusable(path: Path) -> UsageError:
    return UsageError(
        f"{path} is no file of identities.", hint='Write {"PARTY": "FINGERPRINT"}, or name identities.json.'
    )
