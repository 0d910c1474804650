"""Snapshots of tables that a test has in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from accord_agents.intake.kept import Kept
from accord_agents.intake.snapshot import Snapshot, write_snapshot
from accord_agents.intake.stage import Stage
from accord_agents.intake.table import OTHERS, Table
from accord_protocols.primitives.psi.buckets import KEY


def written(table: Table, folder: Path, key: bytes = bytes(KEY)) -> Snapshot:
    """The snapshot of a table, whose ids are distinct."""
    numbers = dict(zip(OTHERS, (table.labels, table.weights, table.exposure), strict=True))
    others = {name: array for name, array in numbers.items() if array is not None}
    with Stage(folder, key, len(table.columns) + len(others)) as stage:
        stage.add(table.ids, table.ids, np.column_stack([table.values, *others.values()]))
        first = stage.repeats().first
        kept = Kept(stage, table.columns, tuple(others), first, table.report, table.forms, table.categories)
        return write_snapshot(kept, folder)
