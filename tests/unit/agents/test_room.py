"""Where the next part of a job goes: to a pool that works, and has most room."""

from __future__ import annotations

from concurrent.futures import Future, ProcessPoolExecutor

from accord_agents.execution.result import TaskResult
from accord_agents.execution.room import Room


def test_a_pool_that_starts_is_given_nothing_before_it_works() -> None:
    ordinary, further = ProcessPoolExecutor(1), ProcessPoolExecutor(1)  # no process starts before there is work
    room, started = Room(), Future[None]()
    room.add(ordinary, 2)
    room.add(further, 3, started)
    assert room.size == 5
    parts = [room.taken(room.freest(), Future[TaskResult]()) for _ in range(4)]
    assert room.freest() is ordinary
    started.set_result(None)
    assert room.freest() is further
    for _ in range(3):
        room.taken(further, Future[TaskResult]())
    for part in parts:
        part.set_result(TaskResult())
    assert room.freest() is ordinary
