"""What single parties see at level `closed`: the attacks of the other levels have nothing to begin with."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from tests.support import exact
from tests.support.leaks import BITS, Views, labels, split
from tests.support.world import World, agreement

from accord_protocols.kernel.engine import Job
from accord_protocols.primitives import lattice
from accord_protocols.tasks import lattice as tasks

COLUMNS, EACH = 3, 17
TERMS: dict[str, Any] = {"protection": "closed", "engine": "lattice", "optimiser": "newton", "max_rounds": 12}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine's products without its ciphertexts."""
    for name, double in inspect.getmembers(exact, inspect.isfunction):
        for module in (lattice, tasks):
            if not name.startswith("_") and hasattr(module, name):
                monkeypatch.setattr(module, name, double)


class Crafting(World):
    """The shop puts powers of two in the place of its prepared columns."""

    block: dict[str, Any]

    def work(self, me: str, job: Job) -> dict[str, Any]:
        fields = super().work(me, job)
        if (me, job.compute.task) == ("shop", "prepare.fit"):
            x = np.zeros_like(fields["x"])
            for column in range(COLUMNS):
                x[column * EACH : (column + 1) * EACH, column] = 1 << np.arange(EACH)
            self.block = fields = fields | {"x": x}
        return fields


@pytest.mark.parametrize("others", [0, 3])
def test_crafted_columns_read_no_labels(others: int, views: Views) -> None:
    """At `shared` all 51 are read from the first gradient; here the shop has its final weights alone.

    It makes X'(y - mean) of them, as if the bank had no columns, and reads the bits.
    """
    rng = np.random.default_rng(0)
    values, truth = rng.normal(size=(120, COLUMNS + others)), (rng.random(120) < 0.3).astype(np.float64)
    world = Crafting(agreement(2, BITS, **TERMS), split(values, truth, COLUMNS))
    world.run()
    assert [party.aborted for party in world.parties.values()] == [None, None]
    said = {at.step.split(".")[0] for at in world.log if at.instance.startswith(("train", "padded", "closed"))}
    assert not views.gradients and not said & {"scores", "sums", "residual"}, "no score, sum or gradient was opened"
    block, y = world.block, labels(world, "shop")
    x = np.ldexp(np.asarray(block["x"], np.float64), -16)
    scale = np.array([column["scale"] for column in block["fitted"]["kept"]])
    weights = np.array(list(world.parties["shop"].notes["model"]["coefficients"].values())) * scale
    centred = x - x.mean(axis=0)
    sums = centred.T @ (centred @ (np.asarray(block["factor"]).T @ weights)) + y.mean() * x.sum(axis=0)
    read = [
        int(np.clip(round(total * 2.0**16), 0, (1 << EACH) - 1)) >> i & 1
        for total in sums.tolist()
        for i in range(EACH)
    ]
    right = int((np.array(read) == y[: COLUMNS * EACH]).sum())
    assert right <= 36, "of 51; who says no everywhere has as many"
