"""Takes up what people change in the file of pinned identities while the agent runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accord_agents.security.own_identity import former_identities
from accord_agents.security.trust import Identities
from accord_schemas.errors import UsageError

if TYPE_CHECKING:
    from accord_agents.service.service import Service

LOOK = 1.0
"""Seconds between looks at the file."""


class Pins:
    """The identities that count for a service.

    Args:
        service: Whose.
    """

    def __init__(self, service: Service) -> None:
        self._service, self._at = service, 0.0
        self._seen = self._mark()

    def load(self) -> Identities:
        """The pinned identities and the own ones.

        Raises:
            UsageError: The file is not usable.
        """
        service = self._service
        identities = Identities.load(service.config.identities)
        former = former_identities(service.keystore, service.config.party)
        identities.add_own(service.identity, [identity.public for identity in former])
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
            self._service.log.warning("identities", problem=str(error))
            return
        agent = self._service.agent
        agent.put(lambda at: agent.desk.pinned(identities, at))
        self._service.log.info("identities", revoked=len(identities.revoked))

    def _mark(self) -> tuple[int, int]:
        try:
            found = self._service.config.identities.stat()
        except OSError:
            return 0, 0
        return found.st_mtime_ns, found.st_size
