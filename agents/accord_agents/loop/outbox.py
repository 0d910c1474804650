"""Publishing: frames go out in sequence, and again until every party has told that it holds them.

The broker's acknowledgement is no proof that a peer has a frame; its watermark is. At most so many events and bytes per
collaboration are under way without one, so that a slow party never makes a fast one run out of memory.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.journal.rows import Outgoing
from accord_agents.loop.trace import traceparent
from accord_broker.port import Broker, Record
from accord_schemas.frame import Frame

MAX_EVENTS, MAX_BYTES = 64, 32 << 20
GROUP = 4 << 20
"""Bytes of frames that are in memory at once while they are published."""
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 60.0
"""Seconds after which uncovered frames go again, doubling."""
LOSSY_PAUSE = 1.0
"""The first of these on a broker without history, which may have lost them."""
TRIES = 3
"""On a broker without history: so often an ended collaboration's last frames go again; then the peer has left."""


@dataclass(slots=True)
class SendQueue:
    """One collaboration's frames on their way.

    Attributes:
        queue: The next ones, up to `MAX_BYTES`.
        more: Whether the journal alone holds further ones.
        last: The sequence of the last one that is or was in the queue.
    """

    collaboration: Collaboration
    pause: float
    queue: deque[Outgoing] = field(default_factory=deque)
    more: bool = False
    last: int = 0
    under_way: deque[tuple[int, int]] = field(default_factory=deque)
    due: float = 0.0
    tries: int = 0

    @property
    def covered(self) -> int:
        """The sequence up to which every party holds our frames, or shall never have them."""
        chain = self.collaboration.chain
        told = min((chain.covered.get(p, 0) for p in self.collaboration.peers), default=chain.sequence)
        return max(told, self.collaboration.withheld)

    @property
    def waiting(self) -> bool:
        """Whether anything has not been sent yet."""
        return bool(self.queue) or self.more

    @property
    def idle(self) -> bool:
        """Whether nothing needs to be said again: all parties hold everything."""
        return not self.waiting and self.covered >= self.collaboration.chain.sequence

    def add(self, frames: Iterable[Outgoing]) -> None:
        """Take frames, in sequence, as far as there is room: a slow peer must not fill the memory."""
        room = MAX_BYTES - sum(out.size for out in self.queue)
        for out in frames:
            if out.sequence > self.last:
                self.more = self.more or room <= 0
                if self.more:
                    return
                self.queue.append(out)
                self.last, room = out.sequence, room - out.size

    def reload(self, frames: Iterable[Outgoing], after: int) -> None:
        """Begin anew with the frames beyond a sequence, out of the journal."""
        self.queue.clear()
        self.more, self.last = False, after
        self.add(frames)


