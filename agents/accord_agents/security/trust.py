"""The allow-list: whose word counts, by pinned public identity; former identities, and revoked ones.

In the file stand the exports by party; names that no party can have hold the rest: ``#former`` a list of exports that
were replaced, ``#until`` when by fingerprint, ``#revoked`` reason and date by fingerprint. What was revoked before
revocations bore dates has its reason alone.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from accord_agents.security.fingerprint import meant
from accord_agents.security.identity import Identity, PublicIdentity, exported, imported
from accord_agents.security.keystore import durable
from accord_agents.security.validity import KnownIdentity, Revocation, clock, moment, written
from accord_schemas.canonical import unambiguous_json
from accord_schemas.errors import TamperError, UsageError

V = TypeVar("V")
FORMER, UNTIL, REVOKED = "#former", "#until", "#revoked"


class Identities:
    """Public identities by party, kept in one JSON file of exports."""

    def __init__(self, exports: Iterable[PublicIdentity] = (), path: Path | None = None) -> None:
        self._known = {public.party: public for public in exports}
        self._path = path
        self._exports: dict[str, dict[str, str]] = {}
        self._former: list[dict[str, str]] = []
        self._old: dict[str, PublicIdentity] = {}
        self._until: dict[str, datetime.datetime] = {}
        self.revoked: dict[str, Revocation] = {}
        """By fingerprint."""

    @classmethod
    def load(cls, path: Path) -> Identities:
        """The identities of a file; an absent file is an empty list.

        Raises:
            UsageError: The file is not of the known form.
        """
        store = cls(path=path)
        try:
            exports: dict[str, Any] = unambiguous_json(path.read_bytes()) if path.exists() else {}
            former, until = list(exports.pop(FORMER, [])), replaced(exports.pop(UNTIL, {}))
            store._until, store.revoked = until, revocations(exports.pop(REVOKED, {}))
            items = sorted(exports.items())
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror}.") from None
        except (ValueError, AttributeError, TypeError, RecursionError):
            raise UsageError(f"{path} is no file of identities.", hint="Make it with: accord keys trust FILE") from None
        for party, export in items:
            public = imported(export, f"{path}, {party}")
            if public.party != party:
                raise UsageError(f"{path}: the entry {party} is the identity of {public.party}.")
            store._known[party], store._exports[party] = public, export
        store._former = former
        store._old = {p.fingerprint: p for p in (imported(export, f"{path}, {FORMER}") for export in former)}
        every = [*store._old, *(public.fingerprint for public in store._known.values())]
        store._until, store.revoked = _whole(store._until, every), _whole(store.revoked, every)
        return store

    def trust(self, export: dict[str, Any], where: str, *, replace: bool = False) -> PublicIdentity:
        """Pin an exported identity. One that the pinned identity introduces takes its place.

        Raises:
            TamperError: The party is pinned with other keys, which do not introduce these, and `replace` is not set;
                or these were revoked.
        """
        public, plain = exported(export, where)
        known = self._known.get(public.party)
        self.revoked = _whole(self.revoked, [public.fingerprint])
        if public.fingerprint in self.revoked:
            raise TamperError(f"{where} has an identity of {public.party} that was {self.revoked[public.fingerprint]}.")
        if known is not None and known != public:
            if not replace and (known.fingerprint in self.revoked or not known.introduces(export)):
                has = f"{where} has {public.shown}"
                raise TamperError(
                    f"{public.party} is pinned with other keys ({known.shown}); {has}.",
                    hint="Ask the party by another way; then trust it again with --replace.",
                )
            self._former.append(self._exports[public.party])
            self._old[known.fingerprint] = known
            if now := clock():
                self._until[known.fingerprint] = now
        self._until.pop(public.fingerprint, None)
        self._known[public.party], self._exports[public.party] = public, plain
        self._write()
        return public

    def revoke(self, name: str, reason: str, at: datetime.datetime | None = None) -> PublicIdentity:
        """Let an identity's word count no more, whatever it signs.

        Args:
            name: A party, whose present identity is meant, or a fingerprint.
            reason: For people.
            at: From when on, for those who verify what it signed before; now, unless it is known to be earlier. Of two
                revocations the earlier counts.

        Raises:
            UsageError: No such identity is pinned.
        """
        every = {p.fingerprint: p for p in self._known.values()} | self._old
        public = self._known.get(name) or next((p for f, p in every.items() if meant(name, f)), None)
        if public is None:
            raise UsageError(f"no identity {name!r} is pinned.", hint="See them all with: accord keys show")
        before = self.revoked.get(public.fingerprint)
        dates = [at for at in (at or clock(), before and before.at) if at]
        self.revoked[public.fingerprint] = Revocation(reason, min(dates, default=None))
        self._write()
        return public

    def _write(self) -> None:
        if self._path is not None:
            until = {fingerprint: written(when) for fingerprint, when in self._until.items()}
            more = {FORMER: self._former, UNTIL: until, REVOKED: {f: _body(r) for f, r in self.revoked.items()}}
            body = {**self._exports, **{name: value for name, value in more.items() if value}}
            durable(self._path, json.dumps(body, indent=1, sort_keys=True).encode())

    def known(self) -> Iterator[tuple[PublicIdentity, dict[str, str], KnownIdentity]]:
        """Every identity that is or was pinned, the present ones first: its export, and when its word counts."""
        now = {public.fingerprint: self._exports[party] for party, public in sorted(self._known.items())}
        former = {self._imported(export).fingerprint: export for export in self._former}
        for fingerprint, export in (now | {f: e for f, e in former.items() if f not in now}).items():
            public = self._imported(export)
            until, revocation = self._until.get(fingerprint), self.revoked.get(fingerprint)
            yield public, export, KnownIdentity(fingerprint, public, None, until, revocation)

    def _imported(self, export: dict[str, str]) -> PublicIdentity:
        return imported(export, str(self._path))

    def add_own(self, identity: Identity, former: Iterable[PublicIdentity] = ()) -> None:
        """Know oneself, as one is and was, without writing it down."""
        self._known[identity.public.party] = identity.public
        self._old |= {public.fingerprint: public for public in former}

    def get(self, party: str) -> PublicIdentity | None:
        """A party's pinned identity; None without one, or when it was revoked."""
        public = self._known.get(party)
        return None if public is None or public.fingerprint in self.revoked else public

    def named(self, party: str, fingerprint: str) -> PublicIdentity | None:
        """The identity of that fingerprint, pinned now or formerly and not revoked: who speaks in a collaboration."""
        public = self._known.get(party)
        if public is None or public.fingerprint != fingerprint:
            public = self._old.get(fingerprint)
        return None if public is None or public.party != party or fingerprint in self.revoked else public

    def every(self, party: str) -> list[PublicIdentity]:
        """All identities of a party that are or were pinned, revoked ones too: what they signed, they signed."""
        now = [self._known[party]] if party in self._known else []
        return now + [public for public in self._old.values() if public.party == party]

    def __iter__(self) -> Iterator[PublicIdentity]:
        return iter(self._known.values())


