"""What a database answers: the snapshot of the CSV file with the same rows; what cannot be used is said."""

from __future__ import annotations

import datetime as dt
import math
import sqlite3
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from accord_agents.config.data_sets import Source as Data
from accord_agents.files.places import Query
from accord_agents.intake.reader import Source, check, read_table, take
from accord_agents.intake.rows import Numbers, Unfit
from accord_agents.intake.sql_cells import NoTextError, cells, text
from accord_protocols.jobs.base import Reads
from accord_schemas.errors import UsageError

NOON = dt.datetime(1970, 1, 2, 12)  # noqa: DTZ001  # databases have such


@pytest.fixture
def url(tmp_path: Path) -> str:
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.execute("create table customers (id text, whole integer, real real, day text, note text)")
        rows = [
            ("007", 1, 0.1, "2024-12-31", "a%b"),
            ("ä", -(2**53) - 1, -1e-7, None, None),
            ("b", None, None, "", "x"),
        ]
        connection.executemany("insert into customers values (?, ?, ?, ?, ?)", rows)
    connection.close()
    return f"sqlite:///{tmp_path / 'shop.db'}"


def test_the_same_rows_give_the_snapshot_of_the_csv_file(tmp_path: Path, url: str) -> None:
    path = tmp_path / "shop.csv"
    path.write_text("id,whole,real,day\n007,1,0.1,2024-12-31\nä,-9007199254740993,-1e-7,\nb,,,\n", encoding="utf-8")
    asked = Query("select id, whole, real, day from customers where note is null or note <> ':nothing%'", url)
    digests = {take(Source(place, "id"), tmp_path / "snapshots", bytes(32)).digest for place in (path, asked)}
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("select * from clients", "could not answer the query"),
        ("select id from customers; select 1", "cannot be asked|could not answer"),
        ("insert into customers (id) values ('c')", "could not answer the query"),
        ("select id, note from customers", "the query row 1, column 'note': the cell is not a number"),
        ("select real as id, whole from customers", "row 1, column 'id': an id is a floating-point number.*cast"),
        ("select id, id from customers", "columns 1 and 2 have the same name"),
        ("select id, x'ff' as blob from customers", "row 1, column 'blob': the cell holds bytes that are no UTF-8"),
        ("select id as ids, whole from customers", "has no column 'id'"),
        ("select * from customers where 0", "has columns but no rows"),
    ],
)
def test_what_cannot_be_used_is_named(url: str, sql: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        read_table(Source(Query(sql, url), "id", features=None if "note" not in sql else ["note"]))
    assert caught.value.hint
    assert read_table(Source(Query("select id, whole from customers", url), "id")).report.rows_read == 3


def test_a_check_looks_at_the_first_rows(url: str) -> None:
    asked = Source(Query("select id, case when id = 'b' then 'red' else '1' end as x from customers", url), "id")
    check(asked, rows=2)
    with pytest.raises(UsageError, match="row 3, column 'x'"):
        check(asked, rows=3)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite:////nowhere/shop.db", "there is no file /nowhere/shop.db"),
        ("shop", "is not the URL of a database"),
        ("nosuch://host/x", "is not the URL of a database"),
        ("oracle+oracledb://u@host/x", "needs the driver oracledb"),
    ],
)
def test_databases_that_are_none(url: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        read_table(Source(Query("select 1 as id", url), "id"))


def test_a_password_stands_in_no_url_and_in_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for url in ("postgresql+psycopg://me:hunter2@host/x", "mariadb+pymysql://me@host/x?password=hunter2"):
        with pytest.raises(ValidationError, match="password_file or ACCORD_SQL_PASSWORD") as caught:
            Data(sql="select 1", url=url, id="id")
        assert caught.value.errors()[0]["type"] == "value_error"
    query = Query("select 1 as id", "postgresql+psycopg://me@127.0.0.1:1/x", tmp_path / "secret")
    with pytest.raises(UsageError, match=r"the password file .*secret cannot be read: No such file"):
        read_table(Source(query, "id"))
    (tmp_path / "secret").write_text("hunter2\n")
    monkeypatch.setenv("ACCORD_SQL_PASSWORD", "hunter3")
    for asked in (query, Query(query.sql, query.url)):
        with pytest.raises(UsageError, match="could not answer") as refused:
            read_table(Source(asked, "id"))
        assert "hunter" not in f"{refused.value}{refused.value.hint}{refused.value.private}{asked!r}"


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (None, ""), (7, "7"), ("007", "007"), (Decimal("7"), "7"), (Decimal("1E+3"), "1000"), (True, "true"),
        (b"\xc3\xa4", "ä"), (dt.date(2024, 12, 31), "2024-12-31"), (uuid.UUID(int=1), str(uuid.UUID(int=1))),
        (7.0, None), (Decimal("7.00"), None), (b"\xff", None), (NOON, None),
        (dt.timedelta(1), None), ({"a": 1}, None), (Decimal("NaN"), None),
    ],
)  # fmt: skip
def test_ids_are_text_without_surprises(value: Any, form: str | None) -> None:
    if form is None:
        with pytest.raises(NoTextError):
            text(value)
    else:
        assert text(value) == form


def test_the_types_of_values_say_what_they_are() -> None:
    def numbers(*column: Any) -> tuple[str, list[float]]:
        found = cells(column, category=False)
        assert isinstance(found, Numbers)
        return found.form, found.values.tolist()

    assert numbers(1, 2.5, Decimal("0.1")) == ("number", [1, 2.5, 0.1])
    assert numbers(True, False) == ("boolean", [1, 0])
    late = dt.datetime(1970, 1, 2, 12, tzinfo=dt.timezone(dt.timedelta(hours=12)))
    assert numbers(dt.date(1970, 1, 3), NOON, late) == ("date", [2, 1.5, 1])
    form, values = numbers(None, Decimal("NaN"), 10**400)
    assert form == "number" and math.isnan(values[0]) and math.isnan(values[1]) and math.isinf(values[2])
    assert cells([1, "2", True, 0.5], category=False) == ["1", "2", "true", "0.5"]
    assert cells([1, None, "x"], category=True) == ["1", "", "x"]
    odd = cells([None, {"a": 1}], category=False)
    assert isinstance(odd, Unfit) and odd.filled.tolist() == [False, True] and "dict" in odd.what


def test_categories_of_whole_numbers(url: str) -> None:
    asked = Query("select id, whole from customers", url)
    table = read_table(Source(asked, "id", reads=Reads("linear", one_hot=("whole",))))
    assert table.categories == {"whole": ("1", "-9007199254740993")}
