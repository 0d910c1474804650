"""Shares of whether anybody flagged a vertex."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.graph.test_graph_arithmetic import scale

from accord_protocols.graph import flags
from accord_protocols.primitives.sharing import RING
from accord_protocols.primitives.xof import Xof


@pytest.mark.parametrize("parties", [2, 3, 5])
def test_every_pair_of_parts_gives_shares_of_the_union(parties: int) -> None:
    several = parties + 1
    sizes = scale(parties=parties, size=several**2)
    assert flags.values(sizes) == several
    a, b = (part.reshape(-1, 1).astype(np.uint64) for part in np.divmod(np.arange(several**2), several))
    tags = np.frombuffer(Xof(bytes(32), "tags").bytes(32 * len(a) * several), np.uint8).reshape(-1, 32)
    entries, second = flags.table(sizes, b, tags, Xof(bytes(32), "share"))
    own = tags.reshape(len(a), several, 32)[np.arange(len(a)), a[:, 0].astype(np.int64)]
    total = RING.to_ints(RING.add(flags.chosen(sizes, a, own, entries), second))
    assert total == [sizes.one * int((x + y) % several != 0) for x, y in zip(a[:, 0], b[:, 0], strict=True)]


def test_an_entry_without_its_key_is_uniform() -> None:
    """The same table under other keys differs everywhere: nothing of an entry shows."""
    sizes = scale(parties=2, size=50)
    held = np.zeros((50, 1), np.uint64)
    tables = []
    for seed in (b"a", b"b"):
        tags = np.frombuffer(Xof(bytes(32), seed).bytes(32 * 150), np.uint8).reshape(-1, 32)
        tables.append(flags.table(sizes, held, tags, Xof(bytes(32), "share"))[0])
    assert not (tables[0] == tables[1]).any()


def test_what_keys_are_of_tells_vertex_and_part() -> None:
    sizes = scale(parties=2, size=3)
    every = flags.items(sizes, None)
    assert len(set(every)) == len(every) == 9
    assert flags.items(sizes, np.array([[2], [0], [1]], np.uint64)) == [every[2], every[3], every[7]]


def test_parts_of_another_party_add_up_to_its_flags() -> None:
    sizes = scale(parties=3, size=20)
    own = np.zeros((20, 1), np.uint64)
    own[[3, 7]] = 1
    drawn = flags.drawn(sizes, Xof(bytes(32), "kappa"))
    assert (flags.added(sizes, drawn, flags.taken(sizes, own, drawn)) == own).all() and (drawn < 4).all()
