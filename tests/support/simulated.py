"""Whole parties without processes or sockets: dispatcher, journal and outbox of each, over a list as log, in any order.

What an agent's loop does with asyncio happens here step by step, so that it can be stopped between any two of them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from tests.support.world import Rows

from accord_agents.collaboration.batch_effects import PoisonError
from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.collaboration.dispatcher import Dispatcher
from accord_agents.collaboration.outcome import Outcome
from accord_agents.execution.blobs import BlobStore
from accord_agents.journal.journal import Journal
from accord_agents.journal.rows import Outgoing
from accord_agents.loop.recovery import Links, Recovery
from accord_agents.security.identity import Identity, PublicIdentity
from accord_agents.security.storage import StorageCipher
from accord_agents.security.trust import Identities
from accord_protocols.kernel.engine import Job
from accord_protocols.tasks import TASKS, Context, run
from accord_protocols.tasks.registry import cut, join, part, spans
from accord_schemas.agreement import Agreement, Member
from accord_schemas.blob import Blob, loaded
from accord_schemas.blocks import NAMES, encode_fields
from accord_schemas.canonical import digest
from accord_schemas.frame import Frame
from accord_schemas.payload import raw
from accord_schemas.suites import DEFAULT, Profile

Log = list[tuple[str, bytes]]
_DONE: dict[bytes, tuple[dict[str, Any], dict[str, bytes]]] = {}
_SIGNED: set[tuple[bytes, bytes, bytes]] = set()
NOW = "2026-01-01T00:00:00.000Z"


class KilledError(Exception):
    """SIGKILL, at a point that a test chose."""


def identities(names: tuple[str, ...], kind: Profile = DEFAULT) -> dict[str, Identity]:
    """An identity each, always the same."""
    return {n: Identity(n, digest(b"signing", n) + digest(b"encryption", n), kind) for n in names}


def signed(terms: Agreement, keys: dict[str, Identity]) -> Agreement:
    """The agreement with its parties' real fingerprints."""
    members = {p: Member(role=m.role, identity=keys[p].public.fingerprint) for p, m in terms.parties.items()}
    return terms.model_copy(update={"parties": members})


class Remembering(PublicIdentity):
    """An identity that looks at each signature once: every party reads every event, and again in each life."""

    def verify(self, data: bytes, signature: bytes) -> bool:
        """Whether this identity signed `data`."""
        known = self.signing, data, signature
        if known not in _SIGNED and super().verify(data, signature):
            _SIGNED.add(known)
        return known in _SIGNED


