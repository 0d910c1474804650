"""A cluster in memory: its workers are desks of this process, and die when they are told to."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from accord_agents.execution.cluster.desk import Desk
from accord_agents.execution.cluster.orders import Message


class LostError(Exception):
    """A worker went."""


@dataclass
class MemoryWorker:
    cluster: MemoryCluster
    desk: Desk
    here: bool = True
    near: bool = False

    @property
    def public(self) -> bytes:
        return self.desk.hello()[0]

    @property
    def pid(self) -> int:
        return os.getpid()

    async def work(self, message: Message) -> tuple[bytes, list[Any]]:
        self.cluster.orders.append(message)
        if self.cluster.deaths:
            self.cluster.deaths -= 1
            raise LostError
        return self.desk.work(message.wrap, message.body, message.pieces)


@dataclass
class MemoryCluster:
    """Keeps pieces in a dictionary, and all that it was told."""

    processors: int = 2
    near: bool = False
    deaths: int = 0
    pieces: dict[int, bytes] = field(default_factory=dict)
    orders: list[Message] = field(default_factory=list)
    dismissed: int = 0
    hired: int = 0
    losses = (LostError,)

    def connect(self) -> int:
        return self.processors

    async def hire(self, said: Callable[[str], None]) -> MemoryWorker:
        self.hired += 1
        return MemoryWorker(self, Desk(self.put, self.get), near=self.near)

    def dismiss(self, worker: Any) -> None:
        self.dismissed += 1

    def put(self, piece: memoryview) -> int:
        self.pieces[len(self.pieces)] = bytes(piece)
        return len(self.pieces) - 1

    def get(self, name: int) -> bytes:
        return self.pieces[name]

    def leave(self) -> None:
        pass
