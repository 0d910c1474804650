"""The file of identities that whoever verifies knows: ``--identities``."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from accord_agents.evidence.known import Known
from accord_agents.security.fingerprint import FORM, SHORT, meant, same
from accord_agents.security.identity import exported
from accord_agents.security.trust import FORMER, REVOKED, UNTIL, replaced, revocations
from accord_agents.security.validity import KnownIdentity, Revocation, moment
from accord_schemas.canonical import unambiguous_json
from accord_schemas.errors import UsageError
from accord_schemas.header import PARTY

_REVOKED = ("revoked", "revoked_at", "revoked-at")
_NAMES = ("fingerprint", "identity", "from", "until", *_REVOKED, "reason")
_DATE = "Write 2026-05-12, or with time and zone 2026-05-12T09:30:00Z."
Entry = tuple[str, KnownIdentity]


def load(path: Path) -> Known:
    """The identities in a file.

    Args:
        path: JSON. Per party a fingerprint, an export of ``accord keys export`` (of a rotation, too), an object with
            ``fingerprint`` or ``identity`` and its validity, or a list of these; a party's own ``identities.json``;
            or one export alone, or a list of them.

    Raises:
        UsageError: It cannot be read, or is none of these.
    """
    try:
        value = unambiguous_json(path.read_bytes())
    except OSError as error:
        raise UsageError(f"the identities {path} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        value = None
    try:
        return Known(_entries(path, value))
    except (AttributeError, TypeError, ValueError):
        raise _unusable(path) from None


def _entries(path: Path, value: Any) -> Iterator[Entry]:
    exports = value if isinstance(value, list) else [value]
    if exports and all(_is_export(one) for one in exports):
        for one in exports:
            yield from _export(one, str(path))
        return
    if not isinstance(value, dict) or not value:
        raise _unusable(path)
    former, until = value.pop(FORMER, []), replaced(value.pop(UNTIL, {}))
    revoked = revocations(value.pop(REVOKED, {}))
    found = [entry for party, listed in value.items() for entry in _party(path, party, listed)]
    found += [entry for one in former for entry in _export(one, f"{path}, {FORMER}")]
    for party, known in found:
        yield party, known
        for written in sorted(f for f in {*until, *revoked} if same(f, known.fingerprint)):
            yield party, KnownIdentity(written, until=until.get(written), revocation=revoked.get(written))


def _party(path: Path, party: str, listed: Any) -> Iterator[Entry]:
    where = f"{path}: {party}"
    if not re.fullmatch(PARTY, party):
        raise _unusable(path)
    for one in listed if isinstance(listed, list) else [listed]:
        for owner, known in _one(one, party, where):
            if owner != party:
                raise UsageError(f"{where}: this is the identity of {owner}.")
            yield owner, known
    if listed == []:
        raise UsageError(f"{where}: no identity.", hint=f"Leave {party} out, or name its fingerprint.")


def _one(value: Any, party: str, where: str) -> Iterator[Entry]:
    if isinstance(value, str) and _fingerprint(value):
        yield party, KnownIdentity(value)
    elif _is_export(value):
        yield from _export(value, where)
    elif isinstance(value, dict):
        yield from _dated(value, party, where)
    else:
        raise UsageError(f"{where}: no fingerprint.", hint="Take it from: accord keys show")


def _dated(value: dict[str, Any], party: str, where: str) -> Iterator[Entry]:
    """An identity with its validity."""
    for name in value.keys() - set(_NAMES):
        near = difflib.get_close_matches(name, _NAMES, 1)
        raise UsageError(f"{where}: {name!r} is not known.", hint=f"Did you mean {near[0]}?" if near else "")
    found = list(_export(value["identity"], where)) if "identity" in value else []
    fingerprint = value.get("fingerprint", found[0][1].fingerprint if found else None)
    if not isinstance(fingerprint, str) or not _fingerprint(fingerprint):
        raise UsageError(f"{where}: no fingerprint.", hint="Take it from: accord keys show")
    if found and not meant(fingerprint, found[0][1].fingerprint):
        raise UsageError(f"{where}: {fingerprint} is not the fingerprint of the identity beside it.")
    yield from found
    since, until = _date(value, "from", where), _date(value, "until", where, end=True)
    yield party, KnownIdentity(fingerprint, None, since, until, _revocation(value, where))


def _fingerprint(text: str) -> bool:
    """Whether a text is one, whole or as it is shown."""
    return bool(FORM.fullmatch(text) or SHORT.fullmatch(text))


def _revocation(value: dict[str, Any], where: str) -> Revocation | None:
    given = [name for name in _REVOKED if name in value]
    if not given:
        return None
    said, reason = value[given[0]], str(value.get("reason", ""))
    if len(given) > 1:
        raise UsageError(f"{where}: {given[0]} and {given[1]} say the same.", hint="Keep one of them.")
    if isinstance(said, dict):
        return revocations({where: {"reason": reason, **said}})[where]
    return Revocation(reason, None if said is True else _date(value, given[0], where))


def _date(value: dict[str, Any], name: str, where: str, *, end: bool = False) -> Any:
    if value.get(name) is None:
        return None
    try:
        return moment(value[name], end=end)
    except (TypeError, ValueError):
        raise UsageError(f"{where}: {name}: {value[name]!r} is no date.", hint=_DATE) from None


def _is_export(value: Any) -> bool:
    return isinstance(value, dict) and (
        {"signing", "signature"} <= set(value) or {"succeeds", "identity"} <= set(value)
    )


def _export(value: Any, where: str) -> Iterator[Entry]:
    """The identity in an export, and the one before it, for which it vouches itself."""
    public, _ = exported(value, where)
    yield public.party, KnownIdentity(public.fingerprint, public)
    if before := public.succeeded(value):
        yield public.party, KnownIdentity(before)


def _unusable(path: Path) -> UsageError:
    return UsageError(
        f"{path} is no file of identities.",
        hint='Write {"PARTY": "FINGERPRINT"}, name identities.json, or make one with: accord keys known',
    )