class SimulatedParty:
    """One party.

    Args:
        name: Its name.
        folder: Where its journal is.
        terms: What it proposes, if it leads, and what it accepts.
        rows: Its data.
        keys: Everybody's identity.
        log: The shared log.
        point: Called at every point where a process may die; raises `KilledError`.
        large: Bytes from which on a result's numbers pass by reference; 0 keeps all in memory.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        terms: Agreement,
        rows: Rows,
        keys: dict[str, Identity],
        log: Log,
        point: Callable[[str], None] = lambda _: None,
        large: int = 0,
    ) -> None:
        self.large = large
        self.name, self.folder, self.terms, self.rows, self.keys, self.log = name, folder, terms, rows, keys, log
        self.point = point
        self.secrets: dict[str, bytes] = {}  # the keystore: survives every death
        self.life = ""  # what is drawn anew in another life than that which the keystore remembers
        self.brought: dict[str, Any] = {}  # what it says when it accepts, besides its rows
        self.wanted: Sequence[Sequence[str]] = ()  # ids that its people ask for, by request
        self.now, self.lives = 0.0, 0
        self.start()

    def start(self) -> None:
        """Open the journal, fold it, adopt, and take up what was left."""
        self.lives += 1
        self.journal = Journal(self.folder / f"{self.name}.db", self.folder / f"{self.name}.payloads")
        self.journal._db.execute("PRAGMA synchronous=OFF")  # processes die here, never the machine's power
        self.journal.verify()
        known = [k.public for k in self.keys.values()]
        public = Identities([Remembering(k.party, k.signing, k.encryption, k.kind) for k in known])
        cipher = StorageCipher(digest(b"storage", self.name))
        channels = {wrap: cipher.decrypt(encrypted, wrap) for wrap, encrypted in self.journal.channels().items()}
        seed, blobs = (lambda cid: digest(b"seed", self.name, cid)), self.blobs if self.large else None
        self.dispatcher = Dispatcher(self.keys[self.name], public, cipher, seed, channels, blobs)
        self.jobs: dict[str, tuple[str, Job]] = {}
        self.notes: dict[str, Any] = {}
        for cid in self.journal.collaborations():
            for row, outcome in self.dispatcher.fold(cid, self.journal.rows(cid), self.journal.outgoing(cid)):
                self._outcome(self.dispatcher.collaborations[cid], outcome)
                if row.kind == "job":
                    self.jobs.pop(row.head.decode(), None)
        # who asked before this life asks again; an agent passes such events over until it has caught up
        self.read = {i for i, (_, d) in enumerate(self.log) if b'"eventnumber"' not in d and b"control.ack" not in d}
        self.passed: set[int] = set()  # read while a collaboration was suspended
        self.sent: set[tuple[str, int]] = set()
        self._due: dict[str, tuple[tuple[int, ...], list[Outgoing]]] = {}
        links = Links(self._tell, lambda call: self.take(lambda: call(NOW)), self._reread)
        self.recovery = Recovery(self.dispatcher, self.journal, links, history=True)
        self.recovery.start()
        for index, (_, frame) in enumerate(list(self.log)):
            if index not in self.read:
                self.dispatcher.adopt(frame, NOW)
        self._commit()
        self.recovery.check()

    def blobs(self, cid: str) -> BlobStore:
        """Where large numbers are."""
        return BlobStore(self.folder / f"{self.name}.blobs" / cid, digest(b"storage", self.name))

    def _reread(self) -> None:
        self.read -= self.passed
        self.passed.clear()

    def _tell(self, frames: Sequence[Frame]) -> None:
        self.log += [(f.header.event_class.family, f.encode()) for f in frames]

    def restart(self) -> None:
        """After a death, which closes all files."""
        for collaboration in self.dispatcher.collaborations.values():
            collaboration.forget()
        self.journal.close()
        self.start()

    def take(self, call: Callable[[], object]) -> None:
        """One input: fold, commit, and what follows."""
        try:
            call()
        except PoisonError as poison:
            self._commit()
            cid = poison.row.collaboration
            for _ in self.dispatcher.fold(cid, self.journal.rows(cid), self.journal.outgoing(cid)):
                pass
            self.dispatcher.poison(poison.row, poison.code)
        self._commit()

    def _commit(self) -> None:
        batch, effects = self.dispatcher.flush()
        if batch:
            self.point("before commit")
            self.journal.commit(batch)
            self.point("after commit")
        for collaboration, outcome in effects.outcomes:
            self._outcome(collaboration, outcome)
        for collaboration in effects.proposed:
            self.recovery.proposed(collaboration)
        for cid, peer in effects.doubted:
            self.recovery.claimed(cid, peer)
        for frame in effects.asides:
            self.recovery.heard(frame, self.now)
        for collaboration in effects.proposed:
            self.take(lambda c=collaboration: self.accept(c))  # type: ignore[misc]

    def _outcome(self, collaboration: Collaboration, outcome: Outcome) -> None:
        self.jobs |= {"\n".join(job.address): (collaboration.cid, job) for job in outcome.jobs}
        for note in outcome.notes:
            self.notes |= note

    # ---- what it can do next

    def propose(self) -> None:
        """Propose the terms, once."""
        self.take(lambda: self.dispatcher.propose(self.terms, digest(b"proposal").hex(), NOW))

    def accept(self, collaboration: Collaboration) -> None:
        """Say yes."""
        fields = {
            "nonce": digest(b"nonce", self.name).hex(),
            "snapshot": "00",
            "rows": len(self.rows.ids),
            "warnings": [],
            **self.brought,
        }
        self.dispatcher.command(collaboration.cid, "accept", fields, NOW)

    def unaccepted(self) -> list[Collaboration]:
        """Proposals without an answer, as after a death."""
        found = self.dispatcher.collaborations.values()
        return [
            c for c in found if (c.state, c.accepted) == ("PROPOSED", False) and c.cid not in self.dispatcher.suspended
        ]

    def asking(self) -> list[Callable[[], None]]:
        """What its people want next, once the collaboration lives; after the last request that it was the last."""
        found: list[Callable[[], None]] = []
        for cid, c in self.dispatcher.collaborations.items():
            said = [str(k) for k in range(len(self.wanted) + 1) if str(k) not in c.words.numbers]
            if not self.wanted or c.engine is None or c.ended or cid in self.dispatcher.suspended or not said:
                continue
            number = int(said[0])
            command, ids = ("own", self.wanted[number]) if number < len(self.wanted) else ("stop", ())
            body = {"name": said[0], "ids": list(ids)}
            found.append(lambda c=cid, w=command, b=body: self.take(lambda: self.dispatcher.command(c, w, b, NOW)))  # type: ignore[misc]
        return found

    def deliver(self, index: int) -> None:
        """Take a record of the log."""
        family, frame = self.log[index]
        if self.dispatcher.suspended:
            self.passed.add(index)
        self.take(lambda: self.dispatcher.deliver(family, frame, NOW))
        self.read.add(index)

    def work(self, key: str) -> None:
        """Do a job."""
        cid, job = self.jobs[key]
        fields = {name: self._kept(cid, value) for name, value in self.result(job).items()}
        self.take(lambda: self.dispatcher.job(cid, job.address, fields, NOW))
        self.jobs.pop(key, None)

    def _kept(self, cid: str, value: Any) -> Any:
        if not self.large or not isinstance(value, np.ndarray) or value.nbytes < self.large:
            return value
        with self.blobs(cid).writer() as writer:
            writer.write(raw(value))
            return Blob(writer.finish(), NAMES[value.dtype], value.shape, self.blobs(cid))

    def result(self, job: Job) -> dict[str, Any]:
        """What a worker would give. Equal jobs have equal results, so that a hundred runs cost little more than one."""
        compute = job.compute
        table: tuple[bytes | str, ...] = (
            (*self.rows.ids, self.rows.values.tobytes(), *self.rows.cells) if compute.data else ()
        )
        about = self.name, self.life, str(job.address)
        compute = replace(compute, inputs=loaded(dict(compute.inputs)))
        known = digest(*about, compute.key, encode_fields(compute.inputs), *table)
        if known in _DONE:
            fields, secrets = _DONE[known]
            self.secrets |= secrets
            return dict(fields)
        key = digest(b"fresh", self.name, self.life, str(job.address)) if compute.fresh else compute.key
        secrets = {name: self.secrets[name] for name in compute.secrets}
        task, rows = TASKS[compute.task], self.rows if compute.data else None
        results = []
        for k, span in enumerate(spans(task, compute.inputs, len(self.rows.ids))):
            context = Context(cut(task, compute.inputs, span), key, secrets, rows)
            results.append(run(compute.task, part(task, context, k, span)))
        whole = join(results)
        _DONE[known] = (whole.fields, whole.secrets)
        self.secrets |= whole.secrets
        return whole.fields

    def due(self) -> list[Outgoing]:
        """Frames that no peer's watermark covers and that this life has not sent."""
        found: list[Outgoing] = []
        for cid, c in self.dispatcher.collaborations.items():
            if cid in self.dispatcher.suspended:
                continue
            covered = max(c.withheld, min((c.chain.covered.get(p, 0) for p in c.peers), default=0))
            state = covered, c.chain.sequence, len(self.sent)
            if self._due.get(cid, ((), []))[0] != state:
                waiting = [o for o in self.journal.outgoing(cid, covered) if (cid, o.sequence) not in self.sent]
                self._due[cid] = state, waiting
            found += self._due[cid][1]
        return found

    def unread(self) -> list[int]:
        """Which records of the log it has not taken, in order."""
        return sorted(set(range(len(self.log))) - self.read)

    def publish(self, lose: Callable[[], bool] = lambda: False) -> None:
        """Send what is due."""
        for out in self.due():
            self.point("before publish")
            if not lose():
                payload = self.dispatcher.payload(out.head, out.payload, out.recipe)
                self.log.append((out.family, Frame.restore(out.head, payload).encode()))
            self.sent.add((out.collaboration, out.sequence))
            self.point("after publish")

    def time_passes(self, seconds: float) -> None:
        """Let what waits for time or for answers go on."""
        self.now += seconds
        try:
            self.recovery.tick(self.now)
        except KilledError:
            self.restart()

    def acknowledge(self) -> None:
        """Tell what this party holds; forget what was sent, so that it goes again if nobody has it."""
        for cid in self.dispatcher.collaborations:
            self.log.append(("control", self.dispatcher.acknowledgement(cid, NOW).encode()))
        self.sent.clear()


