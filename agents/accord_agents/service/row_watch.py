"""Holds what a collaboration notes of rows against the policy, beside the loop, which is not kept from its time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.config.party_file import Config
from accord_agents.intake.table import Table
from accord_agents.security.keystore import Keystore
from accord_agents.service.rerun_guard import Reruns, objections, remembers
from accord_schemas.codes import Code


class RowWatch:
    """Refuses what the policy refuses.

    Args:
        config: The party's configuration.
        keystore: Beside which rows are remembered.
        table: Finds a collaboration's rows; called in another thread.
        log: The agent's.
        say: Says an own command.
        for_good: Whether the folder outlives the collaboration.
    """

    def __init__(
        self,
        config: Config,
        keystore: Keystore,
        table: Callable[[Collaboration], Table | None],
        log: Any,
        say: Callable[[str, str, dict[str, Any]], None],
        *,
        for_good: bool,
    ) -> None:
        self._config, self._table, self._log, self._say = config, table, log, say
        kept = remembers(config.policy, for_good=for_good)
        self._reruns = Reruns(keystore.memory, keystore.get("storage")) if kept else None

    async def look(self, collaboration: Collaboration, note: Mapping[str, Any]) -> None:
        """What does the policy say about these rows?"""
        for reason, detail in await asyncio.to_thread(self._objections, collaboration, note):
            self._log.warning("refused", collaboration=collaboration.cid, reason=reason, problem=detail)
            fields = {"reason": f"{self._config.party}: policy: {reason}", "detail": detail, "code": Code.POLICY}
            self._say(collaboration.cid, "refused", fields)

    def _objections(self, collaboration: Collaboration, note: Mapping[str, Any]) -> list[tuple[str, str]]:
        return list(objections(self._config.policy, self._reruns, collaboration, note, self._table))
