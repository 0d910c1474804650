"""The records of a CSV file (RFC 4180) with the lines they begin on, and what is wrong with the file's form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from csv import Error, field_size_limit, reader

from accord_schemas.errors import UsageError

_MARKS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_QUOTES = 'Put a cell that holds quotes, commas or line ends in quotes, each quote in it twice ("").'


class Records:
    """The header, then (line, cells) of each record; blank lines are passed over.

    Args:
        file: Name of the file, for errors.
        lines: Its lines, with their ends.

    Raises:
        UsageError: It has no header, or its cells are not separated by commas.
    """

    def __init__(self, file: str, lines: Iterable[str]) -> None:
        self._file, self._text = file, ""
        self._csv = reader(self._told(lines), strict=True)
        self.line = 1
        self.header = self._record() or []
        if self.header and (sep := re.fullmatch(r"sep=([,;|\t])", ",".join(self.header), re.IGNORECASE)):
            if sep[1] != ",":
                raise self._separated(sep[1])
            self.header = self._record() or []  # that line is for spreadsheets alone
        if not self.header:
            raise UsageError(f"{file} is empty or begins with a blank line.", hint="The first line names the columns.")
        if len(self.header) == 1 and (mark := self._mark()):
            raise self._separated(mark)

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        width = len(self.header)
        while (row := self._record()) is not None:
            if row and len(row) != width:
                raise UsageError(
                    f"{self._file} line {self.line} has {len(row)} cells, the header {width}.",
                    hint="Quote cells that hold a comma; leave a null cell empty.",
                )
            if row:
                yield self.line, row

    def _told(self, lines: Iterable[str]) -> Iterator[str]:
        for self._text in lines:
            yield self._text

    def _record(self) -> list[str] | None:
        self.line = self._csv.line_num + 1
        try:
            return next(self._csv, None)
        except Error as error:
            raise self._explained(str(error)) from None

    def _explained(self, problem: str) -> UsageError:
        place = f"{self._file} line {self.line}"
        if "field limit" in problem:
            return UsageError(
                f"{place}: a cell has more than {field_size_limit()} characters.",
                hint=f"Most often a quote that opens in that row is never closed. {_QUOTES}",
            )
        if "unexpected end" in problem:
            return UsageError(f"{place}: a quote opens in this row and is never closed.", hint=_QUOTES)
        if mark := self._mark():
            return self._separated(mark)
        return UsageError(f"{place}: text follows a closing quote.", hint=_QUOTES)

    def _mark(self) -> str:
        """What separates the cells of the line at hand, where that is not commas."""
        bare = _QUOTED.sub("", self._text)
        found = max(_MARKS, key=bare.count)
        return found if bare.count(found) > bare.count(",") else ""

    def _separated(self, mark: str) -> UsageError:
        return UsageError(
            f"{self._file} line {self.line}: cells are separated by {_MARKS[mark]} ({mark!r}), not by commas.",
            hint="Save it as 'CSV UTF-8 (comma delimited)': commas between cells, points in numbers.",
        )
