"""Assembles one party's agent from its configuration, and runs it."""

from __future__ import annotations

import asyncio
import functools
import os
import signal
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.collaboration.dispatcher import Dispatcher
from accord_agents.collaboration.outcome import Outcome
from accord_agents.config.party_file import Config
from accord_agents.execution.blobs import BLOBS, BlobStore
from accord_agents.execution.executor import fresh
from accord_agents.execution.parts import Parts, tidy
from accord_agents.execution.port import TaskResources
from accord_agents.intake.snapshot import read_snapshot
from accord_agents.intake.table import Table
from accord_agents.journal.journal import Journal
from accord_agents.loop.agent import Agent
from accord_agents.loop.inputs import Hooks
from accord_agents.loop.quarantine_topic import Refusals
from accord_agents.observability.logs import open_log
from accord_agents.observability.memory import Memory
from accord_agents.results.summary import RunSummary
from accord_agents.results.writer import ResultsWriter
from accord_agents.results.written import record
from accord_agents.security.entropy import Entropy, SeedEntropy, SystemEntropy
from accord_agents.security.keystore import Keystore
from accord_agents.security.own_identity import own_identity
from accord_agents.security.passphrase import forget, passphrase
from accord_agents.security.storage import StorageCipher
from accord_agents.security.trust import Identities
from accord_agents.service import journal_owner
from accord_agents.service.acceptance import Acceptance
from accord_agents.service.budget import Budget
from accord_agents.service.deadlines import Deadlines
from accord_agents.service.errand import Errand
from accord_agents.service.executors import executor
from accord_agents.service.identity_watch import IdentityWatch
from accord_agents.service.job_log import JobLog, Series
from accord_agents.service.peer_clocks import PeerClocks
from accord_agents.service.request_watch import RequestWatch
from accord_agents.service.requests import Requests
from accord_agents.service.retention import Retention
from accord_agents.service.row_watch import RowWatch
from accord_agents.service.witness_wait import WitnessWait
from accord_broker.factory import connect
from accord_broker.port import Broker
from accord_protocols.kernel.engine import Job
from accord_protocols.kernel.lifecycle import PROPOSED
from accord_protocols.primitives.psi.backend import backend
from accord_schemas.agreement import Agreement
from accord_schemas.blob import Blob
from accord_schemas.errors import AccordError, code, why

if TYPE_CHECKING:
    from accord_agents.observability.endpoint import Endpoint


@dataclass(frozen=True, slots=True)
class OneShotRun:
    """What `accord run` has an agent do, and `accord agent` never does.

    Args:
        agreement: To propose; None at everybody else.
        seed: The demo's seed; None for the operating system's randomness.
        snapshot: Digest of the party's snapshot, where the runner has read its file; None where the agent is to.
        ids: What to ask for in an online prediction, one after another.
    """

    agreement: Agreement | None = None
    seed: int | None = None
    snapshot: str | None = None
    ids: Sequence[str] | None = None


