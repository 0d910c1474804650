"""The cluster of a run: one that is named, or one of this machine that ends with the run."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from accord_agents.config.party_file import CLUSTER, load
from accord_scenarios.layout import Layout
from accord_schemas.errors import UsageError

ADDRESS = "RAY_ADDRESS"


def named(executor: str | None) -> dict[str, str] | None:
    """What ``--executor`` says, as a party's file says it.

    Raises:
        UsageError: It says nothing known, or what it asks for is not installed.
    """
    if executor is None:
        return None
    kind, _, address = executor.partition(":")
    if kind != "ray" or not re.fullmatch(CLUSTER, address or "auto"):
        raise UsageError(
            f"--executor {executor}: expected ray, or ray:HOST:PORT.",
            hint="ray starts a cluster here for the run; ray:HOST:PORT takes one that this machine is a node of.",
        )
    from accord_agents.execution.cluster.connection import installed

    installed()
    return {"ray": address or "auto"}


@contextmanager
def running(layout: Layout, parties: Sequence[str], say: Callable[[str], None]) -> Iterator[None]:
    """Meanwhile there is the cluster that a run's agents are to use; one that nobody named is started, and ended."""
    settings = load(layout.config(parties[0])).executor
    if settings is None or settings.ray != "auto" or os.environ.get(ADDRESS):
        yield
        return
    from accord_agents.execution.cluster.connection import start

    address, end = start(max(os.cpu_count() or 1, len(parties)))
    say(f"heavy tasks run on Ray at {address}, which ends with the run")
    os.environ[ADDRESS] = address
    try:
        yield
    finally:
        del os.environ[ADDRESS]
        end()
