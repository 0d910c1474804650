"""Hidden queries between a client and a server, on a table of a few rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from tests.support.world import Rows, World

from accord_protocols.jobs.registry import JOBS
from accord_protocols.primitives.pir.cells import pack
from accord_schemas.address import SELF, Address
from accord_schemas.agreement import Agreement, Limits, Member
from accord_schemas.parts import Query
from accord_schemas.suites import DEFAULT, Profile

CLIENT, SERVER = "bank", "shop"
COLUMNS = ("status", "amount")
TABLE: dict[str, tuple[str, str]] = {
    **{f"user-{i}": (("ok", "late", "lost")[i % 3], f"{i * 7.25:.2f}") for i in range(60)},
    "客户-1": ("", ""),
    "quoted": ('a "b", c', "line\r\nend \r"),
}
"""What the server has: plain cells, empty ones, and ones that need quotes."""


def hidden(most: int = 50, width: int = 48, profile: Profile = DEFAULT, chunk: int = 64 * 1024) -> Agreement:
    """An agreement on hidden queries."""
    job = JOBS["query"]
    terms = Agreement(
        name="test",
        job=job.name,
        parties={CLIENT: Member(role="client", identity=CLIENT), SERVER: Member(role="server", identity=SERVER)},
        leads=CLIENT,
        query=Query(columns=COLUMNS, max_queries=most, width=width),
        key_bits=2048,
        profile=profile,
        limits=Limits(chunk_bytes=chunk),
        versions=job.versions,
    )
    return job.told(terms)


def files(wanted: Sequence[str], table: Mapping[str, Sequence[str]] = TABLE) -> dict[str, Rows]:
    """Both parties' files."""

    def rows(ids: Sequence[str], cells: tuple[bytes, ...] = ()) -> Rows:
        return Rows(tuple(ids), (), np.empty((len(ids), 0)), None, cells=cells)

    return {CLIENT: rows(wanted), SERVER: rows([*table], tuple(pack(cells) for cells in table.values()))}


def words(world: World, named: Sequence[Sequence[str]] = (), *, last: bool = True) -> World:
    """What the client's people ask for besides their file, and that it was the last."""
    for number, ids in enumerate(named):
        world.own(CLIENT, Address("query", f"own.{number}", SELF), {"name": str(number), "ids": list(ids)})
    if last:
        world.own(CLIENT, Address("query", f"stop.{len(named)}", SELF), {"name": "last", "ids": []})
    return world


def asked(wanted: Sequence[str], named: Sequence[Sequence[str]] = (), **more: Any) -> World:
    """A world in which this was asked for, run until nothing is left."""
    last, terms = more.pop("last", True), more.pop("terms", None) or hidden()
    return words(World(terms, files(wanted), **more), named, last=last).run()
