"""How much of a job's work each pool of workers has taken, and where the next part goes."""

from __future__ import annotations

from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field

from accord_agents.execution.result import TaskResult


@dataclass(slots=True)
class _Taker:
    """A pool, the parts that it may have under way, and those that it has."""

    pool: ProcessPoolExecutor
    room: int
    started: Future[None] | None
    taken: set[Future[TaskResult]] = field(default_factory=set)


class Room:
    """The pools of one job."""

    def __init__(self) -> None:
        self._takers = list[_Taker]()

    @property
    def size(self) -> int:
        """Parts that all pools may have under way."""
        return sum(taker.room for taker in self._takers)

    def add(self, pool: ProcessPoolExecutor, room: int, started: Future[None] | None = None) -> None:
        """Let a pool take part.

        Args:
            pool: Of workers.
            room: Parts that it may have under way.
            started: Done once it works; given nothing until then, as what is joined in order would wait for its start.
                None of one that works already.
        """
        self._takers.append(_Taker(pool, room, started))

    def freest(self) -> ProcessPoolExecutor:
        """The pool that has most room left, of those that work."""
        working = [taker for taker in self._takers if taker.started is None or taker.started.done()]
        for taker in working:
            taker.taken.difference_update([future for future in taker.taken if future.done()])
        return max(working, key=lambda taker: taker.room - len(taker.taken)).pool

    def taken(self, pool: ProcessPoolExecutor, future: Future[TaskResult]) -> Future[TaskResult]:
        """Note what a pool has taken."""
        next(taker for taker in self._takers if taker.pool is pool).taken.add(future)
        return future
