"""Snapshots of tables that a test has in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from accord_agents.intake.kept import Kept
from accord_agents.intake.snapshot import Snapshot, write_snapshot
from accord_agents.intake.stage import Stage
from accord_agents.intake.table import Table
from accord_protocols.primitives.psi.buckets import KEY


def written(table: Table, folder: Path, key: bytes = bytes(KEY)) -> Snapshot:
    """The snapshot of a table, whose ids are distinct."""
    labels = [] if table.labels is None else [table.labels]
    with Stage(folder, key, len(table.columns) + len(labels)) as stage:
        stage.add(table.ids, table.ids, np.column_stack([table.values, *labels]))
        kept = Kept(stage, table.columns, bool(labels), stage.repeats().first, table.report)
        return write_snapshot(kept, folder)
