"""Rows in a real PostgreSQL and a real MariaDB: the snapshots, and the models, of the CSV files with the same rows."""

from __future__ import annotations

import csv
import datetime as dt
import json
import uuid
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.csv
import pyarrow.parquet
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.mysql import DATETIME, FLOAT
from tests.support.databases import PASSWORD, mariadb, postgresql
from tests.support.real import asked_for

from accord_agents.files.places import Query
from accord_agents.intake.reader import Source, read_table, take
from accord_agents.intake.sql_rows import BLOCK
from accord_protocols.jobs.base import Reads
from accord_scenarios.cli import main
from accord_scenarios.scenario import load
from accord_schemas.errors import UsageError

asked_for()
KEY = bytes(32)
CSV = (
    "id,whole,real,money,day,moment,city\n"
    "007,1,0.1,12.50,2024-12-31,2024-12-31 18:30:00,Ulm\n"
    "käufer,-9007199254740993,-1e-7,0.1,,1969-12-31 23:59:59.25,\n"
    "b%s,,1.7976931348623157e99,,1970-01-01,,Bonn\n"
)
MOMENTS = [dt.datetime(2024, 12, 31, 18, 30), dt.datetime(1969, 12, 31, 23, 59, 59, 250_000)]  # noqa: DTZ001


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, sa.URL]]:
    """One of each for all tests."""
    with postgresql() as one, mariadb() as two:
        yield {"postgresql": one, "mariadb": two}


@pytest.fixture(scope="module", params=["postgresql", "mariadb"])
def database(request: pytest.FixtureRequest, servers: dict[str, sa.URL]) -> sa.URL:
    return servers[request.param]


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCORD_SQL_PASSWORD", PASSWORD)


def shown(url: sa.URL) -> str:
    """The URL as a party's file has it."""
    return url._replace(password=None).render_as_string()


def filled(url: sa.URL, table: str, columns: list[sa.Column[Any]], rows: list[tuple[Any, ...]]) -> None:
    """Make a table of rows."""
    engine, meta = sa.create_engine(url), sa.MetaData()
    made = sa.Table(table, meta, *columns)
    meta.drop_all(engine)
    meta.create_all(engine)
    with engine.begin() as connection:
        if rows:
            names = [column.name for column in columns]
            connection.execute(made.insert(), [dict(zip(names, row, strict=True)) for row in rows])
    engine.dispose()


def test_every_type_gives_the_snapshot_of_the_csv_file(database: sa.URL, tmp_path: Path) -> None:
    moment: Any = sa.DateTime() if database.get_backend_name() == "postgresql" else DATETIME(fsp=6)
    columns: list[sa.Column[Any]] = [
        sa.Column("id", sa.String(40)), sa.Column("whole", sa.BigInteger), sa.Column("real", sa.Double),
        sa.Column("money", sa.Numeric(20, 2)), sa.Column("day", sa.Date), sa.Column("moment", moment),
        sa.Column("city", sa.Text),
    ]  # fmt: skip
    rows = [
        ("007", 1, 0.1, Decimal("12.50"), dt.date(2024, 12, 31), MOMENTS[0], "Ulm"),
        ("käufer", -(2**53) - 1, -1e-7, Decimal("0.10"), None, MOMENTS[1], None),
        ("b%s", None, 1.7976931348623157e99, None, dt.date(1970, 1, 1), None, "Bonn"),
    ]
    filled(database, "people", columns, rows)
    (tmp_path / "people.csv").write_text(CSV, encoding="utf-8")
    order = "case id when '007' then 1 when 'b%s' then 3 else 2 end"
    sql = f"select * from people where city is null or city not like ':x%' order by {order}"  # noqa: S608
    asked = Query(sql, shown(database))
    reads = Reads("linear", one_hot=("city",))
    taken = [take(Source(p, "id", reads=reads), tmp_path / "out", KEY) for p in (tmp_path / "people.csv", asked)]
    assert taken[0].digest == taken[1].digest


def test_ids_of_many_types(database: sa.URL) -> None:
    known = [uuid.UUID(int=k) for k in (1, 2)]
    for kind, values, wanted in (
        (sa.BigInteger(), [7, 8], ["7", "8"]),
        (sa.Numeric(30, 0), [Decimal(10**20), Decimal(1)], [str(10**20), "1"]),
        (sa.Uuid(), known, [str(k) for k in known]),
        (sa.LargeBinary(), [b"ab", "ä".encode()], ["ab", "ä"]),
        (sa.Date(), [dt.date(2024, 12, 31), dt.date(9999, 12, 31)], ["2024-12-31", "9999-12-31"]),
    ):
        filled(database, "known", [sa.Column("n", sa.Integer), sa.Column("id", kind)], list(enumerate(values)))
        query = Query("select id from known order by n", shown(database))
        assert list(read_table(Source(query, "id", reads=Reads())).ids) == wanted


