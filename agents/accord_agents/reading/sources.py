"""What of a party's files a job reads, by their description and the agreement."""

from __future__ import annotations

from accord_agents.config.data_sets import EdgeFiles
from accord_agents.config.data_sets import Source as Files
from accord_agents.files.places import FILE, Images
from accord_agents.intake.edges import EdgeSource
from accord_agents.intake.pictures import columns
from accord_agents.intake.reader import FEATURES, Source
from accord_protocols.jobs.base import Reads
from accord_schemas.agreement import Ids
from accord_schemas.errors import UsageError
from accord_schemas.matching import Match


def source(data: Files | EdgeFiles, agreed: Ids, reads: Reads) -> Source | EdgeSource:
    """The files as they are read.

    Raises:
        UsageError: They are of another kind than the job reads, ids are made otherwise, or a column is not offered.
    """
    if reads.pictures is not None:
        return _pictures(data, reads.pictures)
    if reads.graph is None:
        own = table(data)
        own.offers(reads.cells)
        if own.images is not None and own.embed is None:
            raise UsageError(
                f"{own.name} holds images; this job reads a table.", hint="Set data.embed: face or picture."
            )
        features = columns(own.embed) if own.embed is not None and own.features is None else own.features
        return Source(own.place, own.key(agreed), own.label, features, reads)
    if isinstance(data, Files):
        raise UsageError(f"{data.name} is a table; this job reads edges.", hint="Set data.edges, source and target.")
    files = (data.edges, data.source, data.target, data.weight, data.vertices, data.flagged, data.ask)
    return EdgeSource(*files, reads.graph, reads.asks)


def _pictures(data: Files | EdgeFiles, terms: Match) -> Source:
    """A folder of images by their files, embedded as was agreed."""
    if isinstance(data, EdgeFiles) or data.images is None:
        raise UsageError(f"{data.name} is no folder of images, which this job reads.", hint="Set data.images.")
    if data.embed not in (None, terms.kind):
        raise UsageError(
            f"{data.name}: the agreement is on {terms.kind}s, data.embed says {data.embed}.", hint="Leave embed out."
        )
    place = Images(data.images, terms.kind, terms.resampling, terms.weights, terms.width)
    return Source(place, FILE, None, columns(terms.kind), FEATURES)


def table(data: Files | EdgeFiles) -> Files:
    """The description of a table.

    Raises:
        UsageError: The party has edges.
    """
    if isinstance(data, EdgeFiles):
        raise UsageError(f"{data.name} has edges; this job reads a table.", hint="Set data.csv and data.id.")
    return data
