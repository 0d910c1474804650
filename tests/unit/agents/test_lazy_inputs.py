"""Tasks that read large inputs themselves, some rows at a time, give what they give of arrays in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from accord_agents.execution.blobs import BlobStore
from accord_agents.execution.executor import done_here
from accord_agents.execution.port import TaskResources
from accord_protocols.kernel.effects import Compute
from accord_protocols.primitives.psi import okvs
from accord_protocols.primitives.psi.ot import seeds
from accord_protocols.primitives.psi.ot.code import Shape
from accord_protocols.primitives.psi.ot.f4 import Factors
from accord_protocols.primitives.psi.sharing import shares_of_hashes
from accord_protocols.primitives.psi.tags import in_order, packed, sorting
from accord_protocols.primitives.xof import Xof
from accord_protocols.tasks import pieces
from accord_protocols.tasks.registry import TASKS
from accord_schemas.blob import Blob, loaded
from accord_schemas.blocks import NAMES

N = 700
RNG = np.random.default_rng(1)
HASHES = RNG.integers(0, 256, (N, 16), dtype=np.uint8)
TAGS = RNG.integers(0, 256, (N, 32), dtype=np.uint8)
SID = {"sid": bytes(32)}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accord_protocols.primitives.psi.ot.code.BUCKET", 50)
    monkeypatch.setattr(pieces, "PIECE", 64)


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    shape = Shape(N)
    order, ends = shape.order(HASHES)
    rows = RNG.integers(0, 1 << 63, (shape.rows, 5), dtype=np.uint64)
    bucket = {**SID, "leader": N, "code": "f4", "bucket": 3, "hashes": HASHES[order], "ends": ends}
    server = seeds.Server(bytes(32), Xof(bytes(32), "server"))
    answer, leaves = seeds.answer(server.points, bytes(32), Xof(bytes(32), "leader"))
    secret, some = server.learn(answer), rows[shape.rows_of(3)]
    assert isinstance(secret.factors, Factors)
    known = {"low": secret.factors.low, "high": secret.factors.high, "leaves": secret.leaves}
    parts = {f"tags.{number}": part for number, part in enumerate(np.split(TAGS, ends[:-1]))}
    yield "ot.solved", {**bucket, "buckets": np.arange(shape.buckets)}
    yield "ot.masked", {**bucket, "leaves": leaves, "table": rows}
    yield "ot.tagged", {**bucket, "edge": bytes(32), "leaves": leaves}
    yield "ot.read", {**bucket, "edge": bytes(32), "table": some, **known}
    yield "ot.joined", {"order": packed(order), **parts}
    yield "ot.marked", {"size": 8, "order": packed(order), **parts}
    shares = shares_of_hashes([bytes(32)], HASHES)
    store = okvs.build(TAGS[::2], shares[::2], Xof(bytes(32)))
    opened = {"tags.shop": TAGS, "size.shop": len(TAGS[::2]), "salt.shop": store.salt, "table.shop": store.table}
    yield "align.intersect", {**opened, "kappa.shop": bytes(32), "hashes": HASHES, "order": packed(np.arange(N))}
    yield "align.locate", {"tags": TAGS, "announced": TAGS[RNG.permutation(N)[:300]]}
    marks = in_order(TAGS[:, :8].copy())
    matched = {"order": packed(order), **parts}
    yield "ot.matched", {"marks": marks[::3], **matched}
    told = done_here(Compute("c", "ot.matched", {"marks": marks, **matched}), TaskResources(b"", {}, None, 0)).fields
    places = packed(sorting(TAGS[:, :8].copy()))
    yield "ot.found", {"bits": told["bits"], "digest": told["digest"], "places": places, **matched}


def blob(store: BlobStore, value: Any) -> Any:
    if not isinstance(value, np.ndarray):
        return value
    with store.writer() as writer:
        writer.write(value.tobytes())
        return Blob(writer.finish(), NAMES[value.dtype], value.shape, store)


ELSEWHERE = {
    "closed": "tests/unit/training/test_by_reference.py",
    "match": "tests/unit/agents/test_match_network.py",
    "onehot": "tests/unit/agents/test_trees_network.py",
    "query": "tests/unit/agents/test_query_network.py",
}
"""Where a job's lazy tasks are shown to give the same, as parts of whole collaborations."""
SMALL = ("buckets", "ends", "low", "high", "bits")
"""What is never large enough for a file."""
LAZY = [name for name, task in TASKS.items() if task.lazy and name.partition(".")[0] not in ELSEWHERE]


@pytest.mark.parametrize("task", LAZY)
def test_a_blob_gives_what_an_array_gives(task: str, tmp_path: Path) -> None:
    inputs = dict(jobs())[task]
    store = BlobStore(tmp_path / "blobs", bytes(32))
    supplies = TaskResources(bytes(32), {}, None, N, store)
    here, there = (
        loaded(done_here(Compute("c", task, given), supplies).fields)
        for given in (inputs, {n: v if n in SMALL else blob(store, v) for n, v in inputs.items()})
    )
    assert here and here.keys() == there.keys()
    assert all(np.array_equal(here[name], there[name]) for name in here)
