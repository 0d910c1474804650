"""The agent: one asyncio loop around the dispatcher. Reads the log, folds, commits, then publishes; keeps time.

Nothing is published before the transaction that holds it is durable, and nothing is acknowledged before it is
journaled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from accord_agents.collaboration.batch_effects import BatchEffects, PoisonError
from accord_agents.collaboration.dispatcher import Dispatcher
from accord_agents.journal.journal import Journal
from accord_agents.journal.rows import Batch, stamp
from accord_agents.loop import trace
from accord_agents.loop.acknowledgements import ACK_AFTER, Acknowledgements
from accord_agents.loop.inputs import Hooks, Input, subject_of
from accord_agents.loop.outbox import Publisher
from accord_agents.loop.quarantine_topic import Refusals
from accord_agents.loop.recovery import Links, Recovery
from accord_agents.loop.repeats import REMEDY, Repeats
from accord_agents.results.summary import RunSummary
from accord_broker.port import Broker, BrokerError, Delivery, Position
from accord_broker.reconnect import Connections, Patience
from accord_broker.tasks import apart
from accord_schemas.address import Address
from accord_schemas.frame import Frame

BATCH_EVENTS, BATCH_BYTES = 64, 2 << 20
HEAVY = 256 << 10
"""Bytes from which on a batch is folded in a thread: meanwhile the loop keeps its time."""
KEEP_EVERY = 1.0
"""Seconds after which the place is written down where nothing but repeats was read."""
CONNECT_FOR = 30.0
"""Seconds for which the first connection is tried."""
PAUSE, LONGEST_PAUSE = 0.5, 4.0
"""Seconds before connecting again, doubling while connections do not last."""


class Agent:
    """Runs one party's dispatcher.

    Args:
        dispatcher: Folded already.
        journal: Its journal; used in one thread only.
        broker: Not yet open.
        log: Structured logger.
        hooks: See `Hooks`.
        refusals: Tells people what was refused.
    """

    def __init__(
        self, dispatcher: Dispatcher, journal: Journal, broker: Broker, log: Any, hooks: Hooks, refusals: Refusals
    ) -> None:
        self.dispatcher, self.journal, self.broker, self.log, self.hooks = dispatcher, journal, broker, log, hooks
        self.refusals = refusals
        self.inbox: asyncio.Queue[Input] = asyncio.Queue(4 * BATCH_EVENTS)
        self.publisher = Publisher(broker, journal.outgoing, dispatcher.suspended, dispatcher.payload)
        self.repeats, self._due, self._kept = Repeats(), False, 0.0
        self.summaries: dict[str, RunSummary] = {}
        self.stopping = asyncio.Event()
        links = Links(self.publisher.aside, self.put, self._rewind)
        self.recovery = Recovery(dispatcher, journal, links, history=broker.history)
        self._rewinding = False
        self._positions: dict[str, Position] = journal.positions()
        self._acks = Acknowledgements()
        self._unread, self._room = 0, asyncio.Event()
        self._folding = False

    def put(self, call: Callable[[str], object], *, heavy: bool = False) -> None:
        """Have the loop call something with the time of its batch; safe from tasks of the same loop.

        Args:
            call: What to call.
            heavy: Whether it goes through numbers by reference; then it is called in a thread.
        """
        asyncio.get_running_loop().create_task(self.inbox.put(Input(call=call, heavy=heavy)))

    @property
    def told(self) -> bool:
        """Whether all that was heard is acknowledged; a broker without history tells nobody once we have left."""
        return all(self._acks.told(cid, c.chain.seen) for cid, c in self.dispatcher.collaborations.items())

    def rest(self, cid: str) -> bool:
        """Whether nothing remains to be said or heard about a collaboration."""
        collaboration = self.dispatcher.collaborations[cid]
        told = self._acks.told(cid, collaboration.chain.seen)
        return collaboration.ended and told and cid not in self.dispatcher.suspended and self.publisher.left(cid)

    def close(self, cid: str) -> None:
        """Forget a collaboration at rest; its journal stays."""
        self.dispatcher.close(cid)
        self.publisher.close(cid)
        self.summaries.pop(cid, None)
        self._acks.forget(cid)

    def _rewind(self) -> None:
        """Read again from where the journal stands: what came for a suspended collaboration was not folded."""
        self._rewinding = self.broker.history

    def fail(self, error: BaseException) -> None:
        """Have the loop raise an error that a task met."""

        def reraise(_now: str) -> None:
            raise error

        self.put(reraise)

    async def run(self, done: Callable[[], bool]) -> None:
        """Work until `done`, or until asked to stop.

        Raises:
            AccordError: The journal, the broker, or a second agent with this identity make going on impossible.
        """
        telling = asyncio.create_task(self.refusals.run())
        try:
            await self._connections(done)
            await self.refusals.drained()
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)

    async def _connections(self, done: Callable[[], bool]) -> None:
        """One connection after another."""

        async def session() -> bool:
            await self._session(done)
            return not self._rewinding

        patience = Patience(PAUSE, LONGEST_PAUSE, CONNECT_FOR)
        self._link = Connections(self.stopping, patience, self._lost)
        await self._link.run(self.broker.open, session, self.broker.close)

    def _lost(self, error: BrokerError, pause: float) -> None:
        self.log.warning("broker", problem=str(error))

    async def _session(self, done: Callable[[], bool]) -> None:
        """One connection: catch up to the log's end as it is now, then work."""
        while self._link.stood and not self.inbox.empty():  # of an earlier connection: not to be taken for this one's
            await self._take()
        self.repeats.forget()  # what is read again may not have been taken
        if self._rewinding:
            self._rewinding, self._positions = False, self.journal.positions()
        if self.dispatcher.adopting and self.broker.history:
            await self._adopt()
            self.recovery.check()
        end = await self._subscribed()
        self._link.stood = True
        self.log.info("connected", end=end)
        while self._ahead(end) and not self.stopping.is_set():
            found = await self.broker.receive(BATCH_EVENTS, BATCH_BYTES, 0.2)
            end = end if found else await self._lowered(end)
            for delivery in found:
                while self.inbox.full():
                    await self._take()
                self.inbox.put_nowait(Input(delivery=delivery))
            while self.inbox.qsize():
                await self._take()
        if self.dispatcher.adopting:
            self.dispatcher.adopting = False
            self.hooks.ready()
        self._unread = 0  # a reader that was cancelled may have counted what it could not hand over
        self._acks.restart()
        self.publisher.restart()
        await self._work(done)

    async def _subscribed(self) -> dict[str, int]:
        """Read on after what is journaled; returns the log's end as it is now."""
        for source in await self.broker.subscribe(self._positions):
            self._positions.pop(source, None)  # it is read from its start
            self.log.warning("log rewound", source=source)
        return dict(await self.broker.end())

    async def _adopt(self) -> None:
        """Before anything is folded: which own events does the log hold that the journal lacks?

        What they answer stands before them on the log. Folded first, it would be answered anew, under another envelope.
        """
        end = self._ahead(await self._subscribed())
        read: dict[str, int] = {}
        while end and not self.stopping.is_set():
            found = await self.broker.receive(BATCH_EVENTS, BATCH_BYTES, 0.2)
            end = end if found else self._ahead(await self._lowered(end))
            for delivery in found:
                self.dispatcher.adopt(delivery.record.frame, stamp())
                read[delivery.position.source] = delivery.position.offset
            end = {source: at for source, at in end.items() if read.get(source, -1) < at}
            await self._commit([])

    async def _lowered(self, end: dict[str, int]) -> dict[str, int]:
        """An end that is not reached although nothing comes: what stands there may be no record."""
        now = await self.broker.end()
        return {source: min(at, now[source]) for source, at in end.items() if source in now}

    def _ahead(self, end: dict[str, int]) -> dict[str, int]:
        """The sources that hold more than was journaled."""
        return {s: at for s, at in end.items() if s not in self._positions or self._positions[s].offset < at}

    async def _work(self, done: Callable[[], bool]) -> None:
        ending = asyncio.Event()
        loop = asyncio.create_task(self._loop(done, ending))
        others = [asyncio.create_task(apart(c)) for c in (self._read(), self.publisher.run(), self._keep_time())]
        try:
            finished, _ = await asyncio.wait([loop, *others], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in others:
                task.cancel()
            ending.set()  # the loop is never cancelled: a commit under way is followed by what it made us do
            await asyncio.gather(loop, *others, return_exceptions=True)
        loop.result()
        for task in finished:
            task.result()

    async def _read(self) -> None:
        while True:
            while self._unread >= BATCH_BYTES:
                self._room.clear()
                await self._room.wait()
            for delivery in await self.broker.receive(BATCH_EVENTS, BATCH_BYTES, 1.0):
                read = Input(delivery=delivery)
                self._unread += read.size
                await self.inbox.put(read)

    async def _keep_time(self) -> None:
        while True:
            await asyncio.sleep(ACK_AFTER / 2)
            self.hooks.look()
            if self._folding:  # the dispatcher is in other hands
                continue
            self._acknowledge()
            self.recovery.tick(asyncio.get_running_loop().time())
            self.hooks.tick()

    async def _loop(self, done: Callable[[], bool], ending: asyncio.Event) -> None:
        while not (self.stopping.is_set() or ending.is_set() or self._rewinding):
            if done() and self.inbox.empty():
                return
            try:
                async with asyncio.timeout(0.25):
                    first = await self.inbox.get()
            except TimeoutError:
                continue
            await self._take(first)
            self._acknowledge()  # a sender with a full window waits for it, while `_keep_time` finds us folding

    async def _take(self, first: Input | None = None) -> None:
        """Take a batch from the inbox: fold, commit, then let the outside know."""
        inputs = [first] if first else []
        size = sum(i.size for i in inputs)
        while len(inputs) < BATCH_EVENTS and size < BATCH_BYTES and not self.inbox.empty():
            inputs.append(self.inbox.get_nowait())
            size += inputs[-1].size
        self._unread = max(0, self._unread - size)
        self._room.set()
        now = stamp()
        deliveries = []
        for item in inputs:
            try:
                clock = asyncio.get_running_loop().time()
                if item.heavy or item.size >= HEAVY:
                    await self._aside_from_loop(item, now, clock)
                else:
                    self._fold(item, now, clock)
            except PoisonError as poison:
                await self._poisoned(poison)
            if item.delivery is not None:
                self._positions[item.delivery.position.source] = item.delivery.position
                deliveries.append(item.delivery)
        await self._commit(deliveries)

    def _fold(self, item: Input, now: str, clock: float) -> None:
        if item.delivery is not None:
            self._deliver(item.delivery, now, clock)
        elif item.call is not None:
            item.call(now)

    async def _aside_from_loop(self, item: Input, now: str, clock: float) -> None:
        self._folding = True
        try:
            await asyncio.to_thread(self._fold, item, now, clock)
        finally:
            self._folding = False

    def _deliver(self, delivery: Delivery, now: str, clock: float) -> None:
        """Take a record, or only note that it came once more."""
        record, digest = delivery.record, delivery.position.digest
        if record.key not in self.dispatcher.suspended and not self.repeats.due(digest, clock):
            if record.key in self.dispatcher.collaborations:
                self.dispatcher.effects.repeated.add(record.key)  # somebody may lack our acknowledgement
            if said := self.repeats.ring(digest, clock):
                self.log.warning("ring", problem=f"{said} {REMEDY}", family=record.family, collaboration=record.key)
            return
        self._due = True
        self.dispatcher.deliver(record.family, record.frame, now)

    async def _commit(self, deliveries: list[Delivery]) -> None:
        batch, effects = self.dispatcher.flush()
        clock = asyncio.get_running_loop().time()
        worth = self._due or clock - self._kept > KEEP_EVERY
        if worth and not (self.dispatcher.suspended or self._rewinding):
            self._due, self._kept = False, clock
            batch.positions = list({d.position.source: self._positions[d.position.source] for d in deliveries}.values())
        if batch:
            await self._write(batch)
        if batch.quarantined:
            self._refused(batch, deliveries)
        await self._after(batch, effects)
        await self.broker.committed(deliveries)

    async def _write(self, batch: Batch) -> None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        await asyncio.to_thread(self.journal.commit, batch)
        self.hooks.committed(batch, loop.time() - start)

    def _refused(self, batch: Batch, deliveries: list[Delivery]) -> None:
        keys = {d.record.frame: d.record.key for d in deliveries}
        for source, reason, data, code in batch.quarantined:
            self.log.warning("quarantined", source=source, reason=reason, code=code)
            self.refusals.tell(keys.get(data) or subject_of(data), source, reason, data)

    async def _after(self, batch: Batch, effects: BatchEffects) -> None:
        self.hooks.heard(effects.times)
        now = asyncio.get_running_loop().time()
        for row, (_, outcome) in zip(batch.rows, effects.outcomes, strict=True):
            size = len(row.payload or b"")
            ids = trace.fields(outcome.event)
            self.log.debug("row", collaboration=row.collaboration, kind=row.kind, bytes=size, **ids)
            if row.kind == "job":
                self.hooks.journaled(row.collaboration, Address(*row.head.decode().split("\n")))
        by_id: dict[str, list[Any]] = {}
        said = [frame for _, outcome in effects.outcomes for frame in outcome.frames]
        for out, frame in zip(batch.outgoing, said, strict=True):
            by_id.setdefault(out.collaboration, []).append(out)
            self.log.debug(
                "said",
                collaboration=out.collaboration,
                family=out.family,
                sequence=out.sequence,
                bytes=out.size,
                **trace.fields(frame),
            )
        for cid, frames in by_id.items():
            self.publisher.put(self.dispatcher.collaborations[cid], frames)
            self._acks.tell(cid, dict(Frame.restore(frames[-1].head, None).header.seen), now)
        if effects.moved:
            self.publisher.covered()
        for cid in effects.repeated:
            self._acks.asked(cid)
        for collaboration, outcome in effects.outcomes:
            self.summaries.setdefault(collaboration.cid, RunSummary()).take(collaboration, outcome)
            self._folding = bool(outcome.notes)  # nothing follows from a note before somebody has looked at it
            for note in outcome.notes:
                await self.hooks.noted(collaboration, note)
            self._folding = False
            self.hooks.outcome(collaboration, outcome)
            for job in outcome.jobs:
                self.hooks.job(collaboration.cid, job)
        for collaboration in effects.proposed:
            self.recovery.proposed(collaboration)
        for cid, peer in effects.doubted:
            self.recovery.claimed(cid, peer)
        if not self.dispatcher.adopting:  # who asked while we were away asks again
            for frame in effects.asides:
                self.recovery.heard(frame, now)
        for collaboration in effects.proposed:
            self.hooks.proposed(collaboration)

    async def _poisoned(self, poison: PoisonError) -> None:
        """Keep what went before, fold the collaboration anew from its journal, and take the row as fatal to it."""
        cid = poison.row.collaboration
        self.log.error(
            "poison",
            collaboration=cid,
            row=poison.row.kind,
            code=poison.code,
            cause=type(poison.__cause__).__name__,
            exc_info=poison.__cause__,
        )
        await self._commit([])
        for _ in self.dispatcher.fold(cid, self.journal.rows(cid), self.journal.outgoing(cid)):
            pass
        self.publisher.send_queue(self.dispatcher.collaborations[cid]).collaboration = self.dispatcher.collaborations[
            cid
        ]
        self.dispatcher.poison(poison.row, poison.code)

    def _acknowledge(self) -> None:
        now = asyncio.get_running_loop().time()
        for cid, collaboration in self.dispatcher.collaborations.items():
            seen = collaboration.chain.seen
            if not self._acks.due(cid, seen, now):
                continue
            self._acks.tell(cid, dict(seen), now)
            self.publisher.aside([self.dispatcher.acknowledgement(cid, stamp())])