def _whole(said: dict[str, V], fingerprints: Iterable[str]) -> dict[str, V]:
    """What a file says by fingerprints that may stand there as they are shown, by whole ones."""
    return {next((f for f in fingerprints if meant(written, f)), written): what for written, what in said.items()}


def replaced(value: Any) -> dict[str, datetime.datetime]:
    """When identities were replaced, as a file says it, by fingerprint.

    Raises:
        ValueError, TypeError, AttributeError: It is not of the known form.
    """
    return {str(fingerprint): moment(when) for fingerprint, when in value.items()}


def revocations(value: Any) -> dict[str, Revocation]:
    """Revocations as a file says them, by fingerprint: a reason, or ``{"reason": TEXT, "at": DATE}``.

    Raises:
        ValueError, TypeError, AttributeError: It is not of the known form.
    """
    return {str(fingerprint): _revocation(entry) for fingerprint, entry in value.items()}


def _revocation(entry: Any) -> Revocation:
    if isinstance(entry, str):
        return Revocation(entry)
    if not isinstance(entry, dict) or set(entry) - {"reason", "at"}:
        raise ValueError("no revocation")
    return Revocation(str(entry.get("reason", "")), moment(entry["at"]) if "at" in entry else None)


def _body(revocation: Revocation) -> dict[str, str]:
    return {"reason": revocation.reason} | ({"at": written(revocation.at)} if revocation.at else {})
