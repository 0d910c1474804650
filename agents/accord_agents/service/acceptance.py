"""What a service does with proposals: the policy decides, the data are read once, a seed is kept, then it consents."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.intake.reader import read_table
from accord_agents.intake.snapshot import write_snapshot
from accord_agents.intake.table import Table
from accord_schemas.agreement import Agreement
from accord_schemas.errors import UsageError

if TYPE_CHECKING:
    from accord_agents.service.service import Service


class Acceptance:
    """Answers proposals for a service.

    Args:
        service: Whose.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._going: set[str] = set()  # until the answer is journaled, nothing says that the snapshot is used

    def __bool__(self) -> bool:
        """Whether a copy of the data was made whose use is not journaled yet."""
        return bool(self._going)

    def settled(self, collaboration: Collaboration) -> None:
        """Something happened in a collaboration; perhaps the answer was journaled."""
        if collaboration.accepted or collaboration.ended:
            self._going.discard(collaboration.cid)

    def proposed(self, collaboration: Collaboration) -> None:
        """Accept, refuse, or leave it to somebody who decides by hand."""
        service = self._service
        config, agreement = service.config, collaboration.agreement
        assert agreement is not None
        verdict, reason = config.policy.judge(agreement, collaboration.proposer)
        own = collaboration.proposer == config.party
        if not own and agreement.seeded and service.errand is None:
            verdict, reason = "refuse", "policy: a seeded collaboration protects nothing"
        verdict = "accept" if own else verdict
        service.log.info("proposed", collaboration=collaboration.cid, verdict=verdict, reason=reason)
        if verdict == "accept":
            self.accept(collaboration)
        elif verdict == "refuse":
            service.say(collaboration.cid, "refused", {"reason": f"{config.party}: {reason}"})

    def accept(self, collaboration: Collaboration) -> None:
        """Say yes, as soon as the data are read."""
        self._service.spawn(self._accept(collaboration))

    async def _accept(self, collaboration: Collaboration) -> None:
        service, cid, agreement = self._service, collaboration.cid, collaboration.agreement
        if agreement is None or cid in self._going:
            return
        self._going.add(cid)
        try:
            table = await asyncio.to_thread(self._read, agreement)
            snapshot = await asyncio.to_thread(write_snapshot, table, service.config.out / "snapshots")
        except UsageError as error:
            service.log.error("data", problem=str(error))
            service.say(cid, "refused", {"reason": f"{service.config.party} cannot use its data"})
            return
        service.kept(f"{cid}/seed", "seed", cid)
        fields = {
            "nonce": service.kept(f"{cid}/nonce", "nonce", cid).hex(),
            "snapshot": snapshot.digest,
            "rows": len(table.ids),
            "warnings": table.report.warnings(),
        }
        service.say(cid, "accept", fields)

    def _read(self, agreement: Agreement) -> Table:
        config, train = self._service.config, agreement.train
        return read_table(
            config.data.csv,
            config.data.id,
            config.data.label,
            config.data.features,
            model=train.model if train else None,
            label_required=agreement.label_holder == config.party and train is not None,
        )
