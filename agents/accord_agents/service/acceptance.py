"""What a service does with proposals: the policy decides, the data are read once, a seed is kept, then it consents."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.collaboration.room import too_large
from accord_agents.config.data_sets import DataSet
from accord_agents.config.party_file import Config
from accord_agents.intake.padding import Padding
from accord_agents.intake.reader import take
from accord_agents.intake.snapshot import SNAPSHOTS, SUFFIX, Snapshot, read_snapshot
from accord_agents.intake.table import Table
from accord_agents.reading.sources import source
from accord_agents.reading.sources import table as table_of
from accord_agents.results.trained import agreed, suits
from accord_agents.results.trained import source as asked_of
from accord_agents.service.budget import Budget
from accord_broker.port import BrokerError
from accord_protocols.jobs.registry import job_of
from accord_protocols.model.any import AnyPart
from accord_schemas.agreement import Agreement
from accord_schemas.canonical import digest
from accord_schemas.codes import Code
from accord_schemas.errors import UsageError

Largest = Callable[[], Awaitable[int | None]]
"""How many bytes a chunk may have on the own broker, see `Broker.largest_chunk`."""
Say = Callable[[str, str, dict[str, Any]], None]
"""Has the dispatcher say an own command: (collaboration, command, fields)."""


class Acceptance:
    """Answers proposals for a party.

    Args:
        config: Of the party: its policy, its data, its folder.
        log: Structured logger.
        say: See `Say`.
        spawn: Does something beside the loop.
        secret: Draws a secret once and makes it durable: (name in the keystore, what it is for).
        budget: How often each peer may take part with this party.
        seeded_allowed: Whether a collaboration that protects nothing may be accepted, as in a demo.
        taken: Digest of the snapshot to go on with, where somebody has read the data before.
        largest: What the own broker takes; None where anything goes.
    """

    def __init__(
        self,
        config: Config,
        log: Any,
        say: Say,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
        secret: Callable[..., bytes],
        budget: Budget,
        *,
        seeded_allowed: bool,
        taken: str | None = None,
        largest: Largest | None = None,
    ) -> None:
        self._config, self._log, self._say, self._spawn, self._secret = config, log, say, spawn, secret
        self._budget, self._seeded_allowed, self._taken = budget, seeded_allowed, taken
        self._largest = largest
        self._going: set[str] = set()  # until the answer is journaled, nothing says that the snapshot is used
        self._reading = 0  # also for what has ended meanwhile

    def __bool__(self) -> bool:
        """Whether a copy of the data was made whose use is not journaled yet."""
        return bool(self._going or self._reading)

    def settled(self, collaboration: Collaboration) -> None:
        """Something happened in a collaboration; perhaps the answer was journaled."""
        if collaboration.accepted or collaboration.ended:
            self._going.discard(collaboration.cid)

    def proposed(self, collaboration: Collaboration) -> None:
        """Accept, refuse, or leave it to somebody who decides by hand; what has ended meanwhile needs no answer."""
        if collaboration.ended:
            return
        config, agreement = self._config, collaboration.agreement
        assert agreement is not None
        verdict, reason = config.policy.judge(agreement, collaboration.proposer, config.party)
        own = collaboration.proposer == config.party
        if not own and agreement.seeded and not self._seeded_allowed:
            verdict, reason = "refuse", "policy: a seeded collaboration protects nothing"
        if not own and verdict != "refuse" and (peer := self._budget.spent(collaboration.cid, collaboration.peers)):
            verdict, reason = "refuse", f"policy: enough collaborations with {peer} for a day"
        verdict = "accept" if own else verdict
        if verdict == "accept" and not own and not agreement.parties[config.party].data and "" not in config.sets:
            verdict, reason = "ask", "which data set goes in is not said"
        self._log.info("proposed", collaboration=collaboration.cid, verdict=verdict, reason=reason)
        if verdict == "accept":
            self.accept(collaboration)
        elif verdict == "refuse":
            fields = {"reason": f"{config.party}: {reason}", "code": Code.POLICY}
            self._say(collaboration.cid, "refused", fields)

    def accept(self, collaboration: Collaboration, named: str = "") -> None:
        """Say yes, as soon as the data are read.

        Args:
            named: Which of the own data sets goes in, where the agreement does not say it.
        """
        self._budget.spend(collaboration.cid, collaboration.peers)
        self._spawn(self._accept(collaboration, named))

    def by_hand(self, collaboration: Collaboration, named: str = "") -> None:
        """The same, asked for by whoever decides for the party.

        Raises:
            UsageError: There is no such data set, or it is not said which; nothing was accepted.
        """
        assert collaboration.agreement is not None
        self._chosen(collaboration.agreement, named)
        self.accept(collaboration, named)

    def _chosen(self, agreement: Agreement, named: str) -> DataSet:
        agreed = agreement.parties[self._config.party].data
        if agreed and named and agreed != named:
            hint = "Accept it without --data, or refuse it and have it proposed otherwise."
            raise UsageError(f"the agreement says that {agreed} goes in, not {named}.", hint=hint)
        return self._config.chosen(agreed or named)

    async def _accept(self, collaboration: Collaboration, named: str) -> None:
        cid, agreement = collaboration.cid, collaboration.agreement
        if agreement is None or collaboration.ended or cid in self._going:
            return
        self._going.add(cid)
        self._reading += 1
        try:
            if (narrow := await self._narrow(agreement.limits.chunk_bytes)) is not None:
                self._log.error("broker", problem=narrow)
                reason = f"{self._config.party}'s broker does not take the chunks of this agreement"
                self._say(cid, "refused", {"reason": reason, "detail": narrow, "code": Code.TOO_LARGE})
                return
            model = await asyncio.to_thread(self._model, agreement)
            data = self._chosen(agreement, named)
            snapshot, table = await asyncio.to_thread(self._read, cid, agreement, model, data)
            fits(data.name, self._config.party, len(table.ids), agreement)
        except UsageError as error:
            self._log.error("data", problem=str(error))
            reason = f"{self._config.party} cannot use its data"  # what they look like is for its own people
            self._say(cid, "refused", {"reason": reason, "detail": str(error), "code": Code.DATA})
            return
        finally:
            self._reading -= 1
        if collaboration.ended:  # while the data were read
            return
        self._secret(f"{cid}/seed", "seed", cid)
        fields = {
            "nonce": self._secret(f"{cid}/nonce", "nonce", cid).hex(),
            "snapshot": snapshot.digest,
            "rows": len(table.ids),
            "warnings": table.report.warnings(),
            **({"model": model.encode()} if model else {}),
        }
        self._say(cid, "accept", fields)

    async def _narrow(self, chunk: int) -> str | None:
        """Why chunks of that size cannot be carried; None where they can, or where the broker does not tell."""
        try:
            most = await self._largest() if self._largest is not None else None
        except BrokerError:  # it is away: what it takes is seen once it is back
            return None
        return too_narrow(most, chunk)

    def _model(self, agreement: Agreement) -> AnyPart | None:
        """The own part of the model that is predicted by, if that is what was agreed."""
        config, terms = self._config, agreement.predict
        return agreed(config.trained, config.party, terms) if terms else None

    def _read(self, cid: str, agreement: Agreement, model: AnyPart | None, data: DataSet) -> tuple[Snapshot, Table]:
        folder = self._config.out / SNAPSHOTS
        if self._taken is not None:
            snapshot = Snapshot(self._taken, folder / f"{self._taken}{SUFFIX}")
        else:
            reads, ids = job_of(agreement).reads(agreement, self._config.party), agreement.ids
            files = source(data, ids, reads) if model is None else asked_of(table_of(data), model, ids)
            # the same key at every party, so that buckets of one number hold equal ids; known to nobody before
            padding = None
            if agreement.align.pad:
                padding = Padding(agreement.align.pad, self._secret(f"{cid}/padding", "padding", cid))
            snapshot = take(files, folder, digest(b"accord buckets", cid), padding)
        table = read_snapshot(snapshot.path, snapshot.digest)
        if model is not None:
            suits(table, data.name, model)
        return snapshot, table


def too_narrow(most: int | None, chunk: int) -> str | None:
    """Why a broker does not take an agreement's chunks, with both remedies; None where it does.

    Args:
        most: Bytes that a chunk may have there; None where it does not tell.
        chunk: `limits.chunk_bytes` of the agreement.
    """
    if most is None or chunk <= most:
        return None
    return (
        f"the broker takes chunks of up to {max(most, 0):,} bytes, and the agreement has {chunk:,}. Have it proposed "
        f"again with limits.chunk_bytes: {max(most, 1024)}, or raise what the broker takes (Kafka: max.message.bytes "
        "of the topics; Mosquitto: max_packet_size)."
    )


def fits(file: str, party: str, ids: int, agreement: Agreement) -> None:
    """See to it before anything is said that a party has no more ids than can take part, and be carried.

    Raises:
        UsageError: It has.
    """
    if ids > (most := agreement.limits.max_rows):
        message = f"{file} has {ids:,} ids, more than the {most:,} that the agreement lets a party put in."
        raise UsageError(message, hint="Have it proposed again with a higher limits.max_rows.")
    if agreement.query is not None and party == agreement.leader and ids > (most := agreement.query.max_queries):
        message = f"{file} has {ids:,} ids, more than the {most:,} that may be asked for (query.max_queries)."
        raise UsageError(message, hint="Ask for fewer, or have it proposed again with a higher query.max_queries.")
    if agreement.match is not None and party == agreement.leader and ids > (most := agreement.match.max_probes):
        message = f"{file} has {ids:,} images, more than the {most:,} that may be looked for (match.max_probes)."
        raise UsageError(message, hint="Look for fewer, or have it proposed again with a higher match.max_probes.")
    for found in too_large(agreement, {party: ids}):
        raise UsageError(f"{file} cannot take part: {found.detail}.", hint="See docs/operations.md#sizing.")
