"""The records of a CSV file (RFC 4180) with the lines they begin on, and what is wrong with the file's form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from csv import Error, field_size_limit, reader
from itertools import chain

from accord_schemas.errors import UsageError

MARKS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_SEP = re.compile(r"\"?sep=([,;|\t])\"?\s*", re.IGNORECASE)


class Records:
    """The header, then (line, cells) of each record; blank lines are passed over.

    Args:
        file: Name of the file, for errors.
        lines: Its lines, with their ends.
        delimiter: What is between cells; without it, what the first line has most of, or what a line ``sep=;`` before
            it names.
        quote: The sign around cells that hold one.

    Attributes:
        delimiter: As named or found.

    Raises:
        UsageError: It has no header, or its cells are not separated as was named.
    """

    def __init__(self, file: str, lines: Iterable[str], delimiter: str = "", quote: str = '"') -> None:
        self._file, self._quote, self._text, self._skipped = file, quote, "", 0
        self._quoted = re.compile(
            f"{re.escape(quote)}(?:[^{re.escape(quote)}]|{re.escape(quote) * 2})*{re.escape(quote)}"
        )
        lines = iter(lines)
        first = next(lines, "")
        if sep := _SEP.fullmatch(first):  # that line is for spreadsheets alone
            first, self._skipped, delimiter = next(lines, ""), 1, delimiter or sep[1]
        self._text = first
        self.delimiter = delimiter or self._mark()
        told = self._told(chain([first] if first else [], lines))
        self._csv = reader(told, strict=True, delimiter=self.delimiter, quotechar=quote)
        self.line = 1
        self.header = self._record() or []
        if not self.header:
            raise UsageError(f"{file} is empty or begins with a blank line.", hint="The first line names the columns.")
        if len(self.header) == 1 and (mark := self._mark()) != self.delimiter and mark in first:
            raise self._separated(mark)

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        width = len(self.header)
        while (row := self._record()) is not None:
            if row and len(row) != width:
                raise UsageError(
                    f"{self._file} line {self.line} has {len(row)} cells, the header {width}.",
                    hint=f"Quote cells that hold {_named(self.delimiter)}; leave a null cell empty.",
                )
            if row:
                yield self.line, row

    @property
    def next_line(self) -> int:
        """The line that the next record begins on."""
        return self._csv.line_num + 1 + self._skipped

    def pass_over(self, records: int) -> None:
        """As many, a line each, have been read by somebody else."""
        self._skipped += records

    def _told(self, lines: Iterable[str]) -> Iterator[str]:
        for self._text in lines:
            yield self._text

    def _record(self) -> list[str] | None:
        self.line = self.next_line
        try:
            return next(self._csv, None)
        except Error as error:
            raise self._explained(str(error)) from None

    def _explained(self, problem: str) -> UsageError:
        place, quote = f"{self._file} line {self.line}", self._quote
        rule = f"Put a cell that holds quotes, delimiters or line ends in quotes, each quote in it twice ({quote * 2})."
        if "field limit" in problem:
            return UsageError(
                f"{place}: a cell has more than {field_size_limit()} characters.",
                hint=f"Most often a quote that opens in that row is never closed. {rule}",
            )
        if "unexpected end" in problem:
            return UsageError(f"{place}: a quote opens in this row and is never closed.", hint=rule)
        if (mark := self._mark()) != self.delimiter and mark in self._text:
            return self._separated(mark)
        return UsageError(f"{place}: text follows a closing quote.", hint=rule)

    def _mark(self) -> str:
        """What most likely separates the cells of the line at hand: a comma unless it has more of another sign."""
        bare = self._quoted.sub("", self._text)
        return max(MARKS, key=bare.count)

    def _separated(self, mark: str) -> UsageError:
        return UsageError(
            f"{self._file} line {self.line}: cells are separated by {_named(mark)} ({mark!r}), "
            f"not by {_named(self.delimiter)} as elsewhere or as was named.",
            hint=f"Write all rows alike; or name what is between cells: csv: {{file: ..., delimiter: {mark!r}}}.",
        )


def _named(mark: str) -> str:
    return MARKS.get(mark, repr(mark))
