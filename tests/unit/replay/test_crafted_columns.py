"""A feature holder whose columns are made to read labels: it succeeds, and an auditor with its folder finds it out."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.snapshots import written
from tests.support.world import Rows, World, agreement, tables

from accord_agents.collaboration.difference import DifferenceError
from accord_agents.execution.executor import done_here
from accord_agents.execution.port import TaskResources
from accord_agents.execution.result import TaskResult
from accord_agents.intake.table import Report, Table
from accord_agents.replay.commitments import TASKS
from accord_agents.replay.jobs import Rerun
from accord_protocols.kernel.effects import Compute
from accord_protocols.kernel.engine import Job
from accord_protocols.phases.training.sizes import D_BITS
from accord_protocols.preparation.labels import scale_labels
from accord_protocols.primitives.commitments import of_arrays
from accord_protocols.primitives.psi.ids import is_test
from accord_protocols.primitives.ring import Ring
from accord_protocols.primitives.xof import Xof
from accord_schemas.events import Prepared

COLUMNS, EACH = 3, 17
"""Columns of the shop, and labels that each of them reads."""


def data() -> dict[str, Rows]:
    """The bank's label is yes or no."""
    rng, found = np.random.default_rng(0), tables(2, n=120, columns=COLUMNS, keep=1.0)
    bank = found["bank"]
    return found | {"bank": replace(bank, labels=(rng.random(len(bank.ids)) < 0.3).astype(float))}


class Crafting(World):
    """The shop puts another block in the place of the prepared one."""

    asked: Job
    recorded: dict[str, Any]
    commits: bool

    def work(self, me: str, job: Job) -> dict[str, Any]:
        fields = super().work(me, job)
        if (me, job.compute.task) != ("shop", "prepare.fit"):
            return fields
        x = np.zeros_like(fields["x"])
        for column in range(COLUMNS):
            for i in range(EACH):
                x[column * EACH + i, column] = 1 << i
        fields = fields | {"x": x}
        if self.commits:
            salt = Xof(job.compute.key, "part", 0).fork("salt", "block").bytes(32)
            fields |= {"block_committed": of_arrays(salt, x=x, test=fields["test"])}
        self.asked, self.recorded = job, fields
        return fields


def run(*, commits: bool) -> Crafting:
    world = Crafting(agreement(2, 512, max_rounds=1), data())
    world.commits = commits
    world.run()
    return world


class Here:
    """An executor without processes."""

    async def run(self, compute: Compute, supplies: TaskResources) -> TaskResult:
        return done_here(compute, supplies)

    def warm(self) -> None:
        pass

    def processes(self) -> list[int]:
        return []

    def close(self) -> None:
        pass


def audit(folder: Path, job: Job, recorded: dict[str, Any], shown: Rows) -> list[str]:
    """Replay one job against the snapshot in a folder; returns what was executed."""
    report = Report(len(shown.ids), 0, 0)
    snapshot = written(Table(shown.ids, shown.columns, shown.values, shown.labels, report), folder / "snapshots")
    keystore: Any = {}
    rerun = Rerun("c1", keystore, folder / "snapshots", Here(), 1, only=TASKS)

    async def check() -> None:
        await rerun.check(job, recorded, {"snapshot": snapshot.digest, "rows": len(shown.ids)})
        await rerun.finish()

    asyncio.run(check())
    return list(rerun.again)


def test_labels_are_read_from_the_first_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    """`attack_labels`: powers of two within the announced bound. The bank is honest; nothing in the run shows it."""
    gradients, to_ints = [], Ring.to_ints

    def watched(self: Ring, numbers: Any, **options: Any) -> list[int]:
        found = to_ints(self, numbers, **options)
        gradients.append(found)
        return found

    monkeypatch.setattr(Ring, "to_ints", watched)
    world = run(commits=True)
    assert not any(party.aborted for party in world.parties.values())
    (first, *_) = (g for g in gradients if len(g) == COLUMNS)  # the bank has one more, the intercept's
    bank = world.parties["bank"].rows
    assert bank.labels is not None
    labels = dict(zip(bank.ids, bank.labels.tolist(), strict=True))
    ids = [world.parties["shop"].rows.ids[row] for row in world.parties["shop"].notes["rows"]]
    truth = np.array([labels[i] for i in ids if not is_test(i, 5, 0)])
    center, shift, _ = scale_labels(truth)
    no, yes = (round(-(value - center) / 2**shift * 2**D_BITS) for value in (0.0, 1.0))
    for column, total in enumerate(first):
        bits = (total - no * ((1 << EACH) - 1)) // (yes - no)
        read = [(bits >> i) & 1 for i in range(EACH)]
        assert read == truth[column * EACH : (column + 1) * EACH].tolist(), "every one of them"


@pytest.mark.parametrize(("commits", "field"), [(True, "block_committed"), (False, "x")])
def test_an_auditor_finds_a_block_that_is_not_made_of_the_committed_rows(
    commits: bool, field: str, tmp_path: Path
) -> None:
    """Whether the shop commits to what it uses or to what it should have used: both bind it."""
    world = run(commits=commits)
    (said,) = (c.event for at, c in world.log.items() if isinstance(c.event, Prepared) and at.sender == "shop")
    assert said.block == world.recorded["block_committed"] and said.data == world.recorded["data_committed"]
    with pytest.raises(DifferenceError) as found:
        audit(tmp_path, world.asked, world.recorded, world.parties["shop"].rows)
    assert found.value.field == field


def test_rows_that_are_put_in_their_place_afterwards_are_found(tmp_path: Path) -> None:
    """Who reads made columns from its file is bound to that file: it shows what was used, or it does not fit."""
    honest = data()["shop"]
    made = replace(honest, values=np.random.default_rng(9).normal(size=honest.values.shape))
    world = World(agreement(2, 512, max_rounds=1), data() | {"shop": made})
    kept: dict[str, Any] = {}
    work = world.work

    def noting(me: str, job: Job) -> dict[str, Any]:
        fields = work(me, job)
        if (me, job.compute.task) == ("shop", "prepare.fit"):
            kept.update(job=job, fields=fields)
        return fields

    world.work = noting  # type: ignore[method-assign]
    world.run()
    assert audit(tmp_path / "used", kept["job"], kept["fields"], made) == ["prepare.refit"]
    with pytest.raises(DifferenceError) as found:
        audit(tmp_path / "shown", kept["job"], kept["fields"], honest)
    assert found.value.field in ("trigger", "block_committed", "data_committed")
