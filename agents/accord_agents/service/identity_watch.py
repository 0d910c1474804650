"""Takes up what people change in the file of pinned identities while the agent runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accord_agents.config.party_file import Config
from accord_agents.security.identity import Identity
from accord_agents.security.keystore import Keystore
from accord_agents.security.own_identity import former_identities
from accord_agents.security.trust import Identities
from accord_schemas.errors import UsageError

LOOK = 1.0
"""Seconds between looks at the file."""


class IdentityWatch:
    """The identities that count for a party.

    Args:
        config: Of the party: its name and the file.
        keystore: Holds its identities of earlier.
        identity: Its own.
        log: Structured logger.
        apply: Told when other identities count.
    """

    def __init__(
        self, config: Config, keystore: Keystore, identity: Identity, log: Any, apply: Callable[[Identities], None]
    ) -> None:
        self._config, self._keystore, self._identity, self._log, self._apply = config, keystore, identity, log, apply
        self._at, self._seen = 0.0, self._mark()

    def load(self) -> Identities:
        """The pinned identities and the own ones.

        Raises:
            UsageError: The file is not usable.
        """
        identities = Identities.load(self._config.identities)
        former = former_identities(self._keystore, self._config.party)
        identities.add_own(self._identity, [identity.public for identity in former])
        return identities

    def tick(self, now: float) -> None:
        """Look whether the file was changed; an unusable one changes nothing until it is mended."""
        if now < self._at:
            return
        self._at, mark = now + LOOK, self._mark()
        if mark == self._seen:
            return
        self._seen = mark
        try:
            identities = self.load()
        except UsageError as error:
            self._log.warning("identities", problem=str(error))
            return
        self._apply(identities)
        self._log.info("identities", revoked=len(identities.revoked))

    def _mark(self) -> tuple[int, int]:
        try:
            found = self._config.identities.stat()
        except OSError:
            return 0, 0
        return found.st_mtime_ns, found.st_size