class SimulatedNetwork:
    """All parties over one log."""

    def __init__(
        self,
        folder: Path,
        terms: Agreement,
        data: dict[str, Rows],
        order: int = 0,
        point: Callable[[str, str], None] = lambda _party, _point: None,
        lose: float = 0.0,
        large: int = 0,
    ) -> None:
        self.rng, self.log, self.lose = random.Random(order), Log(), lose
        keys = identities(tuple(data), terms.profile)
        self.terms = signed(terms, keys)
        self.members = {
            p: SimulatedParty(p, folder, self.terms, rows, keys, self.log, lambda where, p=p: point(p, where), large)  # type: ignore[misc]
            for p, rows in data.items()
        }

    @property
    def ended(self) -> bool:
        """Whether every party reached an end."""
        found = [c for h in self.members.values() for c in h.dispatcher.collaborations.values()]
        told = all(c.witnessed or c.state != "COMPLETED" or (c.witness and c.witness.refuted) for c in found)
        return len(found) >= len(self.members) and all(c.ended for c in found) and told

    def run(self, quiet: int = 20) -> SimulatedNetwork:
        """Let everybody do whatever can be done, in random order, until nothing is left.

        Args:
            quiet: How often there may be nothing to do since anybody died.
        """
        leader = self.members[self.terms.leader]
        idle = lives = 0
        while idle < quiet and not (self.ended and not any(h.due() for h in self.members.values())):
            if lives != (lives := sum(member.lives for member in self.members.values())):
                idle = 0
            for member in self.members.values():
                member.time_passes(0.01)
            actions: list[tuple[SimulatedParty, Callable[[], None]]] = []
            for member in self.members.values():
                if unread := member.unread():
                    one = self.rng.choice(unread)
                    actions.append((member, lambda h=member, i=one: h.deliver(i)))  # type: ignore[misc]
                if self.log and self.rng.random() < 0.02:
                    again = self.rng.randrange(len(self.log))
                    actions.append((member, lambda h=member, i=again: h.deliver(i)))  # type: ignore[misc]
                actions += [(member, lambda h=member, k=key: h.work(k)) for key in member.jobs]  # type: ignore[misc]
                actions += [(member, ask) for ask in member.asking()]
                actions += [
                    (member, lambda h=member, c=c: h.take(lambda: h.accept(c)))  # type: ignore[misc]
                    for c in member.unaccepted()
                ]
                if member.due():
                    actions.append((member, lambda h=member: h.publish(lambda: self.rng.random() < self.lose)))  # type: ignore[misc]
            if not leader.dispatcher.collaborations:
                actions.append((leader, leader.propose))
            if not actions:
                idle += 1
                for member in self.members.values():
                    member.acknowledge()
                    member.time_passes(2.0)
                continue
            member, action = self.rng.choice(actions)
            try:
                action()
            except KilledError:
                member.restart()
        return self

    def said(self) -> dict[tuple[str, str], set[bytes]]:
        """Everything ever published or to be published, by sender and sequence: the frames' digests."""
        found: dict[tuple[str, str], set[bytes]] = {}
        frames = [Frame.decode(f) for _, f in self.log]
        frames += [
            Frame.restore(o.head, o.payload)
            for h in self.members.values()
            for c in h.dispatcher.collaborations
            for o in h.journal.outgoing(c)
        ]
        for frame in frames:
            if frame.header.number:
                found.setdefault((frame.header.source, frame.header.eventnumber), set()).add(frame.digest)
        return found

    def models(self) -> dict[str, Any]:
        """What each party ended with."""
        return {p: (h.notes.get("model"), h.notes.get("model_digest")) for p, h in self.members.items()}

    def close(self) -> None:
        """Close the journals."""
        for member in self.members.values():
            member.journal.close()
