"""What passes over all rows and columns of a large block is a worker's task, and changes no bit of what is learned."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.support.world import World, agreement, tables

from accord_protocols.phases.training import evaluate, glm, padded
from accord_protocols.primitives.ring import Ring
from accord_protocols.primitives.vectors import large, scores
from accord_protocols.primitives.xof import Xof
from accord_protocols.tasks import TASKS, Context, run
from accord_protocols.tasks.registry import cut, join, part, spans
from accord_schemas.blob import LARGE, Blob

BLOCK = ("train.scores", "train.gradient")


class Counting(World):
    """Which tasks there were."""

    def __init__(self, *args: Any, **terms: Any) -> None:
        self.asked: list[str] = []
        super().__init__(*args, **terms)

    def work(self, me: str, job: Any) -> dict[str, Any]:
        self.asked.append(job.compute.task)
        return super().work(me, job)


def play(protection: str) -> Counting:
    world = Counting(agreement(3, 512, protection=protection, max_rounds=6), tables(3, n=60))
    world.run()
    assert all(party.states[-1] == "completed" for party in world.parties.values())
    return world


@pytest.mark.parametrize("protection", ["shared", "score"])
def test_a_worker_gives_the_same_model_and_predictions(protection: str, monkeypatch: pytest.MonkeyPatch) -> None:
    here = play(protection)
    assert not set(BLOCK) & set(here.asked)
    for module in (glm, padded, evaluate):
        monkeypatch.setattr(module, "large", lambda _block: True)
    for name in BLOCK:
        monkeypatch.setitem(TASKS, name, replace(TASKS[name], chunk=7))
    there = play(protection)
    rounds = here.parties["bank"].notes["rounds"] + 1
    assert there.asked.count("train.gradient") == 3 * rounds
    assert there.asked.count("train.scores") == 3 * rounds + 6, "in every round, and the TEST rows beside all"
    for me, party in here.parties.items():
        mine, other = (dict(p.notes["model"]) for p in (party, there.parties[me]))
        assert mine.pop("salt") != other.pop("salt"), "it follows from the transcript, which names the jobs"
        for name in ("coefficients", "intercept"):  # the carry between slots costs a unit of 2^-40 or none
            assert mine.pop(name) == pytest.approx(other.pop(name), abs=1e-9)
        assert mine == other
    one, other = (world.parties["bank"].notes for world in (here, there))
    assert one["predictions"] == pytest.approx(other["predictions"], abs=1e-9)
    assert one["loss"] == pytest.approx(other["loss"], rel=1e-9)


@pytest.mark.parametrize("bits", [64, 128])
def test_parts_add_up_to_the_whole(bits: int) -> None:
    ring, rng = Ring(bits), np.random.default_rng(1)
    x = rng.integers(-(1 << 20), 1 << 20, (40_000, 3))
    vector, weights = ring.random(Xof(bytes(32)), len(x)), rng.normal(size=3)
    total = ring.from_int64(np.zeros(3, np.int64))
    for products in done("train.gradient", {"x": x, "vector": vector, "ring_bits": bits})["products"]:
        total = ring.add(total, products)
    assert total.tobytes() == ring.matvec(x, vector).tobytes()
    found = done("train.scores", {"x": x, "weights": weights, "fraction_bits": 16})["scores"]
    assert found.tobytes() == scores(x, weights, 16).tobytes()


def done(name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    task, results = TASKS[name], []
    for number, span in enumerate(spans(task, inputs, 0)):
        results.append(run(name, part(task, Context(cut(task, inputs, span)), number, span)))
    assert len(results) > 2
    return join(results).fields


def test_a_block_is_large_where_it_passes_by_reference() -> None:
    """So it is never sent to a worker, and what the loop works on is in memory."""
    for rows, at in (((LARGE // 8) - 1, False), (LARGE // 8, True)):
        assert large(np.zeros((rows, 1))) == large(Blob(bytes(32), "<i8", (rows, 1))) == at  # type: ignore[arg-type]
    assert not large(np.zeros((10, 0)))
