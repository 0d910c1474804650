"""The rows of a CSV file, whose delimiter, decimal sign and encoding are found or named."""

from __future__ import annotations

import codecs
import io
import os
import re
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from sys import maxsize

from accord_agents.files.places import Csv
from accord_agents.intake.ahead import ahead
from accord_agents.intake.csv_lines import Lines
from accord_agents.intake.csv_plain import LARGE, ROW, PlainRecords, compiled
from accord_agents.intake.records import MARKS, Records
from accord_agents.intake.rows import Block
from accord_schemas.errors import UsageError

BLOCK = 4096  # rows whose text is in memory at a time
_DECIMALS = re.compile(r"\s*[+-]?\d*([.,])\d+(?:[eE][+-]?\d+)?\s*", re.ASCII)
_MARKS = {  # what a file begins with; the longer ones first
    codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32", codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}  # fmt: skip


class CsvRows:
    """The `Rows` of a CSV file.

    Args:
        csv: The file, and what of its dialect is named.
        lines: Its lines.
        size: Its bytes.
    """

    def __init__(self, csv: Csv, lines: Iterator[str], size: int) -> None:
        self.name, self._csv = csv.name, csv
        self._records = Records(csv.name, _told(csv, lines), csv.delimiter, csv.quote)
        self.head, self.header = f"{csv.name} line {self._records.line}", self._records.header
        self._decimal = csv.decimal or ("." if self._records.delimiter == "," else "")
        self._lines = lines if isinstance(lines, Lines) else None
        self.count = size // ROW if self._lines else 0

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was found of the dialect, where it is not the usual one and nobody has named it."""
        delimiter = self._records.delimiter
        if self._csv.delimiter or delimiter == ",":
            return ()
        return (f"{self.name} is read with {MARKS.get(delimiter, repr(delimiter))} between its cells, as found.",)

    def at(self, place: int) -> tuple[str, str]:
        """The line that a record begins on."""
        return self.name, f"line {place}"

    def deferrable(self, columns: Sequence[int]) -> bool:
        """See `Rows`."""
        return False

    def blocks(
        self, ids: Sequence[int], wanted: Sequence[int], categories: Sequence[int], most: int | None
    ) -> Generator[Block]:
        """See `Rows`."""
        if self._lines is None or not _one_byte(self._records.delimiter, self._csv.quote):
            yield from self._one_by_one(ids, wanted, categories, most)
            return
        marks = self._records.delimiter, self._csv.quote
        plain = PlainRecords(self._lines, len(self.header), *marks, ids, wanted, categories)
        with closing(ahead(self._by_loops(plain, partial(self._one_by_one, ids, wanted, categories), most))) as found:
            yield from found

    def _by_loops(
        self, plain: PlainRecords, others: Callable[[int], Iterator[Block]], most: int | None
    ) -> Iterator[Block]:
        """Plain records by compiled loops, and from others on some one by one."""
        left = maxsize if most is None else most
        while left > 0:
            block = plain.next(self._records.next_line, left, self._decimal) if self._decimal else None
            if block is not None:
                self._records.pass_over(len(block.places))
            elif (block := next(others(min(left, BLOCK)), None)) is None:
                return
            left -= len(block.places)
            yield block

    def _one_by_one(
        self, ids: Sequence[int], wanted: Sequence[int], categories: Sequence[int], most: int | None
    ) -> Iterator[Block]:
        rows = islice(self._records, most)
        numbers = [place for place in wanted if place not in categories]
        while block := list(islice(rows, BLOCK)):
            lines, cells = zip(*block, strict=True)
            columns = list(zip(*cells, strict=True))
            if not self._decimal:
                self._decimal = _found(row[place] for row in cells for place in numbers)
            yield Block(lines, [columns[k] for k in ids], [columns[k] for k in wanted], self._decimal or ".")


def _one_byte(*marks: str) -> bool:
    return all(len(mark) == 1 and mark.isascii() for mark in marks)


def _found(cells: Iterator[str]) -> str:
    """The decimal sign of the first number that has one."""
    return next((match[1] for match in map(_DECIMALS.fullmatch, cells) if match), "")


@contextmanager
def opened(csv: Csv) -> Iterator[CsvRows]:
    """Open a CSV file.

    Raises:
        UsageError: It cannot be read, here or while its rows are; names the file and what to do.
    """
    with ExitStack() as stack:
        with _explained(csv):
            file = stack.enter_context(csv.file.open("rb"))
            lines = _lines(csv, file)
        yield CsvRows(csv, lines, os.fstat(file.fileno()).st_size)


def _lines(csv: Csv, file: io.BufferedReader) -> Iterator[str]:
    """The lines of a file; of a large one such as compiled loops can read, too."""
    encoding = csv.encoding or next((name for mark, name in _MARKS.items() if file.peek(4).startswith(mark)), "")
    if encoding.lower().replace("_", "-") not in ("", "utf-8", "utf8"):
        return io.TextIOWrapper(file, encoding=encoding, newline="")
    if os.fstat(file.fileno()).st_size >= LARGE and compiled() is not None:
        return Lines(file)
    return io.TextIOWrapper(file, encoding="utf-8-sig", newline="")


def _told(csv: Csv, lines: Iterator[str]) -> Iterator[str]:
    with _explained(csv):
        yield from lines


@contextmanager
def _explained(csv: Csv) -> Iterator[None]:
    """Turn what the operating system and the decoders say into errors that name the file."""
    path = csv.file
    try:
        yield
    except FileNotFoundError:
        raise UsageError(f"there is no file {path}.", hint="Paths are relative to the scenario file.") from None
    except IsADirectoryError:
        raise UsageError(f"{path} is a folder.", hint="Give the CSV file in it.") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.", hint="Check its path and permissions.") from None
    except UnicodeError:
        if csv.encoding:
            raise UsageError(
                f"{path.name} is not {csv.encoding}, as csv.encoding says.", hint="Name the encoding that it has."
            ) from None
        line, seen = _undecodable(path)
        raise UsageError(
            f"{path.name} line {line} is not UTF-8.",
            hint="Save the file as 'CSV UTF-8', or name what it is: csv: {file: ..., encoding: windows-1252}.",
            private=seen,
        ) from None


def _undecodable(csv: Path) -> tuple[int, str]:
    """The line that cannot be decoded, and what was seen there."""
    # the text layer decodes in chunks and cannot say where it stands; no UTF-8 sequence contains a line feed
    with csv.open("rb") as file:
        for line, raw in enumerate(file, 1):
            try:
                raw.decode()
            except UnicodeDecodeError as error:
                byte = raw[error.start : error.start + 1]
                return line, f"Read was the byte 0x{byte.hex()}, in windows-1252 {byte.decode('cp1252', 'replace')!r}."
    return 1, ""
