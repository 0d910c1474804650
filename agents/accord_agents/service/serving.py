"""Running one party's agent in this process."""

from __future__ import annotations

import asyncio

from accord_agents.config.data_sets import DataSet, EdgeFiles
from accord_agents.config.party_file import Config
from accord_agents.execution.allocator import AGENT, spare
from accord_agents.files.folder_lock import held
from accord_agents.intake.pictures import listed
from accord_agents.intake.reader import FEATURES, Source, check
from accord_agents.observability.logs import routed
from accord_agents.service.service import OneShotRun, Service
from accord_broker.stray import attended
from accord_protocols.jobs.base import Reads
from accord_protocols.primitives.pir.cells import MOST


def check_data(config: Config) -> None:
    """Look at the party's tables before any proposal needs them; a `UsageError` names file, line and column."""
    for data in config.sets.values():
        _check(data)


def _check(data: DataSet) -> None:
    if isinstance(data, EdgeFiles):  # what edges may be, the agreement's list of vertices says
        return
    if data.images is not None:  # what is made of them, an agreement says
        listed(data.images)
        return
    offered = Reads(cells=tuple(data.columns), cell_bytes=MOST) if data.columns else FEATURES
    check(Source(data.place, data.made_of, data.label, data.features, offered))


def serve(config: Config, one_shot: OneShotRun | None = None) -> bool:
    """Run one party's agent until it is done or told to stop; blocks. Returns whether a one-shot run was done."""
    spare(AGENT)
    with held(config.out):
        if one_shot is None:
            check_data(config)
        service = Service(config, one_shot)
        with routed(service.log):
            asyncio.run(attended(service.run(), service.log))
        return not service.agent.stopping.is_set()
