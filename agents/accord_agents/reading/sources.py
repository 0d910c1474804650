"""What of a party's files a job reads, by their description and the agreement."""

from __future__ import annotations

from accord_agents.config.party_file import EdgeFiles
from accord_agents.config.party_file import Source as Files
from accord_agents.intake.edges import EdgeSource
from accord_agents.intake.reader import Source
from accord_protocols.jobs.base import Reads
from accord_schemas.agreement import Ids
from accord_schemas.errors import UsageError


def source(data: Files | EdgeFiles, agreed: Ids, reads: Reads) -> Source | EdgeSource:
    """The files as they are read.

    Raises:
        UsageError: They are of another kind than the job reads, ids are made otherwise, or a column is not offered.
    """
    if reads.graph is None:
        own = table(data)
        own.offers(reads.cells)
        return Source(own.place, own.key(agreed), own.label, own.features, reads)
    if isinstance(data, Files):
        raise UsageError(f"{data.name} is a table; this job reads edges.", hint="Set data.edges, source and target.")
    files = (data.edges, data.source, data.target, data.weight, data.vertices, data.flagged, data.ask)
    return EdgeSource(*files, reads.graph, reads.asks)


def table(data: Files | EdgeFiles) -> Files:
    """The description of a table.

    Raises:
        UsageError: The party has edges.
    """
    if isinstance(data, EdgeFiles):
        raise UsageError(f"{data.name} has edges; this job reads a table.", hint="Set data.csv and data.id.")
    return data
