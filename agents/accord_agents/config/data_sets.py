"""What a party's data are: where its rows or edges lie, and what their columns mean."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import parse_qsl, urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    SerializerFunctionWrapHandler,
    Strict,
    Tag,
    field_validator,
    model_serializer,
    model_validator,
)

from accord_agents.config.problems import AS_WRITTEN, branch
from accord_agents.files.paths import expanded
from accord_agents.files.places import NAME, Columnar, Csv, Images, Place, Query
from accord_protocols.primitives.psi.ids import Key
from accord_schemas.agreement import Ids, Step
from accord_schemas.errors import UsageError
from accord_schemas.header import PARTY
from accord_schemas.matching import Kind

_PLACED = frozenset({"csv", "parquet", "orc", "sql", "url", "password_file", "images", "embed"})
Column = Annotated[str, Field(min_length=1), AS_WRITTEN]
SetName = Annotated[str, Field(pattern=f"^{PARTY}$"), AS_WRITTEN]
"""What a data set may be called, where a party has several: 1 to 32 of a-z, 0-9, _ and -."""


class IdColumns(BaseModel):
    """How ids are made.

    Attributes:
        column: The column of common identifiers, or those that one is made of, in the agreed order.
        normalise: What is done to each of them besides NFKC and trimming; None for whatever is agreed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    column: Column | Annotated[list[Column], Field(min_length=1)]
    normalise: list[Step] | None = None


class CsvFile(BaseModel):
    """A CSV file whose dialect is named.

    Attributes:
        file: The file.
        delimiter: Between cells; absent: found in the first line.
        decimal: Before decimals; absent: a point, or what the first number has where cells are not between commas.
        encoding: Of the text, such as windows-1252; absent: UTF-8, or what the file's byte order mark says.
        quote: Around cells that hold a delimiter.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    file: Annotated[Path, Strict(False)]
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    decimal: Literal[".", ","] | None = None
    encoding: str | None = None
    quote: Annotated[str, Field(min_length=1, max_length=1)] = '"'

    @field_validator("encoding")
    @classmethod
    def _known(cls, encoding: str | None) -> str | None:
        try:
            codecs.lookup(encoding or "utf-8")
        except LookupError:
            raise ValueError(f"{encoding!r} is no encoding; such as utf-8, utf-16 or windows-1252") from None
        return encoding


KINDS = ("csv", "parquet", "orc", "sql", "images")
"""Keys of which a party's data have one: what the rows are read from."""


