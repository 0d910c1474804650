"""Features of a Parquet file are read when they are written, and come to what they would have come to."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from accord_agents.files.places import Columnar
from accord_agents.intake import reader, staging
from accord_agents.intake.alike import alike
from accord_agents.intake.arrow_rows import ArrowRows
from accord_agents.intake.padding import Padding
from accord_agents.intake.reader import Source, take
from accord_agents.intake.snapshot import read_snapshot
from accord_protocols.jobs.base import Reads
from accord_schemas.errors import UsageError

READS = Reads("linear", label=True, weights="w")
ROWS = 3000


def rows(**more: Any) -> pa.Table:
    """With ids that repeat one or name nobody, labels that are null, and all kinds of numbers."""
    rng = np.random.default_rng(3)
    ids = [f"u{k - (k % 7 == 6)}" if k % 11 else ["NULL", " u1 ", "0", "na"][k % 4] for k in range(ROWS)]
    x = rng.normal(size=ROWS)
    x[::5], x[1::5] = np.nan, -0.0
    columns = {
        "id": ids,
        "x": x,
        "whole": pa.array(rng.integers(-5, 1 << 60, ROWS), pa.int64()),
        "small": pa.array([None if k % 9 == 4 else k % 200 for k in range(ROWS)], pa.uint8()),
        "half": pa.array((rng.integers(0, 99, ROWS) / 2).astype(np.float16)),
        "y": [None if k % 13 == 5 else float(k) for k in range(ROWS)],
        "w": 1.0 + rng.random(ROWS),
    }
    return pa.table(columns | more)


def put(folder: Path, table: pa.Table, group: int = 1 << 20) -> Columnar:
    pq.write_table(table, folder / "shop.parquet", row_group_size=group)
    return Columnar(folder / "shop.parquet", "parquet")


def digest(place: Columnar | Path, folder: Path, **more: Any) -> str:
    source = Source(place, "id", "y", reads=READS)
    return take(source, folder / "snapshots", bytes(32), **more).digest


@pytest.mark.parametrize("group", [1 << 20, 900, 37])
@pytest.mark.parametrize("large", [False, True])
def test_the_bytes_are_those_of_staged_features(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, group: int, large: bool
) -> None:
    """Whatever the groups of the file are, with and without compiled loops, padded and not."""
    place, padding = put(tmp_path, rows(), group), Padding(1024, bytes(32))
    monkeypatch.setattr(staging, "LARGE", 0 if large else 1 << 30)
    assert ArrowRows(place, [place.path]).deferrable([1, 2, 3, 4])
    deferred = [digest(place, tmp_path), digest(place, tmp_path, padding=padding)]
    monkeypatch.setattr(reader, "_deferrable", lambda *_: False)
    assert deferred == [digest(place, tmp_path), digest(place, tmp_path, padding=padding)]


@pytest.mark.parametrize("group", [1 << 20, 37])
def test_columns_that_are_alike_are_found_alike(tmp_path: Path, group: int) -> None:
    """Also where the first group of a file has fewer rows than are looked at, and nothing in them."""
    x = np.where(np.arange(ROWS) < 40, np.nan, np.random.default_rng(1).normal(size=ROWS))
    table = rows(id=[f"u{k}" for k in range(ROWS)], x=x, half=x * 1000, whole=pa.array(range(ROWS), pa.int64()))
    place = put(tmp_path, table, group)
    found = take(Source(place, "id", "y", reads=READS), tmp_path, bytes(32))
    said = read_snapshot(found.path, found.digest).report.columns
    assert any("'x' stands here again as 'half'" in one for one in said) and any("'y' " in one for one in said)
    path = tmp_path / "shop.csv"
    path.write_text("\n".join([",".join(table.column_names), *(
        ",".join("" if v is None or v != v else f"{v!r}" if isinstance(v, float) else str(v) for v in row.values())
        for row in table.to_pylist())]))  # fmt: skip
    assert digest(path, tmp_path) == found.digest


def test_cells_that_cannot_be_used_are_named_if_they_count(tmp_path: Path) -> None:
    ids = [f"u{k}" for k in range(ROWS)]
    ids[10] = ids[9]
    x = np.zeros(ROWS)
    x[10] = np.inf
    assert digest(put(tmp_path, rows(id=ids, x=x)), tmp_path), "the row repeats an id"
    x[20], half = np.inf, np.zeros(ROWS)
    half[40] = -np.inf
    with pytest.raises(UsageError, match=r"2 columns .*'x' \(row 21 is not a number\).*'half' \(row 41"):
        digest(put(tmp_path, rows(id=ids, x=x, half=half)), tmp_path)
    assert len(list((tmp_path / "snapshots").iterdir())) == 1, "nothing is left of what was begun"


def test_a_file_that_is_changed_in_between_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = put(tmp_path, rows())

    def changed(*given: Any) -> tuple[str, ...]:
        os.utime(place.path, ns=(1, 1))
        return alike(*given)

    monkeypatch.setattr(reader, "alike", changed)
    with pytest.raises(UsageError, match=r"shop\.parquet was changed while it was read"):
        digest(place, tmp_path)
    assert list((tmp_path / "snapshots").iterdir()) == []


@pytest.mark.parametrize("other", [pa.array(["1"] * ROWS), pa.array([True] * ROWS), pa.array([1] * ROWS, pa.date32())])
def test_other_columns_are_staged(tmp_path: Path, other: pa.Array) -> None:
    place = put(tmp_path, rows(x=other))
    assert not ArrowRows(place, [place.path]).deferrable([1, 2]) and digest(place, tmp_path)


@pytest.mark.parametrize(("table", "says"), [
    (rows().slice(0, 0), "shop.parquet has columns but no rows"),
    (rows(id=["NULL"] * ROWS), "no row has an id in column 'id'"),
    (rows(y=pa.nulls(ROWS, pa.float64())), "no row has a label in column 'y'"),
])  # fmt: skip
def test_files_of_which_no_row_is_left(tmp_path: Path, table: pa.Table, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        digest(put(tmp_path, table), tmp_path)
