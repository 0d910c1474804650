"""A worker as an actor of Ray, which is imported where it is used: it is an extra."""

from __future__ import annotations

from typing import Any

import numpy as np

from accord_agents.execution.cluster.desk import Desk
from accord_schemas.errors import StorageError


class RayDesk:
    """A `Desk` whose pieces lie in Ray's object store, as ciphertext."""

    def __init__(self) -> None:
        self._desk = Desk(_put, _get)

    def hello(self, folder: str) -> tuple[bytes, str, int, tuple[int, int] | None, str]:
        """What a `Desk` says, and its node."""
        import ray

        return *self._desk.hello(folder), ray.get_runtime_context().get_node_id()

    def work(self, wrap: bytes, body: bytes, pieces: list[Any]) -> tuple[bytes, list[Any]]:
        """Do one order."""
        return self._desk.work(wrap, body, pieces)


def _put(piece: memoryview) -> Any:
    import ray

    return ray.put(np.frombuffer(piece, np.uint8))


def _get(name: Any) -> Any:
    import ray

    try:
        return ray.get(name)
    except ray.exceptions.RayError as error:  # a node went: another worker tries again
        raise StorageError(f"the cluster lost a piece: {type(error).__name__}.") from None
