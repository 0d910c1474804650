"""What an alignment by OT extension is cut by, and what leader and server hold of their exchange meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from accord_protocols.kernel.effects import Compute, Fields
from accord_protocols.kernel.machine import Setup
from accord_protocols.phases.alignment.base_transfers import code_of
from accord_protocols.primitives.psi.ot.code import Shape
from accord_protocols.tasks.results.alignment import Bucketed, Learned
from accord_protocols.tasks.results.common import Bytes, Words
from accord_schemas.agreement import Agreement
from accord_schemas.canonical import digest

SCHEME = "ot"
"""As ``align.protocol`` says it."""


def by_transfer(agreement: Agreement) -> bool:
    """Whether a collaboration is aligned by OT extension."""
    return agreement.align.protocol == SCHEME


def shape(agreement: Agreement, ids: int) -> Shape:
    """Of the table of a leader of so many ids."""
    return Shape(ids, code_of(agreement))


def table_bytes(agreement: Agreement, ids: int) -> int:
    """Bytes of the table of a leader of so many ids."""
    return shape(agreement, ids).rows * code_of(agreement).words * 8


def alone(agreement: Agreement) -> bool:
    """Whether there is a single server."""
    return len(agreement.others) == 1


def bucketed(agreement: Agreement, leader: int, hashes: Bytes) -> Compute:
    """Brings hashes into the order of the buckets of the table of a leader of so many ids."""
    return Compute("bucketed", "ot.bucketed", {"leader": leader, "code": agreement.align.code, "hashes": hashes})


def session(setup: Setup) -> Fields:
    """Bound into every hash of an id, at all parties."""
    return {"sid": digest(b"accord transfer", setup.sid)}


@dataclass(frozen=True, slots=True, repr=False)
class Edge:
    """What leader and server begin with: how many ids each announced, and hashes of the own ones.

    Args:
        leader: Ids of the leader.
        server: Ids of the server.
        hashes: By row, ``(n, 16) uint8``; or
        buckets: the same by bucket, and then the base transfers are under way.
        table: The leader's, ``(rows, words) uint64``, if several servers are to have it; else it is solved a bucket at
            a time.
        kappas: The server's secrets with its peers.
    """

    leader: int
    server: int
    hashes: Bytes | None = None
    buckets: Bucketed | None = None
    table: Words | None = None
    kappas: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, repr=False)
class Masking:
    """Leader: its leaves, and which bucket is sent next."""

    edge: Edge
    leaves: Bytes
    bucket: int = 0


@dataclass(frozen=True, slots=True, repr=False)
class Reading:
    """Server: its half of the base transfers, which masked bucket comes next, and the tags of the first buckets."""

    edge: Edge
    secret: Learned
    bucket: int = 0
    tags: tuple[Bytes, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Parted:
    """What the server of two ends with: tags of its ids, bucket by bucket, and which rows they are of."""

    tags: tuple[Bytes, ...]
    order: Bytes
    places: Bytes | None = None
    """Of the server, where the tags of its marks stand."""

    @property
    def fields(self) -> Fields:
        """For a task."""
        own = {f"tags.{bucket}": part for bucket, part in enumerate(self.tags)}
        return {"order": self.order, **own} | ({"places": self.places} if self.places is not None else {})


@dataclass(frozen=True, slots=True, repr=False)
class Marked:
    """What the leader of two ends with: the same of its ids, and the server's marks."""

    parted: Parted
    marks: Bytes
