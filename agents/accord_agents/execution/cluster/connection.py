"""The one place that speaks to Ray."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import logging
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from accord_agents.execution.cluster.desk import which
from accord_agents.execution.cluster.orders import Message
from accord_schemas.errors import AccordError, UsageError

AUTO = "auto"
"""The cluster that RAY_ADDRESS names, else the one that runs on this machine."""
_ALONE = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
"""Set to 0, whatever the system, nodes of other machines are ruled out, and Ray listens on loopback alone. Otherwise it
makes of 127.0.0.1 the address at which others reach this machine, and listens on every interface."""
_STARTS = 3
"""How often a start is tried: Ray gives itself thirty seconds, which a busy machine may not have."""
_ANSWER = 10.0
"""Seconds within which the head of a cluster takes a connection."""
_PATIENCE = 30.0
"""Seconds after which people are told that the cluster has no processor free."""


def installed() -> None:
    """See to it that there is a Ray, without importing it.

    Raises:
        UsageError: There is none.
    """
    if importlib.util.find_spec("ray") is None:
        raise UsageError("the executor ray needs Ray, which is not here.", hint="pip install 'accord[ray]'")


def library() -> Any:
    """Ray.

    Raises:
        UsageError: It is not installed.
    """
    installed()
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing of a run is told to others
    import ray

    logging.getLogger("ray").setLevel(logging.ERROR)
    return ray


@dataclass(frozen=True, slots=True)
class RayWorker:
    """A process of the cluster that does orders, one at a time.

    Args:
        actor: What Ray calls it.
        public: Its public key.
        pid: Its process id there.
        here: Whether that is on this machine's node.
        near: Whether it can read the agent's files there.
    """

    actor: Any = field(repr=False)
    public: bytes
    pid: int
    here: bool
    near: bool = False

    async def work(self, message: Message) -> tuple[bytes, list[Any]]:
        """Do an order."""
        reply: tuple[bytes, list[Any]] = await self.actor.work.remote(message.wrap, message.body, message.pieces)
        return reply


class RayCluster:
    """A Ray cluster, of which this process is a driver.

    Args:
        address: HOST:PORT of its head, or `AUTO`.
        folder: Of the agent's files, which a worker beside it may be able to read.
    """

    def __init__(self, address: str, folder: Path | None = None) -> None:
        self._address, self._folder, self._ray = address, folder and folder.absolute(), library()
        self._class: Any = None
        self.losses: tuple[type[Exception], ...] = (self._ray.exceptions.RayError,)
        """What comes of workers, nodes and objects that are lost."""

    def connect(self) -> int:
        """Join; returns how many processors the cluster has.

        Raises:
            AccordError: There is none.
        """
        address = os.environ.get("RAY_ADDRESS", AUTO) if self._address == AUTO else self._address
        try:
            if not self._ray.is_initialized():
                _answers(address)
                self._ray.init(
                    address=address,
                    namespace="accord",
                    log_to_driver=False,
                    configure_logging=False,
                    logging_level=logging.ERROR,
                )
        except (ConnectionError, RuntimeError, ValueError, OSError, self._ray.exceptions.RayError) as error:
            said = _first_line(error)
            hint = "Is it up, is this machine one of its nodes, and has it the same versions of Ray and Python?"
            raise AccordError(f"the Ray cluster {address} cannot be joined: {said}", hint=hint) from None
        self._class = self._ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)(_desk())
        return max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    async def hire(self, said: Callable[[str], None]) -> RayWorker:
        """A new worker, as soon as the cluster has a processor for it.

        Raises:
            AccordError: Its node runs another version.
            RayError: It was lost at once.
        """
        actor = self._class.remote()
        hello = asyncio.wrap_future(actor.hello.remote(str(self._folder or "")).future())
        try:
            done, _ = await asyncio.wait({hello}, timeout=_PATIENCE)
            if not done:
                said("waits for a free processor")
            public, runs, pid, folder, node = await hello
        except BaseException:
            self._end(actor)
            raise
        if runs != version("accord"):
            self._end(actor)
            raise AccordError(
                f"a node of the cluster has Accord {runs}, and this agent is {version('accord')}.",
                hint="Install the same version on all nodes: results have to be the same, byte for byte.",
            )
        here = node == self._ray.get_runtime_context().get_node_id()
        near = here and self._folder is not None and folder == which(self._folder) is not None
        return RayWorker(actor, public, pid, here, near)

    def dismiss(self, worker: RayWorker) -> None:
        """End a worker, if it has not ended yet."""
        self._end(worker.actor)

    def _end(self, actor: Any) -> None:
        if not self._ray.is_initialized():  # it ended with that, and `kill` would begin another cluster
            return
        with contextlib.suppress(self._ray.exceptions.RayError):  # nor is there a cluster any more
            self._ray.kill(actor, no_restart=True)

    def put(self, piece: memoryview) -> Any:
        """Have the cluster keep a copy of a piece; returns what it is called."""
        return self._ray.put(np.frombuffer(piece, np.uint8))

    def get(self, name: Any) -> Any:
        """A piece."""
        return self._ray.get(name)

    def leave(self) -> None:
        """End what is under way there."""
        self._ray.shutdown()


def _desk() -> type:
    """The class of workers, as Ray wants it: its nodes import what it is made of."""
    from accord_agents.execution.cluster.ray_desk import RayDesk

    return RayDesk


def alone() -> Any:
    """Ray for clusters of this machine alone, on loopback; it has to be asked for before Ray is first imported."""
    os.environ[_ALONE] = "0"
    return library()


def start(processors: int) -> tuple[str, Callable[[], None]]:
    """A cluster of this machine alone, on loopback, which ends with this process: (address, how to end it)."""
    ray = alone()
    for left in reversed(range(_STARTS)):
        try:
            ray.init(
                address="local",
                num_cpus=processors,
                num_gpus=0,
                include_dashboard=False,
                log_to_driver=False,
                configure_logging=False,
                logging_level=logging.ERROR,
                _node_ip_address="127.0.0.1",
            )
            break
        except Exception as error:  # noqa: BLE001 - it raises plain ones
            ray.shutdown()
            if not left:
                said = _first_line(error)
                hint = "See the logs in /tmp/ray."
                raise AccordError(f"Ray does not start on this machine: {said}", hint=hint) from None
    return ray.get_runtime_context().gcs_address, ray.shutdown


def _answers(address: str) -> None:
    """That something listens there, as far as it names a host and a port: Ray itself asks on for minutes.

    Raises:
        OSError: Nothing does.
    """
    host, mark, port = address.rpartition(":")
    if mark and port.isdecimal() and "/" not in host:
        socket.create_connection((host.strip("[]"), int(port)), _ANSWER).close()


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
