"""Which executor a party's file asks for."""

from __future__ import annotations

import os
from collections.abc import Callable

from accord_agents.config.party_file import Config
from accord_agents.execution.executor import ProcessExecutor
from accord_agents.execution.port import Executor


def executor(config: Config, said: Callable[[str], None]) -> Executor:
    """Processes of this machine, or workers on a cluster.

    Args:
        config: The party's.
        said: Told what the cluster does, for people.

    Raises:
        UsageError: The library for the cluster is not there.
    """
    if config.executor is None:
        return ProcessExecutor(config.workers or os.cpu_count() or 1, config.most_workers or 0)
    from accord_agents.execution.cluster.connection import RayCluster
    from accord_agents.execution.cluster.executor import ClusterExecutor

    return ClusterExecutor(RayCluster(config.executor.ray, config.out), config.workers, said)
