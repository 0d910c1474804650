"""The id column of a file: what is compared, what is no id, and what its people should know of it.

An id is compared as text in Unicode form NFKC without surrounding white space, and in nothing else that was not agreed:
case, leading zeros, ``.0`` endings and inner spaces count. It may be made of several columns. What looks like an id and
is none would join strangers, so it is left out and counted. Sentences show the form of an id (`shape`), never an id.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from accord_agents.intake.cells import NULLS
from accord_agents.intake.shape import invisible, shape
from accord_agents.intake.stage import Repeats
from accord_protocols.primitives.psi.ids import Key, evened, joined, normalise
from accord_schemas.errors import UsageError

NO_ID = NULLS | frozenset(
    {"n/a", "n.a.", "#n/a", "<na>", "nat", "none", "nil", "(null)", "<null>", "\\n", "undefined", "unknown", "missing"}
    | {"not available", "not known", "anonymous", "#null!", "#ref!", "#value!", "#name?", "#div/0!", "#num!"}
)
"""Words for none, in lower case: no person is called that in a key."""

_NUMBER_FOR_NONE = re.compile(r"0+|-1|9{5,}")
"""May be data: in a column of numbers one 0 is a user; on more rows than any other id it stands for nobody."""
_SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?[eE]\+\d{2,3}", re.ASCII)  # as spreadsheets and float columns write it
_FLOAT = re.compile(r"\d+\.0", re.ASCII)
_PLAIN = re.compile(r"[A-Za-z][!-~]{0,999}|[1-8][0-9]{0,999}", re.ASCII)
"""What most ids are: in its one form as it stands, and nothing to look at but whether it is a word for none."""
_MANY_SCIENTIFIC = 0.05
"""Above this share the column is refused; rows below it are left out."""
_LARGE_SHARE, _LARGE_COUNT = 0.1, 10
_WORDS = 1000  # different words for none that are told apart
_SHORT = 3
"""Signs that stand for nobody are shown up to this length."""
_SAID = (
    "ids are in scientific notation ({}), rounded by a spreadsheet, and were left out: format the column as text",
    "ids end in .0 ({}), as whole numbers do after a column of floats: 7.0 is not the id 7",
    "ids hold characters that do not show ({}); they count when ids are compared",
    "ids hold several spaces in a row ({}); they count when ids are compared",
    "rows spell an earlier id in other characters ({}), equal in Unicode's form NFKC: is it the same user?",
)


@dataclass(frozen=True)
class Ids:
    """What an id column comes to.

    Attributes:
        duplicates: Rows whose id an earlier row has.
        left_out: Ids already given out that turned out to name nobody.
        said: A sentence for each thing that its people should know.
    """

    duplicates: int
    left_out: frozenset[str]
    said: tuple[str, ...]


class _Kind:
    """Rows of one kind: how many, and the form of the first."""

    def __init__(self, count: int = 0, form: str = "") -> None:
        self.count, self.form = count, form

    def take(self, form: str) -> None:
        self.count, self.form = self.count + 1, self.form or form


class IdColumn:
    """Takes the cells of an id row by row; `end` says what they come to.

    Args:
        at: File and row of a place, see `Rows.at`.
        key: Its columns.

    Attributes:
        numbers: Of the ids that may stand for nobody: on how many rows, and the second of these.
    """

    def __init__(self, at: Callable[[int], tuple[str, str]], key: Key) -> None:
        self._at, self._key = at, key
        self._simple = self.as_written
        self._rows, self._taken, self._first_scientific = 0, 0, 0
        self.numbers: dict[str, tuple[int, int]] = {}
        self._words: Counter[str] = Counter()
        self._further = 0
        self._scientific, self._float, self._hidden, self._spaced = _Kind(), _Kind(), _Kind(), _Kind()

    @property
    def as_written(self) -> bool:
        """Whether an id is one cell, and nothing was agreed on that changes it."""
        return len(self._key.columns) == 1 and not self._key.normalise

    def plain(self, count: int) -> None:
        """The next ids are as they are compared, and nothing is to be said of them: see `plain_ids`."""
        self._rows, self._taken = self._rows + count, self._taken + count

    def take(self, cells: Sequence[str], line: int) -> str | None:
        """The id of a row; None where one of its cells names nobody.

        Raises:
            UsageError: A cell is empty or too long.
        """
        self._rows += 1
        if self._simple and _PLAIN.fullmatch(cells[0]) and cells[0].lower() not in NO_ID:
            self._taken += 1
            return cells[0]
        parts = list[str]()
        for column, cell in zip(self._key.columns, cells, strict=True):
            if (part := self._part(column, cell, line)) is None:
                return None
            parts.append(part)
        if len(parts) == 1:
            identifier = parts[0]
            if identifier[0] in "0-9" and _NUMBER_FOR_NONE.fullmatch(identifier):
                count, second = self.numbers.get(identifier, (0, 0))
                self.numbers[identifier] = count + 1, self._taken if count == 1 else second
        else:
            identifier = self._explained(str(self._key), line, lambda: joined(parts))
        self._taken += 1
        return identifier

    def _part(self, column: str, cell: str, line: int) -> str | None:
        """What a cell gives to the id; None where it names nobody."""
        identifier = self._explained(repr(column), line, lambda: normalise(cell))
        nobody = identifier.casefold() in NO_ID or not any(map(str.isalnum, identifier))
        if not nobody and self._key.normalise:
            written, identifier = identifier, evened(identifier, self._key.normalise)
            nobody, identifier = not identifier, identifier or written
        if nobody:
            known = identifier.casefold() in NO_ID or len(identifier) <= _SHORT
            word = identifier if known else "signs alone"
            if word in self._words or len(self._words) < _WORDS:
                self._words[word] += 1
            else:
                self._further += 1
            return None
        if _SCIENTIFIC.fullmatch(identifier):
            self._first_scientific = self._first_scientific or line
            self._scientific.take(re.sub(r"\d", "9", identifier))
            return None
        if _FLOAT.fullmatch(identifier):
            self._float.take(shape(identifier))
        if invisible(identifier):
            self._hidden.take(shape(identifier))
        if "  " in identifier:
            self._spaced.take(shape(identifier))
        return identifier

    def _explained(self, column: str, line: int, made: Callable[[], str]) -> str:
        try:
            return made()
        except UsageError as error:
            place = f"{' '.join(self._at(line))}, column {column}"
            raise UsageError(f"{place}: {error.message}", hint=error.hint, private=error.private) from None

    def end(self, repeats: Repeats) -> Ids:
        """What the column comes to.

        Args:
            repeats: Which of the ids that were taken repeat one; `numbers` set apart.

        Raises:
            UsageError: Too many ids are rounded numbers.
        """
        if self._scientific.count > _MANY_SCIENTIFIC * self._rows:
            raise UsageError(
                f"{' '.join(self._at(self._first_scientific))}, column {self._key}: {self._scientific.count} of "
                f"{self._rows} ids are in scientific notation ({self._scientific.form}): a spreadsheet rounded them, "
                "and different users look alike.",
                hint="Export them again from where they come from, and format the column as text before saving.",
            )
        distinct = self._taken - repeats.total
        numeric = repeats.digits > distinct / 2
        most = repeats.most[0] if repeats.most else 0
        left_out = [i for i, (count, _) in self.numbers.items() if not numeric or count - 1 > most]
        nobody = self._words + Counter({i: self.numbers[i][0] for i in left_out})
        duplicates = repeats.total - sum(self.numbers[i][0] - 1 for i in left_out)
        kept = [(n - 1, second, i) for i, (n, second) in self.numbers.items() if n > 1 and i not in left_out]
        usual = max(kept + ([repeats.most] if repeats.most else []), key=lambda m: (m[0], -m[1]), default=None)
        return Ids(duplicates, frozenset(left_out), self._said(nobody, repeats, distinct, usual))

    def _said(
        self, nobody: Counter[str], repeats: Repeats, distinct: int, most: tuple[int, int, str] | None
    ) -> tuple[str, ...]:
        rows, said = self._rows, list[str]()
        if nobody:
            words = ", ".join(word for word, _ in nobody.most_common(3))
            count = nobody.total() + self._further
            said.append(f"{count} of {rows} rows have no id but {words}, and were left out.")
        alike = _Kind(repeats.alike, shape(repeats.alike_first[1]) if repeats.alike_first else "")
        kinds = (self._scientific, self._float, self._hidden, self._spaced, alike)
        for kind, what in zip(kinds, _SAID, strict=True):
            if kind.count:
                said.append(f"{kind.count} of {rows} {what.format(kind.form)}.")
        if most is not None:
            count, usual = most[0] + 1, max(1, (rows - most[0] - 1) / max(1, distinct - 1))
            if count >= max(_LARGE_COUNT, _LARGE_SHARE * rows, _LARGE_COUNT * usual / 2):
                form = shape(most[2])
                said.append(f"One id ({form}) stands on {count} of {rows} rows: does it stand for nobody?")
        return tuple(said)
