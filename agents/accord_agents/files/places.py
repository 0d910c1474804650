"""Where a party's rows lie: a CSV file, files of columns, a query to a database, or a folder of images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from accord_schemas.matching import WEIGHTS, Kind, Resampling

Form = Literal["parquet", "orc"]


@dataclass(frozen=True, slots=True)
class Csv:
    """A CSV file.

    Args:
        file: The file.
        delimiter: Between cells; found in the first line without it.
        decimal: The sign before the decimals of a number; without it a point, or where cells are not separated by
            commas what the first number with decimals has.
        encoding: Of its text; without it UTF-8, or UTF-16 and UTF-32 where the file begins with their mark.
        quote: Around a cell that holds a delimiter or a line end.
    """

    file: Path
    delimiter: str = ""
    decimal: str = ""
    encoding: str = ""
    quote: str = '"'

    @property
    def name(self) -> str:
        """What errors call it."""
        return self.file.name


@dataclass(frozen=True, slots=True)
class Columnar:
    """A Parquet or ORC file, or a folder of such parts.

    Args:
        path: The file or folder.
        form: Which of the two.
    """

    path: Path
    form: Form

    @property
    def name(self) -> str:
        """What errors call it."""
        return self.path.name


@dataclass(frozen=True, slots=True)
class Query:
    """What a database answers.

    Args:
        sql: One SELECT.
        url: Of the database, as SQLAlchemy writes it, without a password.
        password_file: Where the password is; without it in ACCORD_SQL_PASSWORD, or the file that
            ACCORD_SQL_PASSWORD_FILE names.
    """

    sql: str
    url: str
    password_file: Path | None = None

    @property
    def name(self) -> str:
        """What errors call it."""
        return "the query"


FILE, NAME = "file", "name"
"""Columns of a folder of images: a file's name, with its ending and without."""


@dataclass(frozen=True, slots=True)
class Images:
    """A folder of images, each of which is a row of numbers.

    Args:
        folder: The folder; what lies deeper is passed over.
        kind: What is made of an image: the embedding of a face, or a hash of the picture.
        resampling: How it is brought to the size that this takes.
        weights: SHA-256 of the network's file, for faces.
        width: Bytes that a file's name may have; 0 for any number.
    """

    folder: Path
    kind: Kind
    resampling: Resampling = "bicubic"
    weights: str = WEIGHTS
    width: int = 0

    @property
    def name(self) -> str:
        """What errors call it."""
        return self.folder.name


Place = Csv | Columnar | Query | Images