class Publisher:
    """Sends the outbox.

    Args:
        broker: Where to.
        load: Reads a collaboration's frames beyond a sequence from the journal, to send them again.
        suspended: Collaborations in which nothing may be said for now.
        remake: Gives a frame's payload, of (frame without it, payload, recipe): see `Dispatcher.payload`.
    """

    def __init__(
        self,
        broker: Broker,
        load: Callable[[str, int], Iterable[Outgoing]],
        suspended: Container[str] = (),
        remake: Callable[[bytes, bytes, bytes], bytes] = lambda head, payload, recipe: payload,
    ) -> None:
        self._remake = remake
        self._broker, self._load, self._suspended = broker, load, suspended
        self._send_queues: dict[str, SendQueue] = {}
        self._wake = asyncio.Event()
        self._asides: list[Record] = []
        self._sending = False

    def send_queue(self, collaboration: Collaboration) -> SendQueue:
        """The send queue of a collaboration."""
        if collaboration.cid not in self._send_queues:
            self._send_queues[collaboration.cid] = SendQueue(collaboration, pause=self._first())
        return self._send_queues[collaboration.cid]

    def left(self, cid: str) -> bool:
        """Whether nobody waits for any frame of a collaboration."""
        outgoing = self._send_queues.get(cid)
        return outgoing is None or (
            not outgoing.waiting and (outgoing.idle or self._left(outgoing, self._broker.history))
        )

    def close(self, cid: str) -> None:
        """Forget a collaboration."""
        self._send_queues.pop(cid, None)

    def put(self, collaboration: Collaboration, frames: Iterable[Outgoing]) -> None:
        """Take frames that are committed."""
        self.send_queue(collaboration).add(frames)
        self._wake.set()

    def aside(self, frames: Iterable[Frame]) -> None:
        """Send what is outside the outbox: acknowledgements, questions, and events to who asked for them; never again.

        Events are dropped while many wait: they were asked for faster than the broker takes them.
        """
        waiting = sum(len(record.frame) for record in self._asides)
        for frame in frames:
            waiting += len(frame.payload)
            if not frame.header.number or waiting < MAX_BYTES:
                self._asides.append(whole(frame))
        self._wake.set()

    def covered(self) -> None:
        """A watermark moved: there may be room."""
        for outgoing in self._send_queues.values():
            while outgoing.under_way and outgoing.under_way[0][0] <= outgoing.covered:
                outgoing.under_way.popleft()
                outgoing.pause, outgoing.due, outgoing.tries = self._first(), 0.0, 0
        self._wake.set()

    def drained(self, *, history: bool) -> bool:
        """Whether this party may leave: every frame is held by all parties, or nobody waits for the rest.

        That is so on a broker with history where it was read back; on one without, where peers that heard how the
        collaboration ended answer no more: their last acknowledgement was lost, and they have left.
        """
        if self._asides or self._sending or any(outgoing.waiting for outgoing in self._send_queues.values()):
            return False
        return all(outgoing.idle or self._left(outgoing, history) for outgoing in self._send_queues.values())

    def restart(self) -> None:
        """After a new connection: everything that is not covered is due again."""
        self._sending = False
        for outgoing in self._send_queues.values():
            outgoing.under_way.clear()
            self._reload(outgoing, outgoing.covered)
            outgoing.pause, outgoing.due = self._first(), 0.0

    async def run(self) -> None:
        """Publish until cancelled.

        Raises:
            BrokerError: The broker did not take what was due; `restart` on the next connection.
        """
        while True:
            self._wake.clear()
            self._again(asyncio.get_running_loop().time())
            due = self._next()
            if due:
                self._sending = True
                for group in _groups(due):
                    heavy = any(isinstance(item, Outgoing) and item.recipe for item in group)
                    whole = await asyncio.to_thread(self._records, group) if heavy else self._records(group)
                    await self._broker.publish(whole)
                self._sending = False
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await self._wake.wait()

    def _records(self, due: Sequence[Record | Outgoing]) -> list[Record]:
        return [item if isinstance(item, Record) else record(item, self._remake) for item in due]

    def _next(self) -> list[Record | Outgoing]:
        records: list[Record | Outgoing] = [*self._asides]
        self._asides = []
        for cid, outgoing in self._send_queues.items():
            if cid in self._suspended:
                continue
            size = sum(s for _, s in outgoing.under_way)
            while outgoing.waiting and len(outgoing.under_way) < MAX_EVENTS and size < MAX_BYTES:
                if not outgoing.queue:
                    self._reload(outgoing, outgoing.last)
                    continue
                out = outgoing.queue.popleft()
                if out.sequence <= outgoing.collaboration.withheld:
                    continue
                size += out.size
                outgoing.under_way.append((out.sequence, out.size))
                records.append(out)
        return records

    @staticmethod
    def _left(outgoing: SendQueue, history: bool) -> bool:
        """Whether nobody waits for these: the collaboration has ended, and all stand on the log or were repeated."""
        return outgoing.collaboration.ended and (
            outgoing.collaboration.chain.settled(outgoing.covered) if history else outgoing.tries >= TRIES
        )

    def _first(self) -> float:
        return FIRST_PAUSE if self._broker.history else LOSSY_PAUSE

    def _again(self, now: float) -> None:
        """Frames that somebody should hold by now and does not: send them once more, ever more rarely."""
        for outgoing in self._send_queues.values():
            if (
                outgoing.queue
                or not outgoing.under_way
                or outgoing.collaboration.cid in self._suspended
                or self._left(outgoing, self._broker.history)
            ):
                continue
            if not outgoing.due:
                outgoing.due = now + outgoing.pause
            elif now >= outgoing.due:
                outgoing.pause, outgoing.due, outgoing.tries = (
                    min(2 * outgoing.pause, LONGEST_PAUSE),
                    0.0,
                    outgoing.tries + 1,
                )
                outgoing.under_way.clear()
                self._reload(outgoing, outgoing.covered)

    def _reload(self, outgoing: SendQueue, after: int) -> None:
        outgoing.reload(self._load(outgoing.collaboration.cid, after), after)


def record(out: Outgoing, remake: Callable[[bytes, bytes, bytes], bytes] = lambda _, payload, __: payload) -> Record:
    """A frame as the broker takes it."""
    return whole(Frame.restore(out.head, remake(out.head, out.payload, out.recipe)))


def _groups(due: Sequence[Record | Outgoing]) -> Iterator[Sequence[Record | Outgoing]]:
    """What is made and published at once: large payloads a few at a time."""
    start = size = 0
    for at, item in enumerate(due):
        size += len(item.frame) if isinstance(item, Record) else item.size
        if size >= GROUP:
            yield due[start : at + 1]
            start, size = at + 1, 0
    if start < len(due):
        yield due[start:]


def whole(frame: Frame) -> Record:
    """A frame as the broker takes it."""
    header = frame.header
    return Record(header.event_class.family, header.subject, frame.encode(), traceparent(frame))
