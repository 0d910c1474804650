"""A snapshot is its table, and every byte of it counts."""

import hashlib
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from tests.support.snapshots import written

from accord_agents.intake.snapshot import read_snapshot
from accord_agents.intake.table import Report, Table
from accord_schemas.errors import TamperError

REPORT = Report(rows_read=9, duplicates=4, empty_labels=2)
TABLE = Table(
    ("käufer", "b", "\0\n"), ("größe", "x"), np.array([[1, np.nan], [-0.5, 1e100], [5e-324, 0]]), np.arange(3.0), REPORT
)


def same(a: Table, b: Table) -> bool:
    plain = (a.ids, a.columns, a.report, a.forms, a.categories) == (b.ids, b.columns, b.report, b.forms, b.categories)
    numbers = [(a.labels, b.labels), (a.weights, b.weights), (a.exposure, b.exposure)]
    alike = all(m is n if m is None or n is None else np.array_equal(m, n) for m, n in numbers)
    return plain and alike and np.array_equal(a.values, b.values, equal_nan=True)


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("rows", [0, 3])
@pytest.mark.parametrize("columns", [0, 2])
def test_round_trip(tmp_path: Path, labelled: bool, rows: int, columns: int) -> None:
    labels = TABLE.labels[:rows] if labelled and TABLE.labels is not None else None
    table = Table(TABLE.ids[:rows], TABLE.columns[:columns], TABLE.values[:rows, :columns], labels, REPORT)
    snapshot = written(table, tmp_path / "data")
    assert same(read_snapshot(snapshot.path, snapshot.digest), table)


@pytest.mark.parametrize("others", [{}, {"weights": np.arange(1.0, 4)}, {"exposure": np.arange(2.0, 5)}])
@pytest.mark.parametrize("labels", [None, np.arange(3.0)])
def test_weights_exposures_and_meanings_survive(
    tmp_path: Path, labels: NDArray[np.float64] | None, others: dict[str, Any]
) -> None:
    meanings: dict[str, Any] = {"forms": {"x": "date"}, "categories": {"größe": ("Ulm", "Köln", "")}}
    table = replace(TABLE, labels=labels, **others, **meanings)
    snapshot = written(table, tmp_path)
    assert same(read_snapshot(snapshot.path, snapshot.digest), table)
    both = written(replace(table, weights=np.ones(3), exposure=np.ones(3)), tmp_path)
    swapped = written(replace(table, weights=np.ones(3), exposure=np.ones(3) * 2), tmp_path)
    assert len({snapshot.digest, both.digest, swapped.digest}) == 3
    read = read_snapshot(swapped.path, swapped.digest)
    assert read.exposure is not None and read.exposure.tolist() == [2, 2, 2]


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), max_size=6, unique=True),
    arrays(np.float64, (6, 3), elements=st.floats(allow_infinity=False)),
)
def test_any_ids_and_values_survive(
    tmp_path_factory: pytest.TempPathFactory, ids: list[str], values: NDArray[np.float64]
) -> None:
    table = Table(tuple(ids), ("a", "b", "c"), values[: len(ids)], None, REPORT)
    snapshot = written(table, tmp_path_factory.mktemp("any"))
    assert same(read_snapshot(snapshot.path, snapshot.digest), table)


def test_the_file_is_private_named_by_its_digest_and_alone(tmp_path: Path) -> None:
    snapshot = written(TABLE, tmp_path)
    assert snapshot == written(TABLE, tmp_path)
    assert list(tmp_path.iterdir()) == [snapshot.path]
    assert hashlib.sha256(snapshot.path.read_bytes()).hexdigest() == snapshot.digest
    assert snapshot.digest in snapshot.path.name
    assert stat.S_IMODE(snapshot.path.stat().st_mode) == 0o600


def test_equal_tables_have_equal_digests_and_others_have_not(tmp_path: Path) -> None:
    digest = written(TABLE, tmp_path).digest
    payload_nan = np.array([0x7FF8_0000_0000_0001], "<u8").view("<f8")[0]
    values = np.asfortranarray(TABLE.values)
    values[0, 1], values[2, 1] = payload_nan, -0.0
    assert written(replace(TABLE, values=values), tmp_path).digest == digest
    others = [
        replace(TABLE, ids=("käufer", "b\0", "\n")),
        replace(TABLE, columns=("größe", "y")),
        replace(TABLE, values=TABLE.values[::-1]),
        replace(TABLE, labels=None),
        replace(TABLE, report=replace(REPORT, duplicates=5)),
    ]
    assert len({digest, *(written(other, tmp_path).digest for other in others)}) == 6


def test_every_changed_byte_is_found(tmp_path: Path) -> None:
    snapshot = written(TABLE, tmp_path)
    raw = snapshot.path.read_bytes()
    flipped = [raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :] for at in range(len(raw))]
    for changed in [*flipped, raw[:-1], raw + b"\0", b""]:
        snapshot.path.write_bytes(changed)
        with pytest.raises(TamperError):
            read_snapshot(snapshot.path, snapshot.digest)


def test_a_file_that_is_no_snapshot_is_refused_even_under_its_own_digest(tmp_path: Path) -> None:
    snapshot = written(TABLE, tmp_path)
    raw = snapshot.path.read_bytes()
    for changed in (raw + b"\0", raw[:-8], b"other" + raw[5:], raw[:20], b"", raw.replace(b'"ids":3', b'"ids":4')):
        snapshot.path.write_bytes(changed)
        with pytest.raises(TamperError):
            read_snapshot(snapshot.path, hashlib.sha256(changed).hexdigest())


def test_a_missing_snapshot(tmp_path: Path) -> None:
    with pytest.raises(TamperError, match="gone"):
        read_snapshot(tmp_path / "gone.table", "0" * 64)


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match="values"):
        replace(TABLE, ids=("a",))
    with pytest.raises(ValueError, match="labels"):
        replace(TABLE, labels=np.zeros(2))


def test_a_snapshot_of_before_there_were_buckets_is_read(tmp_path: Path) -> None:
    raw = written(TABLE, tmp_path).path.read_bytes()
    order = 16  # three rows of 4 bytes, up to a multiple of 8, before the ids
    at = len(raw) - sum(len(i.encode()) for i in TABLE.ids) - order
    before = b"ACCORDT2" + raw[8:at] + raw[at + order :]
    path = tmp_path / "before.table"
    path.write_bytes(before)
    read = read_snapshot(path, hashlib.sha256(before).hexdigest())
    assert same(read, TABLE) and read.buckets is None


def test_another_key_gives_another_file_and_the_same_table(tmp_path: Path) -> None:
    one, other = (written(TABLE, tmp_path, bytes([k]) * 32) for k in (1, 2))
    assert one.digest != other.digest
    assert same(read_snapshot(one.path, one.digest), read_snapshot(other.path, other.digest))