def test_more_rows_than_a_block_are_streamed(database: sa.URL) -> None:
    n = 2 * BLOCK + 7
    filled(database, "many", [sa.Column("id", sa.Integer), sa.Column("x", sa.Integer)], [(k, -k) for k in range(n)])
    table = read_table(Source(Query("select * from many order by id", shown(database)), "id"))
    assert list(table.ids) == [str(k) for k in range(n)] and table.values[-1, 0] == 1 - n


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("select 7.5 as id, 1 as x", "the query row 1, column 'id': an id is a decimal with places"),
        ("select 1 as id, 'red' as x", "the query row 1, column 'x': the cell is not a number"),
        ("select * from nowhere", "could not answer the query"),
        ("drop table doomed", "gives no rows|could not answer|cannot be asked"),
    ],
)
def test_what_cannot_be_used_is_named(database: sa.URL, sql: str, says: str) -> None:
    filled(database, "doomed", [sa.Column("id", sa.Integer)], [(1,)])
    with pytest.raises(UsageError, match=says):
        read_table(Source(Query(sql, shown(database)), "id"))
    asked = Query("select id, id as x from doomed", shown(database))
    assert read_table(Source(asked, "id")).report.rows_read == 1, "nothing is written"


def test_a_wrong_password_is_said_without_it(database: sa.URL, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCORD_SQL_PASSWORD", "hunter2")
    with pytest.raises(UsageError, match="could not answer") as caught:
        read_table(Source(Query("select 1 as id, 2 as x", shown(database)), "id"))
    assert "password" in caught.value.hint and "hunter2" not in f"{caught.value}{caught.value.private}"


def test_a_float_of_six_digits_is_refused_with_the_remedy(servers: dict[str, sa.URL]) -> None:
    url = servers["mariadb"]
    filled(url, "rounded", [sa.Column("id", sa.Integer), sa.Column("x", FLOAT())], [(1, 16777217.0)])
    with pytest.raises(UsageError, match=r"column 'x': the server sends a FLOAT with six digits") as caught:
        read_table(Source(Query("select * from rounded", shown(url)), "id"))
    assert "CAST(x AS DOUBLE)" in caught.value.hint
    asked = Query("select id, CAST(x AS DOUBLE) as x from rounded", shown(url))
    assert read_table(Source(asked, "id")).values.tolist() == [[16777216]]


def test_diabetes_of_four_sources_is_one_model(tmp_path: Path, servers: dict[str, sa.URL]) -> None:
    """The registry in PostgreSQL, the clinic in MariaDB, the lab in Parquet; and all in CSV files."""
    scenario = load("diabetes").resolved()
    scenario |= {"seed": 5, "keys": {"bits": 2048}}
    plain = tmp_path / "plain.yaml"
    plain.write_text(json.dumps(scenario))
    for party, url in zip(("registry", "clinic"), servers.values(), strict=True):
        data = scenario["parties"][party]["data"]
        with Path(data.pop("csv")).open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        columns = [sa.Column(name, sa.String(64) if name == data["id"] else sa.Double()) for name in header]
        filled(url, "people", [sa.Column("n", sa.Integer), *columns], [
            (k, *(c if n == data["id"] else float(c) for n, c in zip(header, row, strict=True)))
            for k, row in enumerate(rows)
        ])  # fmt: skip
        data |= {"sql": f"select {', '.join(header)} from people order by n", "url": shown(url)}  # noqa: S608
    data = scenario["parties"]["lab"]["data"]
    text = pyarrow.csv.ConvertOptions(column_types={data["id"]: "string"}, strings_can_be_null=False)
    table = pyarrow.csv.read_csv(data.pop("csv"), convert_options=text)
    pyarrow.parquet.write_table(table, tmp_path / "lab.parquet")
    data["parquet"] = "lab.parquet"
    (tmp_path / "mixed.yaml").write_text(json.dumps(scenario))
    for name in ("plain", "mixed"):
        assert main(["run", str(tmp_path / f"{name}.yaml"), "--out", str(tmp_path / name), "--quiet"]) == 0
    results = [json.loads((tmp_path / name / "result.json").read_bytes()) for name in ("plain", "mixed")]
    assert results[0]["model_digest"] == results[1]["model_digest"] and results[0]["status"] == "COMPLETED"
    assert PASSWORD not in "".join(p.read_text("utf-8", "replace") for p in (tmp_path / "mixed").rglob("*.yaml"))
