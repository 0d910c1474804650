"""The allow-list: whose word counts, by pinned public identity."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from accord_agents.security.identity import Identity, PublicIdentity, imported
from accord_agents.security.keystore import durable
from accord_schemas.errors import TamperError, UsageError


class Identities:
    """Public identities by party, kept in one JSON file of exports."""

    def __init__(self, exports: Iterable[PublicIdentity] = (), path: Path | None = None) -> None:
        self._known = {public.party: public for public in exports}
        self._path = path
        self._exports: dict[str, dict[str, str]] = {}

    @classmethod
    def load(cls, path: Path) -> Identities:
        """The identities of a file; an absent file is an empty list.

        Raises:
            UsageError: The file is not of the known form.
        """
        store = cls(path=path)
        try:
            exports = json.loads(path.read_bytes()) if path.exists() else {}
            items = sorted(exports.items())
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror}.") from None
        except (ValueError, AttributeError, RecursionError):
            raise UsageError(f"{path} is no file of identities.", hint="Make it with: accord keys trust FILE") from None
        for party, export in items:
            public = imported(export, f"{path}, {party}")
            if public.party != party:
                raise UsageError(f"{path}: the entry {party} is the identity of {public.party}.")
            store._known[party], store._exports[party] = public, export
        return store

    def trust(self, export: dict[str, str], where: str, *, replace: bool = False) -> PublicIdentity:
        """Pin an exported identity.

        Raises:
            TamperError: The party is pinned with other keys, and `replace` is not set.
        """
        public = imported(export, where)
        known = self._known.get(public.party)
        if known is not None and known != public and not replace:
            raise TamperError(
                f"{public.party} is pinned with other keys ({known.fingerprint}); {where} has {public.fingerprint}.",
                hint="Ask the party by another way; then trust it again with --replace.",
            )
        self._known[public.party], self._exports[public.party] = public, export
        if self._path is not None:
            durable(self._path, json.dumps(self._exports, indent=1, sort_keys=True).encode())
        return public

    def add_own(self, identity: Identity) -> None:
        """Know oneself, without writing it down."""
        self._known[identity.public.party] = identity.public

    def get(self, party: str) -> PublicIdentity | None:
        """A pinned identity, or None."""
        return self._known.get(party)

    def __iter__(self) -> Iterator[PublicIdentity]:
        return iter(self._known.values())
