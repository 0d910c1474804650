"""The inner loops of an exchange, compiled: the same bytes as numpy's, for whatever size."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.support.transfers import both

from accord_agents.intake.mapped import MappedIds
from accord_protocols.primitives.psi import blake3, okvs, tags
from accord_protocols.primitives.psi.ot import compiled, loops, oprf, seeds, table
from accord_protocols.primitives.psi.ot.code import Shape, hash_ids
from accord_protocols.primitives.xof import Xof

pytestmark = pytest.mark.variants

SID, EDGE = bytes(range(32)), bytes(32)
IDS = [f"ü{'x' * (i % 90)}{i}" for i in range(900)]


@pytest.fixture(params=[0, 1 << 62], ids=["compiled", "numpy"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(loops, "LARGE", request.param)
    yield request.node.callspec.id
    assert (loops.loops(1) is compiled) == (request.param == 0)


def mapped(ids: list[str]) -> MappedIds:
    data = [identifier.encode() for identifier in ids]
    ends = np.cumsum([0, *map(len, data)]).astype(np.uint64)
    return MappedIds(ends, memoryview(b"".join(data)))


KNOWN: dict[str, Any] = {}


def same(name: str, value: NDArray[Any]) -> None:
    """Whether it is what the other way gave."""
    assert np.array_equal(KNOWN.setdefault(name, value.copy()), value)


@pytest.mark.sweep
@pytest.mark.usefixtures("way")
def test_a_whole_exchange_has_the_same_bytes() -> None:
    hashes = hash_ids(mapped(IDS), SID, len(IDS))
    same("hashes", hashes)
    assert np.array_equal(hashes, hash_ids(IDS, SID, len(IDS)))
    shape, size = Shape(len(IDS)), len(IDS)
    solved = table.solve(hashes, SID, shape)
    same("table", solved)
    server = seeds.Server(EDGE, Xof(bytes(32), "server"))
    answer, leaves = seeds.answer(server.points, EDGE, Xof(bytes(32), "leader"))
    secret = server.learn(answer)
    masked, own = both(solved, leaves, of=size)
    same("masked", masked)
    rows = oprf.unmask(masked, secret, of=size)
    same("rows", rows)
    session = oprf.Session(SID, EDGE, shape)
    mine, theirs = oprf.evaluate(hashes, own, session), oprf.evaluate(hashes, rows, session, secret.factors)
    same("tags", mine)
    assert np.array_equal(mine, theirs)


@pytest.mark.usefixtures("way")
def test_a_store_has_the_same_bytes() -> None:
    rng = np.random.default_rng(1)
    keys, values = (rng.integers(0, 256, (500, width), dtype=np.uint8) for width in (32, 16))
    built = okvs.build(keys, values, Xof(bytes(32), "store"))
    same("store", built.table)
    assert np.array_equal(built.get(keys), values)


@pytest.mark.parametrize("width", [64, 128, 1024])
def test_digests_of_any_length_are_those_of_numpy(width: int) -> None:
    rng = np.random.default_rng(width)
    lengths = np.concatenate([[0, 1, 63, 64, width], rng.integers(0, width + 1, 60)])
    messages = rng.integers(0, 256, (len(lengths), width), dtype=np.uint8)
    messages[np.arange(width)[None] >= lengths[:, None]] = 0
    one, other = (blake3.keyed(SID, messages, lengths, 32, fast) for fast in (None, compiled))
    assert np.array_equal(one, other)


def test_buckets_are_solved_alone_as_among_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accord_protocols.primitives.psi.ot.code.BUCKET", 100)
    shape, hashes = Shape(len(IDS)), hash_ids(IDS, SID)
    whole, (order, ends) = table.solve(hashes, SID, shape), shape.order(hashes)
    members = np.split(order, ends[:-1])
    parts = [table.solve_bucket(hashes[members[bucket]], SID, shape) for bucket in range(shape.buckets)]
    assert shape.buckets == 9 and np.array_equal(np.concatenate(parts), whole)


def test_rows_are_found_in_parts_as_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    rows = rng.integers(0, 256, (400, 11), dtype=np.uint8)
    rows[7] = rows[3]
    rows[9, :8] = rows[5, :8]  # equal beginnings
    wanted = np.concatenate([rows[rng.permutation(400)[:200]], rng.integers(0, 256, (50, 11), dtype=np.uint8)])
    whole = tags.find(rows, wanted)
    monkeypatch.setattr(tags, "_PART", 5)
    found = tags.find(rows, wanted, threads=3)
    assert np.array_equal(found, tags.find(rows, wanted))
    assert np.array_equal(found < 0, whole < 0) and np.array_equal(rows[found[found >= 0]], wanted[found >= 0])


def test_without_numba_the_work_is_done_by_numpy() -> None:
    code = "import sys; sys.modules['numba'] = None\nfrom accord_protocols.primitives.psi.ot.loops import loops, warm\n"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}warm(); assert loops(1 << 62) is None"], check=False, env=os.environ
    )
    assert done.returncode == 0
