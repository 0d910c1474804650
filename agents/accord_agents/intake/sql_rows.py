"""The rows that a database answers a query with, fetched some thousand at a time, in a transaction that only reads."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from accord_agents.files.places import Query
from accord_agents.intake.rows import Block
from accord_agents.intake.sql_cells import NoTextError, cells, text
from accord_schemas.errors import UsageError

try:
    import sqlalchemy as sa
    from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
except ImportError:
    raise UsageError(
        "Databases are read with SQLAlchemy, which is not installed.", hint="pip install 'accord[sql]'"
    ) from None

BLOCK = 4096  # rows that are in memory at a time
_PASSWORD = "ACCORD_SQL_PASSWORD"  # noqa: S105  # the name of a variable
_READ_ONLY = {
    "postgresql": "SET TRANSACTION READ ONLY",
    "mysql": "SET SESSION TRANSACTION READ ONLY",
    "mariadb": "SET SESSION TRANSACTION READ ONLY",
    "sqlite": "PRAGMA query_only = ON",
}
_SINGLE = 4  # MySQL's code of FLOAT, of which the server sends six digits


class SqlRows:
    """The `Rows` of a result.

    Args:
        query: What was asked.
        result: SQLAlchemy's.
        dialect: Of the database.
    """

    def __init__(self, query: Query, result: Any, dialect: str) -> None:
        self.name = self.head = query.name
        self._result, described = result, result.cursor.description
        self.header = [str(column[0]) for column in described]
        single = dialect in ("mysql", "mariadb")
        self._single = {k for k, column in enumerate(described) if single and column[1] == _SINGLE}

    count = 0

    def at(self, place: int) -> tuple[str, str]:
        """The row of the answer."""
        return self.name, f"row {place:,}"

    remarks: tuple[str, ...] = ()

    def deferrable(self, columns: Sequence[int]) -> bool:
        """See `Rows`."""
        return False

    def blocks(
        self, ids: Sequence[int], wanted: Sequence[int], categories: Sequence[int], most: int | None
    ) -> Generator[Block]:
        """See `Rows`."""
        if rounded := sorted(self._single & {*ids, *wanted}):
            raise UsageError(
                f"{self.name}, column {self.header[rounded[0]]!r}: the server sends a FLOAT with six digits alone.",
                hint=f"Write CAST({self.header[rounded[0]]} AS DOUBLE) in the query.",
            )
        row = 0
        while most is None or row < most:
            rows = self._result.fetchmany(BLOCK if most is None else min(BLOCK, most - row))
            if not rows:
                return
            places, columns = range(row + 1, row + 1 + len(rows)), list(zip(*rows, strict=True))
            keys = [self._ids(columns[place], place, places) for place in ids]
            yield Block(places, keys, [cells(columns[p], category=p in categories) for p in wanted])
            row += len(rows)

    def _ids(self, column: Sequence[Any], place: int, places: range) -> list[str]:
        found = list[str]()
        for row, value in zip(places, column, strict=True):
            try:
                found.append(text(value))
            except NoTextError as error:
                where = f"{self.name} row {row:,}, column {self.header[place]!r}"
                raise UsageError(
                    f"{where}: an id {error}.", hint="Ids are compared as text, letter by letter."
                ) from None
        return found


@contextmanager
def opened(query: Query, most: int | None) -> Iterator[SqlRows]:
    """Ask a database.

    Args:
        query: What.
        most: How many rows will be read at most.

    Raises:
        UsageError: It cannot be reached or does not understand, here or while its rows are fetched.
    """
    engine = _engine(query)
    try:
        with engine.connect() as connection:
            for statement in _before(engine.dialect.name, most):
                connection.exec_driver_sql(statement)
            streamed = {"stream_results": True, "max_row_buffer": BLOCK, "no_parameters": True}
            with closing(connection.exec_driver_sql(query.sql, execution_options=streamed)) as result:
                if not result.returns_rows:
                    raise UsageError("data.sql gives no rows.", hint="It has to be one SELECT.")
                yield SqlRows(query, result, engine.dialect.name)
    except DBAPIError as error:
        said = " ".join(str(error.orig).split())[:300]
        raise UsageError(
            "the database could not answer the query in data.sql.",
            hint="Try the query with the database's own client; the password is read from data.password_file, or "
            f"{_PASSWORD} (or {_PASSWORD}_FILE).",
            private=f"It says: {said}",
        ) from None
    except SQLAlchemyError as error:
        raise UsageError(
            f"data.sql cannot be asked: {type(error).__name__}.", hint="It has to be one SELECT."
        ) from None
    finally:
        engine.dispose()


def _before(dialect: str, most: int | None) -> list[str]:
    """What the session is told first."""
    said = [_READ_ONLY[dialect]] if dialect in _READ_ONLY else []
    if most is not None and dialect in ("mysql", "mariadb"):
        said.append(f"SET SESSION sql_select_limit = {most}")  # else a result that is closed is read to its end
    return said


def _engine(query: Query) -> Any:
    hint = "For example postgresql+psycopg://user@host/database, mariadb+pymysql://... or sqlite:///file."
    try:
        url = sa.make_url(query.url)
        if (password := _password(query)) is not None:
            url = url.set(password=password)
        if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:"):
            _exists(Path(str(url.database)))
        return sa.create_engine(url, hide_parameters=True)
    except (ArgumentError, NoSuchModuleError):
        raise UsageError("data.url is not the URL of a database.", hint=hint) from None
    except ImportError as error:
        raise UsageError(
            f"data.url needs the driver {error.name}, which is not installed.",
            hint=f"pip install 'accord[sql]' brings psycopg and PyMySQL. {hint}",
        ) from None


def _exists(file: Path) -> None:
    if not file.is_file():  # SQLite would make it
        raise UsageError(f"there is no file {file}.", hint="Paths are relative to the scenario file.")


def _password(query: Query) -> str | None:
    """From the file that the data name, else from the environment."""
    file = query.password_file or (Path(named) if (named := os.environ.get(f"{_PASSWORD}_FILE")) else None)
    if file is None:
        return os.environ.get(_PASSWORD)
    try:
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(
            f"the password file {file} cannot be read: {reason}.", hint="Check data.password_file."
        ) from None
