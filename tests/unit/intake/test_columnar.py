"""Parquet and ORC: the snapshot of the CSV file with the same rows, or an error that says where and what to do."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import orc
from pyarrow import parquet as pq

from accord_agents.files.places import Columnar, Form
from accord_agents.intake.reader import Source, check, read_table, take
from accord_protocols.jobs.base import Reads
from accord_schemas.errors import UsageError

CSV = (
    "id,whole,real,money,day,moment,late,yes,city,empty,text\n"
    "007,1,0.1,12.50,2024-12-31,2024-12-31 18:30,9999-12-31,true,Ulm,,1.5\n"
    "a\N{LATIN SMALL LETTER A WITH DIAERESIS},-9007199254740993,-1e-7,0.1,,,0001-01-01,,,,\n"
    "b,,,,1970-01-01,1969-12-31 23:59:59.25,,FALSE,Bonn,,-2\n"
)
READS = Reads("linear", one_hot=("city",))
D = dt.date


def T(*parts: int) -> dt.datetime:  # noqa: N802
    """A moment without a zone, as files have them."""
    return dt.datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001


def table(**more: Any) -> pa.Table:
    """The rows of `CSV`, each column of the type that people would choose."""
    columns = {
        "id": pa.array(["007", "aä", "b"]),
        "whole": pa.array([1, -9007199254740993, None], pa.int64()),
        "real": pa.array([0.1, -1e-7, None]),
        "money": pa.array([Decimal("12.50"), Decimal("0.10"), None], pa.decimal128(20, 2)),
        "day": pa.array([D(2024, 12, 31), None, D(1970, 1, 1)]),
        "moment": pa.array(
            [T(2024, 12, 31, 18, 30), None, T(1969, 12, 31, 23, 59, 59, 250_000)],
            pa.timestamp("us"),
        ),
        "late": pa.array([D(9999, 12, 31), D(1, 1, 1), None], pa.date32()),
        "yes": pa.array([True, None, False]),
        "city": pa.array(["Ulm", None, "Bonn"]).dictionary_encode(),
        "empty": pa.nulls(3),
        "text": pa.array(["1.5", None, "-2"]),
    }
    return pa.table(columns | more)


def written(path: Path, rows: pa.Table) -> Columnar:
    form: Form = "orc" if path.suffix == ".orc" else "parquet"
    if form == "orc":
        orc.write_table(rows, path)
    else:
        pq.write_table(rows, path)
    return Columnar(path, form)


def digest(place: Any, folder: Path, reads: Reads = READS) -> str:
    return take(Source(place, "id", reads=reads), folder / "snapshots", bytes(32)).digest


@pytest.fixture
def wanted(tmp_path: Path) -> str:
    path = tmp_path / "shop.csv"
    path.write_text(CSV, encoding="utf-8")
    return digest(path, tmp_path)


IDS = ["007", "aä", "b"]


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"id": pa.array(IDS, pa.large_string()), "whole": pa.array([1, -9007199254740993, None], pa.decimal128(38, 0))},
        {"id": pa.array(IDS).dictionary_encode(), "city": pa.array(["Ulm", None, "Bonn"], pa.large_string())},
        {"id": pa.array([i.encode() for i in IDS], pa.binary()), "city": pa.array([b"Ulm", None, b"Bonn"])},
        {"money": pa.array([12.5, 0.1, float("nan")]), "day": pa.array(["2024-12-31", None, "1970-01-01"])},
        {"money": pa.array([Decimal("12.5"), Decimal("0.1"), None], pa.decimal256(50, 7)), "text": [1.5, None, -2]},
        {"moment": table()["moment"].cast(pa.timestamp("ns")), "day": table()["day"].cast(pa.date64())},
        {"moment": table()["moment"].cast(pa.timestamp("us", "UTC")), "yes": ["true", None, "False"]},
    ],
)  # fmt: skip
def test_the_same_rows_give_the_snapshot_of_the_csv_file(tmp_path: Path, wanted: str, more: dict[str, Any]) -> None:
    assert digest(written(tmp_path / "shop.parquet", table(**more)), tmp_path) == wanted


def test_orc_and_a_folder_of_parts(tmp_path: Path, wanted: str) -> None:
    rows = table(city=pa.array(["Ulm", None, "Bonn"]), empty=pa.array([None] * 3, pa.string()))
    assert digest(written(tmp_path / "shop.orc", rows), tmp_path) == wanted
    folder = tmp_path / "parts"
    (folder / "further").mkdir(parents=True)
    written(folder / "a.parquet", table().slice(0, 1))
    written(folder / "b.parquet", table().slice(1, 1).select([*reversed(CSV.split("\n")[0].split(","))]))
    written(folder / "further" / "c.parquet", table().slice(2))
    (folder / "_SUCCESS").touch()
    (folder / ".part.parquet.crc").touch()
    assert digest(Columnar(folder, "parquet"), tmp_path) == wanted


def test_int96_is_read_in_microseconds(tmp_path: Path) -> None:
    moments = [T(9999, 12, 31), T(1, 1, 1)]
    rows = pa.table({"id": ["a", "b"], "end": pa.array(moments, pa.timestamp("us"))})
    pq.write_table(rows, tmp_path / "old.parquet", use_deprecated_int96_timestamps=True)
    found = read_table(Source(Columnar(tmp_path / "old.parquet", "parquet"), "id"))
    assert found.values[:, 0].tolist() == [(D(9999, 12, 31) - D(1970, 1, 1)).days, (D(1, 1, 1) - D(1970, 1, 1)).days]


def test_int96_gives_the_snapshot_of_the_csv_file_in_a_folder_of_parts_too(tmp_path: Path, wanted: str) -> None:
    """Of dates that nanoseconds cannot hold, beside parts of another program, which has other types for them."""
    old = {name: table()[name].cast(pa.timestamp("us")) for name in ("day", "moment", "late")}
    pq.write_table(table(**old), tmp_path / "old.parquet", use_deprecated_int96_timestamps=True)
    physical = [column.physical_type for column in pq.ParquetFile(tmp_path / "old.parquet").schema]
    assert physical.count("INT96") == len(old)
    assert digest(Columnar(tmp_path / "old.parquet", "parquet"), tmp_path) == wanted
    folder = tmp_path / "parts"
    folder.mkdir()
    first = table(**old).slice(0, 1)
    pq.write_table(first, folder / "a.parquet", use_deprecated_int96_timestamps=True)
    written(folder / "b.parquet", table().slice(1))
    assert digest(Columnar(folder, "parquet"), tmp_path) == wanted


@pytest.mark.parametrize(
    ("ids", "text"),
    [
        (pa.array([7, -1, 2**63 - 1]), ["7", "-1", "9223372036854775807"]),
        (pa.array([7, 1, 2**64 - 1], pa.uint64()), ["7", "1", "18446744073709551615"]),
        (pa.array([Decimal(7), Decimal(1), Decimal(10) ** 30], pa.decimal128(38, 0)), ["7", "1", "1" + "0" * 30]),
        (pa.array([7, 70, 7], pa.int32()).dictionary_encode(), ["7", "70"]),
        (pa.array([D(2024, 12, 31), D(1, 1, 1), D(9999, 12, 31)]), ["2024-12-31", "0001-01-01", "9999-12-31"]),
        (pa.array([b"ab", "ä".encode(), b"cd"], pa.binary(2)), ["ab", "ä", "cd"]),
        (pa.array([uuid.UUID(int=k).bytes for k in (1, 2, 3)], pa.uuid()),
         [str(uuid.UUID(int=k)) for k in (1, 2, 3)]),
    ],
)  # fmt: skip
def test_ids_are_text_without_surprises(tmp_path: Path, ids: Any, text: list[str]) -> None:
    place = written(tmp_path / "shop.parquet", pa.table({"id": ids, "x": [1.0, 2.0, 3.0]}))
    assert list(read_table(Source(place, "id")).ids) == text


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"id": pa.array([None, 7.0, 8.0])}, "shop.parquet row 2, column 'id': an id is a floating-point number.*cast"),
        ({"id": pa.array(["a", None, "b"])}, "shop.parquet row 2, column 'id': an id is empty"),
        ({"id": pa.array([b"a", b"b", b"\xff"])}, "row 3, column 'id': an id holds bytes that are no UTF-8"),
        ({"id": pa.array([Decimal("7.00")] * 3)}, "row 1, column 'id': an id is a decimal with 2 places"),
        ({"id": pa.array([T(2024, 1, 1)] * 3)}, "row 1, column 'id': an id is a moment"),
        ({"id": pa.array([[1], [2], [3]])}, "row 1, column 'id': an id is of the type list"),
        ({"x": pa.array([None, [1], [2]])}, "row 2, column 'x': the cell is of the type list.*neither number"),
        ({"x": pa.array([dt.timedelta(1)] * 3)}, "row 1, column 'x': the cell is of the type duration"),
        ({"x": pa.array([1.0, None, float("inf")])}, "row 3, column 'x': the cell is not a number"),
        ({"x": pa.array([1.0, 1e101, 2])}, r"row 2, column 'x': the cell is beyond ±1e\+100"),
        ({"x": pa.array(["1", "2", "red"])}, "row 3, column 'x': the cell is not a number"),
        ({"city": pa.array([1.0, 2.0, None])}, "row 1, column 'city': the cell is a floating-point number"),
        ({"x": pa.array([[1]] * 3), "z": pa.array(["a", "b", "c"])}, "2 columns.*'x' .row 1.*'z' .row 1"),
    ],
)  # fmt: skip
def test_what_has_no_faithful_form_is_named(tmp_path: Path, more: dict[str, Any], says: str) -> None:
    rows: dict[str, Any] = {"id": ["a", "b", "c"], "x": [1, 2, 3], "city": ["Ulm", "Bonn", None]}
    place = written(tmp_path / "shop.parquet", pa.table(rows | more))
    with pytest.raises(UsageError, match=says) as caught:
        read_table(Source(place, "id", reads=READS))
    assert caught.value.hint


def test_what_is_not_used_is_not_read(tmp_path: Path) -> None:
    place = written(tmp_path / "shop.parquet", pa.table({"id": ["a"], "x": [[1]], "y": [2.5]}))
    assert read_table(Source(place, "id", features=["y"])).values.tolist() == [[2.5]]


def test_a_folder_names_part_and_row(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    written(folder / "a.parquet", pa.table({"id": ["a"], "x": [1.0]}))
    written(folder / "b.parquet", pa.table({"id": ["b", "c"], "x": ["1", "red"]}))
    place = Columnar(folder, "parquet")
    with pytest.raises(UsageError, match=r"b\.parquet row 2, column 'x': the cell is not a number"):
        read_table(Source(place, "id"))
    check(Source(place, "id"), rows=2)
    written(folder / "b.parquet", pa.table({"id": ["b"], "z": [1]}))
    with pytest.raises(UsageError, match=r"b\.parquet has no column 'x', which a.parquet has"):
        read_table(Source(place, "id"))


@pytest.mark.parametrize("form", ["parquet", "orc"])
def test_files_that_are_none(tmp_path: Path, form: Form) -> None:
    (tmp_path / f"bad.{form}").write_bytes(b"id,x\n1,2\n")
    (tmp_path / "empty").mkdir()
    (tmp_path / "split" / "year=2024").mkdir(parents=True)
    (tmp_path / "split" / "year=2024" / f"a.{form}").touch()
    for name, says in {
        f"bad.{form}": f"cannot be read: it is no whole {form} file",
        "none": "there is no file",
        "empty": f"holds no file .*{form}",
        "split": "is split by folders such as year=2024",
    }.items():
        with pytest.raises(UsageError, match=says):
            read_table(Source(Columnar(tmp_path / name, form), "id"))


@pytest.mark.sweep
def test_more_rows_than_a_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accord_agents.intake.arrow_rows.BLOCK", 10)
    monkeypatch.setattr("accord_agents.intake.staging.LARGE", 0)
    rows = pa.table({"id": [f"u{k % 90}" for k in range(100)], "x": np.arange(100.0)})
    for suffix in ("parquet", "orc"):
        found = read_table(Source(written(tmp_path / f"shop.{suffix}", rows), "id"))
        assert list(found.ids) == [f"u{k}" for k in range(90)] and found.report.duplicates == 10
        assert found.values[:, 0].tolist() == list(range(90))
