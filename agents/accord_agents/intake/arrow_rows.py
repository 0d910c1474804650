"""The rows of a Parquet or ORC file, or of a folder of such parts, some thousand at a time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from accord_agents.files.places import Columnar, Form
from accord_agents.intake.ahead import ahead
from accord_agents.intake.rows import Block
from accord_schemas.errors import UsageError

try:
    import pyarrow as pa
    from pyarrow import orc
    from pyarrow import parquet as pq

    from accord_agents.intake.arrow_cells import NoTextError, cells, numbers, plain, texts
except ImportError:
    raise UsageError(
        "Parquet and ORC files are read with pyarrow, which is not installed.", hint="pip install 'accord[parquet]'"
    ) from None

BLOCK = 1 << 15  # rows that are in memory at a time
_AHEAD = 32
"""Blocks of ids alone that may wait: while compiled loops are loaded, which takes half a second."""
_NUMBERS = 1 << 19  # of columns of numbers alone, so many numbers
_BUFFER = 1 << 18  # bytes that are read ahead of each column


class ArrowRows:
    """The `Rows` of parts.

    Args:
        at: The file or folder.
        parts: Its files.
    """

    def __init__(self, at: Columnar, parts: Sequence[Path]) -> None:
        self.name, self._at, self._parts = at.name, at, parts
        self.head = parts[0].name
        self.header = _names(parts[0], at.form)
        self._starts, self._stamps = list[int](), [_stamp(part) for part in parts]
        self.count = sum(_count(part, at.form) for part in parts)

    def at(self, place: int) -> tuple[str, str]:
        """Part and row."""
        part = bisect_right(self._starts, place) - 1
        return self._parts[part].name, f"row {place - self._starts[part] + 1:,}"

    remarks: tuple[str, ...] = ()

    def deferrable(self, columns: Sequence[int]) -> bool:
        """See `Rows`: numbers in all parts, of which nothing has to be looked at."""
        names = [self.header[place] for place in columns]
        return all(numbers(_schema(part, self._at.form), names) for part in self._parts)

    def blocks(
        self, ids: Sequence[int], wanted: Sequence[int], categories: Sequence[int], most: int | None
    ) -> Generator[Block]:
        """See `Rows`; the next ones are decoded while the last ones are worked on."""
        waiting = 2 if wanted else _AHEAD
        with closing(ahead(self._blocks(ids, wanted, categories, most), waiting)) as found:
            yield from found

    def _blocks(
        self, ids: Sequence[int], wanted: Sequence[int], categories: Sequence[int], most: int | None
    ) -> Iterator[Block]:
        names, row = [self.header[place] for place in {**dict.fromkeys(ids), **dict.fromkeys(wanted)}], 0
        size = BLOCK if ids or categories else max(BLOCK // 8, min(4 * BLOCK, _NUMBERS // len(names)))
        self._starts.clear()
        for part, stamp in zip(self._parts, self._stamps, strict=True):
            self._starts.append(row)
            if missing := [name for name in names if name not in _names(part, self._at.form)]:
                raise UsageError(
                    f"{part.name} has no column {missing[0]!r}, which {self._parts[0].name} has.",
                    hint="All parts of a folder need the same columns; or name others in features.",
                )
            for batch in _batches(part, self._at.form, names, size):
                batch = batch if most is None else batch.slice(0, most - row)
                if not len(batch):
                    return
                places = range(row, row + len(batch))
                keys = [self._ids(batch, place, places) for place in ids]
                found = [cells(_column(batch, self.header[p]), category=p in categories) for p in wanted]
                yield Block(places, keys, found)
                row += len(batch)
            if _stamp(part) != stamp:
                raise UsageError(f"{part.name} was changed while it was read.", hint="Read it again.")

    def _ids(self, batch: Any, place: int, places: range) -> Any:
        column = _column(batch, self.header[place])
        try:
            return texts(column)
        except NoTextError as error:
            first = next((k for k, bad in enumerate(_bad(column)) if bad), 0)
            where = f"{' '.join(self.at(places[first]))}, column {self.header[place]!r}"
            raise UsageError(f"{where}: an id {error}.", hint="Ids are compared as text, letter by letter.") from None


def _bad(column: Any) -> Iterator[bool]:
    """Which cells have no form as text."""
    array = plain(column)
    for k in range(len(array)):
        try:
            texts(array.slice(k, 1))
            yield False
        except NoTextError:
            yield bool(array[k].is_valid)


@contextmanager
def opened(at: Columnar) -> Iterator[ArrowRows]:
    """Open a file or a folder of parts.

    Raises:
        UsageError: There is none, or one cannot be read, here or while its rows are.
    """
    with _explained(at):
        parts = _parts(at)
        rows = ArrowRows(at, parts)
    yield rows


def _parts(at: Columnar) -> list[Path]:
    if not at.path.is_dir():
        return [at.path]
    below = [path for path in at.path.rglob(f"*.{at.form}") if path.is_file()]
    relative = {path: path.relative_to(at.path).parts for path in below}
    parts = sorted(path for path in below if not any(name[0] in "._" for name in relative[path]))
    if not parts:
        raise UsageError(f"{at.path} holds no file *.{at.form}.", hint="Give a file, or a folder of such parts.")
    if split := next((name for part in parts for name in relative[part][:-1] if "=" in name), ""):
        raise UsageError(
            f"{at.path} is split by folders such as {split}, a column that is not in the files.",
            hint="Give one of these folders, or write it again without partitions.",
        )
    return parts


def _names(part: Path, form: Form) -> list[str]:
    return list(_schema(part, form).names)


def _schema(part: Path, form: Form) -> Any:
    with _explained(Columnar(part, form)):
        return pq.read_schema(part) if form == "parquet" else orc.ORCFile(part).schema


def _count(part: Path, form: Form) -> int:
    with _explained(Columnar(part, form)):
        return int(pq.read_metadata(part).num_rows if form == "parquet" else orc.ORCFile(part).nrows)


def _stamp(part: Path) -> tuple[int, ...]:
    """What is another number when a file is."""
    with _explained(Columnar(part, "parquet")):
        seen = part.stat()
    return seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns


def _batches(part: Path, form: Form, names: Sequence[str], size: int) -> Iterator[Any]:
    """The rows of a part as record batches of at most `size`; INT96 in µs, since nanoseconds end in 2262."""
    with _explained(Columnar(part, form)):
        if form == "parquet":
            options = {"buffer_size": _BUFFER, "pre_buffer": False}  # else a whole group of rows is in memory
            with pq.ParquetFile(part, coerce_int96_timestamp_unit="us", **options) as file:
                yield from file.iter_batches(size, columns=list(names))
            return
        file = orc.ORCFile(part)
        for number in range(file.nstripes):
            stripe = file.read_stripe(number, columns=list(names))
            yield from (stripe.slice(start, size) for start in range(0, len(stripe), size))


def _column(batch: Any, name: str) -> Any:
    return batch.column(batch.schema.get_field_index(name))


@contextmanager
def _explained(at: Columnar) -> Iterator[None]:
    """Turn what the operating system and Arrow say into errors that name the file."""
    path = at.path
    try:
        yield
    except FileNotFoundError:
        raise UsageError(f"there is no file {path}.", hint="Paths are relative to the scenario file.") from None
    except (pa.ArrowException, OSError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else f"it is no whole {at.form} file"
        raise UsageError(
            f"{path} cannot be read: {why}.", hint="Check its path, permissions and form.", private=str(error)[:300]
        ) from None