class Source(BaseModel):
    """A party's rows: where they lie, and what their columns are; of party.yaml and of scenarios alike.

    Attributes:
        csv: A CSV file; or a section that names its dialect.
        parquet: A Parquet file, or a folder of such parts.
        orc: The same of ORC.
        sql: One SELECT, asked of `url`.
        url: The database, as SQLAlchemy writes it: ``postgresql+psycopg://user@host/database``; never with a password.
        password_file: Where the database's password is; without it in ACCORD_SQL_PASSWORD, or in the file that
            ACCORD_SQL_PASSWORD_FILE names.
        images: A folder of images, each a row. Its columns are file, name (without the ending), and what `embed` makes.
        embed: What numbers are made of an image: a face's 128, or a picture's 64 bits; columns e000, e001, ...
        id: The column of common identifiers; or those that one is made of; or these, and how they are evened out. Of
            images it is their name, unless another one is said.
        label: The column to predict; the label holder's only.
        features: Columns to use; None for all but id and label.
        columns: Of a server of hidden queries: what may be asked for, in the words of the file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    csv: Annotated[Path, Strict(False)] | CsvFile | None = None
    parquet: Annotated[Path, Strict(False)] | None = None
    orc: Annotated[Path, Strict(False)] | None = None
    sql: Annotated[str, Field(min_length=1)] | None = None
    url: str | None = None
    password_file: Annotated[Path, Strict(False)] | None = None
    images: Annotated[Path, Strict(False)] | None = None
    embed: Kind | None = None
    id: Column | Annotated[list[Column], Field(min_length=1)] | IdColumns
    label: Column | None = None
    features: list[Column] | None = None
    columns: list[Column] | None = None

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, value: Any) -> Any:
        return {"id": NAME, **value} if isinstance(value, dict) and value.get("images") is not None else value

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        named = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(named) != 1:
            said = f"{named[0]} and {named[1]} are both named" if named else "it is not said where the rows lie"
            raise ValueError(f"{said}; name one of {', '.join(KINDS)}")
        if (self.sql is None) != (self.url is None):
            raise ValueError("sql and url go together: the query, and the database that answers it")
        if self.password_file is not None and self.sql is None:
            raise ValueError("password_file is a database's")
        if self.embed is not None and self.images is None:
            raise ValueError("embed is for images: a folder of them")
        return self

    @field_validator("url")
    @classmethod
    def _no_password(cls, url: str | None) -> str | None:
        parts = urlsplit(url or "")
        keys = [key.lower() for key, _ in parse_qsl(parts.query, keep_blank_values=True)]
        if ":" in parts.netloc.rpartition("@")[0] or any("pass" in key or "pwd" in key for key in keys):
            raise ValueError("a password stands in it; it belongs in password_file or ACCORD_SQL_PASSWORD")
        return url

    @model_serializer(mode="wrap")
    def _as_given(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        given: dict[str, Any] = whole(self)
        return {key: value for key, value in given.items() if value is not None or key not in _PLACED}

    def beside(self, folder: Path) -> Self:
        """The same with absolute paths; those it has are relative to `folder`."""
        changed: dict[str, Any] = {}
        for key in ("csv", "parquet", "orc", "password_file", "images"):
            match getattr(self, key):
                case Path() as path:
                    changed[key] = (folder / expanded(path)).absolute()
                case CsvFile() as csv:
                    changed[key] = csv.model_copy(update={"file": (folder / expanded(csv.file)).absolute()})
        sqlite, file = "sqlite:///", (self.url or "").removeprefix("sqlite:///")
        if (self.url or "").startswith(sqlite) and file and not file.startswith(("/", ":", "?")):
            changed["url"] = f"{sqlite}{(folder / expanded(file)).absolute()}"
        return self.model_copy(update=changed)

    @property
    def place(self) -> Place:
        """Where the rows lie."""
        if self.sql is not None:
            return Query(self.sql, self.url or "", self.password_file)
        if self.images is not None:
            return Images(self.images, self.embed or "picture")
        if isinstance(self.csv, CsvFile):
            c = self.csv
            return Csv(c.file, c.delimiter or "", c.decimal or "", c.encoding or "", c.quote)
        if self.csv is not None:
            return Csv(self.csv)
        return Columnar(self.parquet, "parquet") if self.parquet is not None else Columnar(self.orc or Path(), "orc")

    @property
    def name(self) -> str:
        """What people call it."""
        return self.place.name

    def other(self, file: Path) -> Self:
        """The same columns of another file: of the same form, or of that which the file's name ends with."""
        if self.images is not None and file.is_dir():
            return self.model_copy(update={"images": file})
        form = file.suffix.removeprefix(".").lower()
        kind = form if form in ("parquet", "orc") else "csv" if file.is_file() or self.sql is not None else ""
        kind = kind or next((key for key in ("csv", "parquet", "orc") if getattr(self, key) is not None), "csv")
        csv = self.csv.model_copy(update={"file": file}) if isinstance(self.csv, CsvFile) else file
        gone = dict.fromkeys((*KINDS, "url", "password_file"))
        return self.model_copy(update={**gone, kind: csv if kind == "csv" else file})

    @property
    def made_of(self) -> Key:
        """What an id is made of, by this file."""
        column = self.id.column if isinstance(self.id, IdColumns) else self.id
        steps = tuple(self.id.normalise or ()) if isinstance(self.id, IdColumns) else ()
        return Key(tuple([column] if isinstance(column, str) else column), steps)

    def key(self, agreed: Ids) -> Key:
        """What an id is made of, by what was agreed.

        Raises:
            UsageError: This file says otherwise.
        """
        own = self.made_of
        if len(own.columns) != agreed.columns:
            raise UsageError(
                f"{self.place.name}: the agreement makes an id of {agreed.columns} columns, data.id names {own}.",
                hint="Name as many columns in data.id, in the order that the parties agreed on.",
            )
        if isinstance(self.id, IdColumns) and self.id.normalise is not None and own.normalise != agreed.normalise:
            said = ", ".join(agreed.normalise) or "nothing"
            raise UsageError(
                f"{self.place.name}: the agreement normalises ids by {said}, data.id by {', '.join(own.normalise)}.",
                hint="Leave normalise out to do what is agreed, or have it proposed again.",
            )
        return Key(own.columns, agreed.normalise)

    def offers(self, columns: Sequence[str]) -> None:
        """See to it that what may be asked for is what this party offers.

        Raises:
            UsageError: It does not offer one of these columns.
        """
        if strange := [name for name in columns if name not in (self.columns or ())]:
            what = f"the agreement lets others ask for the column {strange[0]!r}, which data.columns lacks."
            raise UsageError(
                f"{self.place.name}: {what}", hint="Name in data.columns what may be asked for, or refuse."
            )

    @model_validator(mode="after")
    def _columns_once(self) -> Self:
        named = [*self.made_of.columns, *([self.label] if self.label is not None else []), *(self.features or [])]
        if twice := sorted({column for column in named if named.count(column) > 1}):
            raise ValueError(f"the column {twice[0]!r} is named twice; id, label and features are different columns")
        return self


