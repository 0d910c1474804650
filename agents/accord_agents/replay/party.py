"""Replaying one party, from its configuration to a verdict."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.collaboration.composer import Composer, Envelope, Piece
from accord_agents.collaboration.difference import DifferenceError
from accord_agents.collaboration.outcome import Outcome
from accord_agents.collaboration.rehydrate import refold
from accord_agents.config.party_file import Config
from accord_agents.execution.blobs import BLOBS, BlobStore
from accord_agents.execution.executor import ProcessExecutor
from accord_agents.execution.port import Executor
from accord_agents.intake.snapshot import read_snapshot
from accord_agents.journal.journal import BODIES, Journal
from accord_agents.journal.row_encryption import decrypted, decrypted_recipe
from accord_agents.journal.rows import Row
from accord_agents.replay import integrity, outputs
from accord_agents.replay.commitments import TASKS, Commitments
from accord_agents.replay.copy import copied, damaged
from accord_agents.replay.jobs import Rerun
from accord_agents.replay.report import Folded, Replayed
from accord_agents.results.summary import RunSummary
from accord_agents.results.written import recorded
from accord_agents.security.identity import PublicIdentity
from accord_agents.security.keystore import Keystore
from accord_agents.security.own_identity import former_identities, own_identity
from accord_agents.security.passphrase import passphrase
from accord_agents.security.storage import StorageCipher
from accord_agents.security.trust import Identities
from accord_protocols.kernel.engine import Job
from accord_schemas.errors import AccordError, FrameError, TamperError, UsageError
from accord_schemas.frame import Frame
from accord_schemas.references import decode_kept


def replay(configs: Iterable[Config], *, full: bool, commitments: bool = False) -> list[Replayed]:
    """Replay parties one after another; a difference at one does not keep the others from being replayed.

    Args:
        configs: The parties'.
        full: Execute every finished job again, on all cores.
        commitments: Execute those again that show whether the committed data were used, and tell who signed for them.
    """
    return asyncio.run(_replay(list(configs), full=full, commitments=commitments))


async def _replay(configs: list[Config], *, full: bool, commitments: bool) -> list[Replayed]:
    cores = os.cpu_count() or 1
    executor = ProcessExecutor(cores) if full or commitments else None
    only = None if full else TASKS
    found = []
    try:
        for config in configs:
            party, began = Replayed(config.party), time.monotonic()
            try:
                with copied(config.journal) as copy:
                    await _Party(config, copy, executor, 2 * cores, party, only, commitments=commitments).run()
            except AccordError as error:
                party.error = error
            party.seconds = time.monotonic() - began
            found.append(party)
    finally:
        if executor is not None:
            executor.close()
    return found


def _mute(_composer: Composer, piece: Piece, _envelope: Envelope) -> Frame:
    raise AssertionError(f"{piece.content.address} was to be said before the outbox was opened")


def _guarded(rows: Iterator[tuple[Row, Outcome]], cid: str) -> Iterator[tuple[Row, Outcome]]:
    """A fold that raises nothing but what it found: a row that an agent could take has no other end here."""
    last = "its first row"
    try:
        for row, outcome in rows:
            last = f"the row after that of {row.time} ({row.kind})"
            yield row, outcome
    except TamperError:
        raise
    except Exception as error:
        message = f"{last} of {cid} cannot be folded: {type(error).__name__}."
        raise DifferenceError("row", message=message) from error


class _Party:
    """One party's replay, whose report grows while it runs."""

    def __init__(
        self,
        config: Config,
        copy: Path,
        executor: Executor | None,
        width: int,
        report: Replayed,
        only: frozenset[str] | None,
        *,
        commitments: bool,
    ) -> None:
        self._config, self._copy, self._executor, self._width, self._report = config, copy, executor, width, report
        self._only, self._commitments = only, commitments
        self._keystore = Keystore.open(config.keystore, passphrase(config.passphrase_file))
        self._identities = Identities.load(config.identities)
        self._cipher = StorageCipher(self._secret("storage"))
        self._channels: dict[bytes, bytes] = {}
        self._known: dict[str, list[PublicIdentity]] = {}

    async def run(self) -> None:
        journal = self._opened()
        try:
            await self._all(journal)
        finally:
            journal.close()

    def _opened(self) -> Journal:
        try:
            return Journal(self._copy, self._config.out / BODIES)
        except TamperError:
            raise
        except AccordError as error:
            if isinstance(error.__context__, sqlite3.Error):
                raise damaged(self._config.journal, error.__context__) from None
            raise UsageError(error.message, hint=error.hint) from None

    async def _all(self, journal: Journal) -> None:
        try:
            erased, orphans = self._checked(journal)
        except (ValueError, TypeError, AttributeError, IndexError) as error:  # a column of another type
            raise TamperError(f"a row of {self._config.journal} is not of the known form: {error}.") from None
        known = journal.collaborations()
        outputs.backed(self._config.out, set(known))
        for cid in known:
            self._report.collaborations.append(Folded(cid, erased=erased.get(cid, "")))
            if cid not in erased:
                await self._fold(journal, cid, set(known) - {cid})
        if orphans:
            raise TamperError(f"a payload with the digest {min(orphans).hex()} belongs to nothing.")

    def _checked(self, journal: Journal) -> tuple[dict[str, str], set[bytes]]:
        """Check all rows, take up the channel keys; returns when collaborations were erased, and orphaned payloads."""
        facts = journal.facts()
        self._report.written = facts.get("accord", b"unknown").decode()
        if facts.get("party") != self._config.party.encode():
            raise UsageError(f"{self._config.journal} is not the journal of {self._config.party}.")
        erased = {n.removeprefix("erased/"): v.decode() for n, v in facts.items() if n.startswith("erased/")}
        for cid in erased:
            if f"{cid}/seed" in self._keystore:
                raise TamperError(f"collaboration {cid} is marked as erased, but its seed is there.")
        orphans = integrity.check(self._copy, self._config.party, set(erased), self._pinned, journal.bodies())
        encrypted = journal.channels(closed=True)
        self._channels = {wrap: self._cipher.decrypt(body, wrap) for wrap, body in encrypted.items()}
        return erased, orphans

    def _pinned(self, party: str) -> list[PublicIdentity]:
        if party not in self._known:
            found = self._identities.every(party)
            if party == self._config.party and "identity" in self._keystore:  # it need not be in the file
                own = [own_identity(self._keystore, party), *former_identities(self._keystore, party)]
                found += [identity.public for identity in own]
            self._known[party] = found
        return self._known[party]

    def _secret(self, name: str) -> bytes:
        try:
            return self._keystore.get(name)
        except KeyError:
            raise TamperError(f"the keystore lacks {name}.", hint="Put back a copy of it.") from None

    def _unwrap(self, _frame: Frame, wrap: bytes) -> bytes:
        if wrap not in self._channels:
            raise FrameError("the event cannot be opened")  # nor could the agent open it: it keeps every key
        return self._channels[wrap]

    async def _fold(self, journal: Journal, cid: str, others: set[str]) -> None:
        report, folded = self._report, self._report.collaborations[-1]
        storage = self._secret("storage")
        kept = BlobStore(self._config.out / BLOBS / cid, storage)
        blobs = BlobStore(self._copy.parent / BLOBS / cid, storage, behind=kept)
        me, seed = self._config.party, f"{cid}/seed"
        collaboration = Collaboration(cid, me, lambda: self._secret(seed), _mute, self._unwrap, blobs)
        rerun = Rerun(
            cid, self._keystore, self._config.out / "snapshots", self._executor, self._width, blobs, self._only
        )
        run, ends, jobs = RunSummary(), list[dict[str, Any]](), dict[str, Job]()
        committed = Commitments()
        said = (decrypted_recipe(out, self._cipher) for out in journal.outgoing(cid))
        rows = refold(collaboration, (decrypted(row, self._cipher) for row in journal.rows(cid)), said)
        try:
            for row, outcome in _guarded(rows, cid):
                folded.state = collaboration.state
                report.rows += 1
                report.frames += len(outcome.frames)
                committed.take(outcome.frames)
                run.take(collaboration, outcome)
                jobs |= {"\n".join(job.address): job for job in outcome.jobs}
                if row.kind == "job" and (job := jobs.pop(row.head.decode(), None)) is not None:
                    await rerun.check(job, decode_kept(row.payload or b"", blobs), collaboration.data)
                if collaboration.ended:
                    ends.append(outputs.figures(collaboration, run))
            await rerun.finish()
        finally:
            await rerun.stop()
            report.jobs += rerun.done
            report.again += rerun.again
        self._agreed(collaboration)
        folded.commitments = committed.found(collaboration, rerun.again) if self._commitments else None
        terms = collaboration.agreement
        folded.roles = {party: member.role for party, member in terms.parties.items()} if terms else {}
        path = self._config.out / "snapshots" / f"{collaboration.data.get('snapshot')}.table"
        table = read_snapshot(path, collaboration.data["snapshot"]) if collaboration.data else None
        if ends:
            known = recorded(journal, self._cipher, cid)
            folded.figures = outputs.compare(self._config.out, collaboration, run, table, ends, others, known)

    def _agreed(self, collaboration: Collaboration) -> None:
        """The identities that signatures were checked with are those of the agreement."""
        for party, member in collaboration.agreement.parties.items() if collaboration.agreement else ():
            known = self._pinned(party)
            if known and member.identity not in {public.fingerprint for public in known}:
                message = f"{party} is pinned with another identity than the agreement of {collaboration.cid} names."
                raise DifferenceError("identity", message=message)
