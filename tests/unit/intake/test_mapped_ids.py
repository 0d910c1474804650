"""Ids by offsets and bytes are the sequence that they stand for, and cost no objects."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.snapshots import written

from accord_agents.intake.bucketed import Buckets
from accord_agents.intake.mapped import MappedIds
from accord_agents.intake.snapshot import read_snapshot
from accord_agents.intake.table import Report, Table
from accord_protocols.primitives.psi.buckets import KEY, keyed_hashes


def mapped(ids: Sequence[str]) -> MappedIds:
    data = [identifier.encode() for identifier in ids]
    offsets = np.cumsum([0, *map(len, data)], dtype=np.uint64)
    return MappedIds(offsets, memoryview(b"".join(data)))


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), max_size=30), st.integers(-9, 9))
def test_they_are_what_they_stand_for(ids: list[str], at: int) -> None:
    found = mapped(ids)
    assert (len(found), list(found), [found[k] for k in range(len(ids))]) == (len(ids), ids, ids)
    assert found == tuple(ids) and found != [*ids, ""] and hash(found) == hash(mapped(ids))
    part = found[at : at + 4]
    assert list(part) == ids[at : at + 4] and list(part[1:]) == ids[at : at + 4][1:]
    assert [found[-k] for k in range(1, len(ids) + 1)] == ids[::-1]
    for beyond in (len(ids), -len(ids) - 1):
        with pytest.raises(IndexError):
            found[beyond]


def test_they_do_not_show_and_are_taken_in_their_order() -> None:
    found = mapped(["alice@example.com", "bob"])
    assert "alice" not in repr(found)
    with pytest.raises(ValueError, match="order"):
        found[::2]
    assert found != "alice"


@pytest.mark.sweep
def test_a_snapshot_is_read_without_an_object_per_id(tmp_path: Path) -> None:
    n = 200_000
    ids = [f"user-{k:010d}" for k in range(n)]
    table = Table(ids, ("x",), np.arange(n, dtype=float)[:, None], None, Report(n, 0, 0))
    kept = written(table, tmp_path)
    del ids
    tracemalloc.start()
    read = read_snapshot(kept.path, kept.digest)
    assert sum(1 for _ in read.ids) == n and read.ids[n - 1] == f"user-{n - 1:010d}"
    assert tracemalloc.get_traced_memory()[1] < 6 << 20  # a block of text at a time; as objects they take 13 MiB
    tracemalloc.stop()
    assert read.ids == table.ids and np.array_equal(read.values, table.values)


@given(st.sets(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=4), min_size=1, max_size=30))
def test_an_id_is_found_by_its_hash_and_no_other_is(ids: set[str]) -> None:
    known = sorted(ids)
    found = mapped(known)
    for key in (bytes(KEY), bytes(range(KEY))):
        order = np.argsort(keyed_hashes(key, [i.encode() for i in known]), kind="stable").astype(np.uint32)
        buckets = Buckets(key, order, found)
        assert [buckets.find(identifier) for identifier in known] == list(range(len(known)))
        assert buckets.find("longer than any") is None


def test_a_table_without_buckets_finds_its_rows_too() -> None:
    table = Table(["ann", "bob"], ("x",), np.zeros((2, 1)), None, Report(2, 0, 0))
    assert (table.find("bob"), table.find("zoe")) == (1, None)