class EdgeFiles(BaseModel):
    """A party's part of a graph: which files, and what their columns are; of party.yaml and of scenarios alike.

    Attributes:
        edges: The file of edges, one a row.
        source: The column of one end.
        target: The column of the other end.
        weight: The column of weights; without it every edge weighs 1.
        vertices: The agreed list of vertices, in a column id; a scenario says it for all parties.
        flagged: Whom this party flags, in a column id.
        ask: For whom it asks, in a column id.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    edges: Annotated[Path, Strict(False)]
    source: Column
    target: Column
    weight: Column | None = None
    vertices: Annotated[Path, Strict(False)]
    flagged: Annotated[Path, Strict(False)] | None = None
    ask: Annotated[Path, Strict(False)] | None = None

    @property
    def name(self) -> str:
        """What people call it."""
        return self.edges.name

    def beside(self, folder: Path) -> Self:
        """The same with absolute paths; those it has are relative to `folder`."""
        paths = {name: path for name in EDGE_PATHS if (path := getattr(self, name)) is not None}
        return self.model_copy(update={name: (folder / expanded(path)).absolute() for name, path in paths.items()})


EDGE_PATHS = ("edges", "vertices", "flagged", "ask")
DataSet = Source | EdgeFiles


def _kind(data: Any) -> str:
    """Which of the two kinds of data a section describes."""
    edges = "edges" in data if isinstance(data, dict) else isinstance(data, EdgeFiles)
    return branch("edges" if edges else "rows")


def kind_or_sets(data: Any) -> str:
    """The same, or that it names several: a section of sections, none of which is called as a key of one."""
    keys = {*Source.model_fields, *EdgeFiles.model_fields}
    if (
        isinstance(data, dict)
        and data
        and not keys & set(data)
        and all(isinstance(v, dict | Source | EdgeFiles) for v in data.values())
    ):
        return branch("sets")
    return _kind(data)


Rows = Annotated[Source, Tag(branch("rows"))]
Edges = Annotated[EdgeFiles, Tag(branch("edges"))]
_One = Annotated[Rows | Edges, Discriminator(_kind)]
Sets = Annotated[dict[SetName, _One], Field(json_schema_extra={"x-by": "name"}), Tag(branch("sets"))]
Data = Annotated[Rows | Edges | Sets, Discriminator(kind_or_sets)]
"""What `data` in a party's file may be: one of these, or several by name."""