class Service:
    """One party's agent with everything around it.

    Args:
        config: The party's configuration.
        one_shot: One collaboration, after which the agent ends; None to serve until stopped.
    """

    def __init__(self, config: Config, one_shot: OneShotRun | None = None) -> None:
        self.config, self.one_shot = config, one_shot
        seed = one_shot.seed if one_shot else None
        self.entropy: Entropy = SystemEntropy() if seed is None else SeedEntropy(seed, config.party)
        self.keystore = Keystore.open(config.keystore, passphrase(config.passphrase_file))
        forget()
        self.identity = own_identity(self.keystore, config.party)
        self.log = open_log(config.out / "agent.log", config.party, config.log)
        self.executor = executor(config, lambda problem: self.log.warning("cluster", problem=problem))
        self.memory = Memory()
        self.witness_wait = WitnessWait(self._unwitnessed)
        self.clocks = PeerClocks(self.log)
        self._tables: dict[str, Table] = {}
        self.rows = RowWatch(config, self.keystore, self._table, self.log, self.say, for_good=one_shot is None)
        self.cipher = StorageCipher(self.keystore.get("storage"))
        self.results = ResultsWriter(self.spawn, self._table, lambda *of: record(self.journal, self.cipher, *of))
        self._seeds: dict[str, bytes] = {}
        self._jobs: set[asyncio.Task[None]] = set()
        self._series: Series = {}
        self._left: list[tuple[str, Job]] = []
        self._endpoint: Endpoint | None = None

    async def run(self) -> None:
        """Serve."""
        journal = Journal(self.config.journal)
        try:
            journal_owner.check(journal, self.config)
            journal.verify()
            broker = self._watched(connect(self.config.broker, journal_owner.client(journal)))
            refusals = Refusals(self.config.party, connect(self.config.broker), self.log)
            self._assemble(journal, broker, refusals)
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self.agent.stopping.set)
            if self.one_shot:
                loop.add_reader(0, self._runner)
            self.log.info("started", pid=os.getpid(), broker=self.config.broker)
            self.executor.warm()
            await self._resume()
            if self._endpoint is not None:
                await self._endpoint.start(self.agent, self.memory, lambda: len(self._jobs))
            self.agent.recovery.start()
            watching = asyncio.get_running_loop().create_task(self.watch.run())
            watching.add_done_callback(self._finished)
            try:
                await self.agent.run(self._done)
            finally:
                watching.cancel()
            if self.one_shot is None and not self.agent.stopping.is_set():
                raise AccordError("The agent's work ended and nobody had asked it to: a fault of the program.")
        except BaseException as error:
            self.log.error("stopped", problem=why(error), code=code(error))
            raise
        finally:
            for task in self._jobs - self.results.under_way.keys():
                task.cancel()
            await asyncio.gather(*self._jobs, return_exceptions=True)
            if self._endpoint is not None:
                await self._endpoint.stop()
            self.executor.close()
            journal.close()
        asked = self.agent.stopping.is_set()
        self.log.info("ended", reason="it was asked to stop" if asked else "the job is done")

    def _runner(self) -> None:
        """Standard input ends with the runner: an agent of `accord run` does not outlive it."""
        if not os.read(0, 1):
            asyncio.get_running_loop().remove_reader(0)
            self.agent.stopping.set()

    # ---- starting

    def _watched(self, broker: Broker) -> Broker:
        """The broker, under the eyes of the endpoint where one is configured."""
        if self.config.metrics is None:
            return broker
        from accord_agents.observability.endpoint import Endpoint  # its client library is loaded where it is used

        self._endpoint = Endpoint(self.config.metrics, broker, self.config.keystore, self.log)
        return self._endpoint.broker

    def _assemble(self, journal: Journal, broker: Broker, refusals: Refusals) -> None:
        """The agent, and what is built around it: each part gets what it needs, none the whole."""
        config, keystore, log, self.journal = self.config, self.keystore, self.log, journal
        self.identities = IdentityWatch(config, keystore, self.identity, log, self._pinned)
        self.agent = Agent(self._dispatcher(journal), journal, broker, log, self._hooks(), refusals)
        dispatcher, demo = self.agent.dispatcher, self.one_shot is not None
        budget = Budget(keystore, config.policy.max_runs_per_peer_per_day)
        taken, most = self.one_shot.snapshot if self.one_shot else None, broker.largest_chunk
        secret = self.durable_secret
        self.acceptance = Acceptance(
            config, log, self.say, self.spawn, secret, budget, seeded_allowed=demo, taken=taken, largest=most
        )
        self.deadlines = Deadlines(dispatcher, self.agent.recovery, self.say)
        busy = functools.partial(bool, self.acceptance)
        self.retention = Retention(
            self.agent,
            journal,
            keystore,
            config.out,
            self.witness_wait,
            busy,
            self.forget,
            lambda: self.clocks.doubt,
            log,
            writing=lambda cid: cid in self.results.under_way.values(),
        )
        people = self.acceptance.by_hand, self.retention.by_hand, lambda cid: self.agent.summaries[cid].answers
        self.watch = RequestWatch(journal, self.agent, Requests(dispatcher, self.entropy, *people))
        self.errand = Errand(self.one_shot.ids if self.one_shot else None, self.say)

    def _dispatcher(self, journal: Journal) -> Dispatcher:
        channels = {wrap: self.cipher.decrypt(encrypted, wrap) for wrap, encrypted in journal.channels().items()}
        return Dispatcher(self.identity, self.identities.load(), self.cipher, self._root_seed, channels, self.blobs)

    def blobs(self, cid: str) -> BlobStore:
        """Where the large numbers of a collaboration are."""
        return BlobStore(self.config.out / BLOBS / cid, self.keystore.get("storage"))

    def _root_seed(self, cid: str) -> bytes:
        if cid not in self._seeds:
            self._seeds[cid] = self.keystore.get(f"{cid}/seed")
        return self._seeds[cid]

    def _ready(self) -> None:
        """The log was read to its end: nothing that is said from here on was said before."""
        for cid, job in self._left:
            self._job(cid, job)
        self._left = []
        for collaboration in list(self.agent.dispatcher.collaborations.values()):
            if collaboration.state == PROPOSED and not collaboration.accepted:
                self.acceptance.proposed(collaboration)
            run = self.agent.summaries.setdefault(collaboration.cid, RunSummary())
            self.errand.go_on(collaboration, len(run.answers))
        if self.one_shot and self.one_shot.agreement:
            self._propose(self.one_shot.agreement)

    async def _resume(self) -> None:
        """Every start is a replay: fold each journal and see what was left."""
        closed = self.agent.dispatcher.closed = self.journal.closed()
        for cid in [cid for cid in self.journal.collaborations() if cid not in closed]:
            self.blobs(cid).tidy()
            pending: dict[Any, Job] = {}
            for row, outcome in self.agent.dispatcher.fold(cid, self.journal.rows(cid), self.journal.outgoing(cid)):
                pending |= {job.address: job for job in outcome.jobs}
                if row.kind == "job":
                    pending = {a: j for a, j in pending.items() if "\n".join(a) != row.head.decode()}
                self.agent.summaries.setdefault(cid, RunSummary()).take(
                    self.agent.dispatcher.collaborations[cid], outcome
                )
            collaboration = self.agent.dispatcher.collaborations[cid]
            tidy(self.blobs(cid), () if collaboration.ended else pending)
            self.agent.publisher.send_queue(collaboration)
            self.log.info("folded", collaboration=cid, state=collaboration.state)
            if collaboration.ended:
                self._write_results(collaboration)
                continue
            self._left += [(cid, job) for job in pending.values()]
            await self.rows.look(collaboration, self.agent.summaries[cid].notes)

    def _propose(self, agreement: Agreement) -> None:
        nonce = self.durable_secret("propose/" + agreement.digest().hex(), "propose", agreement.digest().hex()).hex()
        self.agent.put(lambda now: self.agent.dispatcher.propose(agreement, nonce, now))

    def _hooks(self) -> Hooks:
        hooks = Hooks(self._job, lambda c: self.acceptance.proposed(c), self._outcome, self._tick, self._ready)
        hooks.noted = self.rows.look
        hooks.journaled = lambda cid, job: Parts(self.blobs(cid), job).discard()
        hooks.heard, hooks.look = self.clocks.heard, lambda: self.memory.sample(self.executor.processes())
        return hooks

    def _pinned(self, identities: Identities) -> None:
        self.agent.put(lambda now: self.agent.dispatcher.pinned(identities, now))
        self.agent.repeats.forget()  # what nobody known had signed may be of use now

    def durable_secret(self, name: str, *purpose: str) -> bytes:
        """A secret that is drawn once and durable before it is used.

        Args:
            name: In the keystore.
            purpose: What it is for: a demo's seed gives each purpose its own.
        """
        if name not in self.keystore:
            self.keystore.put(name, self.entropy.secret(*purpose))
        return self.keystore.get(name)

    def say(self, cid: str, command: str, fields: dict[str, Any]) -> None:
        """Have the dispatcher say an own command, when its turn has come."""
        self.agent.put(lambda now: self.agent.dispatcher.command(cid, command, fields, now))

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do something beside the loop; an error there is the agent's."""
        task = asyncio.get_running_loop().create_task(work)
        self._jobs.add(task)
        task.add_done_callback(self._finished)
        return task

    # ---- jobs

    def _job(self, cid: str, job: Job) -> None:
        self.spawn(self._work(cid, job))

    async def _work(self, cid: str, job: Job) -> None:
        compute, collaboration = job.compute, self.agent.dispatcher.collaborations.get(cid)
        if collaboration is None:  # closed meanwhile
            return
        key = compute.key
        if compute.fresh:
            key = self.durable_secret(fresh(cid, job.address), "fresh", cid, *job.address)
        secrets = {name: self.keystore.get(f"{cid}/{name}") for name in compute.secrets}
        digest, rows = collaboration.data["snapshot"], collaboration.data["rows"]
        snapshot = (str(self.config.out / "snapshots" / f"{digest}.table"), digest) if compute.data else None
        told = JobLog(self.log, cid, job, self._series)
        blobs = self.blobs(cid)
        kept = Parts(blobs, job.address)
        supplies = TaskResources(key, secrets, snapshot, rows, blobs, told.working, kept, told.found)
        reply = await self.executor.run(compute, supplies)
        seconds, fields = told.done(), reply.fields
        if summary := self.agent.summaries.get(cid):
            summary.worked(compute.task, seconds)
        if reply.trigger:
            fields = {name: getattr(reply, name) for name in ("trigger", "reason", "whose", "detail")}
            self.log.error("undone", collaboration=cid, task=compute.task, reason=reply.reason, problem=reply.detail)
        elif reply.secrets:
            self.keystore.put_many({f"{cid}/{name}": secret for name, secret in reply.secrets.items()})
        large = any(isinstance(value, Blob) for value in fields.values())
        self.agent.put(lambda now: self.agent.dispatcher.job(cid, job.address, fields, now), heavy=large)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._jobs.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.log.error("task", problem=why(error), exc_info=error)
            self.agent.fail(error)

    # ---- what comes out

    def _outcome(self, collaboration: Collaboration, outcome: Outcome) -> None:
        run = self.agent.summaries[collaboration.cid]
        self.deadlines.broken(collaboration.cid, asyncio.get_running_loop().time())
        self.acceptance.settled(collaboration)
        for move in outcome.moves:
            self.log.info(
                "progress",
                collaboration=collaboration.cid,
                state=move.state,
                round=move.round,
                loss=move.loss,
                reason=move.reason,
                events=sum(run.events.values()),
                bytes=sum(run.bytes.values()),
            )
        self.errand.go_on(collaboration, len(run.answers))
        if collaboration.ended and (outcome.moves or outcome.witnessed):
            self._write_results(collaboration)

    def _table(self, collaboration: Collaboration) -> Table | None:
        digest = collaboration.data.get("snapshot")
        if digest is None:
            return None
        table = self._tables.get(digest)
        if table is None:  # what writes results asks beside the loop, and perhaps for another collaboration's
            table = read_snapshot(self.config.out / "snapshots" / f"{digest}.table", digest)
            self._tables = {digest: table}
        return table

    def _write_results(self, collaboration: Collaboration) -> None:
        run = self.agent.summaries[collaboration.cid]
        folder = self.config.out if self.one_shot else self.config.out / collaboration.cid
        me, work = self.config.party, dict(sorted(run.work.items()))
        facts: dict[str, Any] = {"peak_rss_mib": {me: round(self.memory.peak, 1)}, "work": {me: work}}
        if (terms := collaboration.agreement) is not None and terms.aligns and "rows" in collaboration.data:
            facts["backend"] = {me: backend(terms.align.protocol, collaboration.data["rows"])}
        self.results.write(folder, collaboration, run, facts)

    def _unwitnessed(self, collaboration: Collaboration, problem: str) -> None:
        self.log.warning("not witnessed", collaboration=collaboration.cid, problem=problem)
        self.agent.summaries[collaboration.cid].warnings.append(f"{self.config.party}: {problem}")
        self._write_results(collaboration)

    def _tick(self) -> None:
        now = asyncio.get_running_loop().time()
        self.deadlines.tick(now)
        self.clocks.tick(now)
        if self.one_shot is None:
            self.retention.tick(now, self.deadlines.since)
            self.identities.tick(now)
        self.watch.look()

    def forget(self, cid: str) -> None:
        """A collaboration was closed; its data, once erased, are in no mapped file either."""
        self._tables = {}
        self._seeds.pop(cid, None)
        self.deadlines.forget(cid)

    def _done(self) -> bool:
        collaborations = self.agent.dispatcher.collaborations.values()
        ended = self.one_shot is not None and bool(collaborations) and all(c.ended for c in collaborations)
        history = self.agent.broker.history
        told = history or self.agent.told
        witnessed = not any(map(self.witness_wait.waits, collaborations))
        return ended and witnessed and not self._jobs and told and self.agent.publisher.drained(history=history)
