"""The parts of a job, done by whoever is free and joined in their order."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Iterator

from accord_agents.execution.joining import Joined
from accord_agents.execution.port import TaskResources
from accord_agents.execution.result import TaskResult
from accord_agents.execution.worker import TaskRequest
from accord_protocols.kernel.effects import Compute
from accord_protocols.tasks.registry import TASKS, spans

Submit = Callable[[TaskRequest], asyncio.Future[TaskResult]]


async def in_order(
    orders: Iterator[TaskRequest],
    submit: Submit,
    joined: Joined,
    supplies: TaskResources,
    width: int,
    done: Callable[[int], None],
) -> TaskResult:
    """Keep the workers busy, and no more than that: neither orders nor results pile up.

    Args:
        orders: One per part.
        submit: Has a worker do one.
        joined: Takes the results.
        supplies: Of the job: where parts are kept that were done before an agent died, and who is told of them.
        width: Parts that are under way at most.
        done: Told how many are done.
    """
    numbers, again, under_way = itertools.count(1), 0, deque[asyncio.Future[TaskResult]]()
    resumed = supplies.parts is not None and supplies.parts.folder.exists()
    try:
        for order in orders:
            if len(under_way) >= width:
                await asyncio.to_thread(joined.add, await under_way.popleft())
                done(next(numbers))
            if resumed and order.parts and (kept := await asyncio.to_thread(order.parts.find, order.number)):
                under_way.append(_known(TaskResult(kept)))
                again += 1
            else:
                under_way.append(submit(order))
        if again:
            supplies.found(again)
        while under_way:
            await asyncio.to_thread(joined.add, await under_way.popleft())
            done(next(numbers))
        return await asyncio.to_thread(joined.whole)
    finally:
        for future in under_way:
            future.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


def counted(compute: Compute, supplies: TaskResources) -> Callable[[int], None]:
    """Tells whoever asked how many parts of a job are done, of how many."""
    return lambda part: supplies.done(part, len(spans(TASKS[compute.task], compute.inputs, supplies.rows)))


def _known(reply: TaskResult) -> asyncio.Future[TaskResult]:
    future = asyncio.get_running_loop().create_future()
    future.set_result(reply)
    return future
