"""What compiled loops read of a CSV file is what is read one by one: records, lines, numbers, and what is wrong."""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from accord_agents.intake import csv_lines, csv_plain, csv_rows
from accord_agents.intake.csv_lines import Lines
from accord_agents.intake.ordering import ordered
from accord_agents.intake.reader import Source, take
from accord_agents.intake.rows import Texts
from accord_schemas.errors import UsageError

HARD = [
    "9007199254740993", "9007199254740992.5", "0.1", "-0", "5.", ".5", "1e-5", "+7", "17976931348623157e23",
    "8.5e-59", "123456789012345678", "0.000000000000000000012345678901234567", "4503599627370496.5", "1e23", "2.5e-1",
    "",
]  # fmt: skip


def read(cells: list[str]) -> tuple[bool, list[float]]:
    loops, texts = csv_plain.compiled(), Texts.of(cells)
    words = np.empty(len(cells), np.uint64)
    done = loops.numbers(loops.read_only(texts.data), texts.offsets[:-1], texts.offsets[1:], ord("."), words)
    return done, words.view(np.float64).tolist()


def same(a: float, b: float) -> bool:
    return (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b))


@given(st.lists(st.floats(-1e40, 1e40).filter(lambda x: x == 0 or abs(x) > 1e-40).map(repr) | st.sampled_from(HARD)))
@example(HARD)
@example([f"{(1 << 53) + k}{half}" for k in range(8) for half in ("", ".5", ".25", ".75")])
def test_numbers_are_the_nearest_floats(cells: list[str]) -> None:
    done, found = read(cells)
    assert done and all(same(a, float(cell or "nan")) for a, cell in zip(found, cells, strict=True))


@pytest.mark.parametrize(
    "cell", ["x", "1e", "1_0", " 1", "1,5", "nan", "1e400", "12345678901234567890", "-", ".", "--1"]
)
def test_other_cells_are_left_to_python(cell: str) -> None:
    assert not read([cell])[0]


@given(st.lists(st.sampled_from(["a", "\r", "\n", "\r\n", "é", ""]), max_size=30), st.integers(1, 7))
def test_lines_are_those_of_the_text_layer(parts: list[str], step: int) -> None:
    raw = "".join(parts).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_lines, "_STEP", step + 3)
        found = list(Lines(io.BytesIO(raw)))
    assert found == list(io.TextIOWrapper(io.BytesIO(raw), "utf-8-sig", newline=""))


ROWS = [
    "u{k},{k}.25,a\n", "u{k},{k}.25,b\r\n", '"u{k}",-1e-3,"b,c"\n', '"u\n{k}",.5,b\n', "u{k},,\n", "\n",
    "jürg{k},NA,é\n", "u{k},12345678901234567890.5,a\n", "u1,3,a\n", '"u{k}","7",""\r\n', '"u""{k}",7,a\n',
]  # fmt: skip


def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> tuple[list[str], int]:
    """What a file comes to, read by loops and one by one; and how many blocks the loops read."""
    path, found, read = tmp_path / "shop.csv", [], []
    path.write_bytes(text.encode())
    plain = csv_plain.PlainRecords.next

    def counted(self: csv_plain.PlainRecords, line: int, most: int, decimal: str) -> object:
        block = plain(self, line, most, decimal)
        read.append(block is not None)
        return block

    monkeypatch.setattr(csv_plain.PlainRecords, "next", counted)
    monkeypatch.setattr(csv_lines, "_STEP", 256)
    monkeypatch.setattr(csv_rows, "BLOCK", 3)
    for large in (0, 1 << 40):
        monkeypatch.setattr(csv_rows, "LARGE", large)
        try:
            found.append(take(Source(path, "id", features=["x"]), tmp_path / "out", bytes(32)).digest)
        except UsageError as error:
            found.append(f"{error.message} {error.hint} {error.private}")
    return found, sum(read)


@given(st.lists(st.sampled_from(ROWS), min_size=1, max_size=60), st.booleans())
def test_a_file_comes_to_the_same_either_way(
    tmp_path_factory: pytest.TempPathFactory, rows: list[str], whole: bool
) -> None:
    text = "id,x,t\n" + "".join(row.format(k=k) for k, row in enumerate(rows))
    with pytest.MonkeyPatch.context() as patch:
        one, other = both(tmp_path_factory.mktemp("csv"), patch, text if whole else text.rstrip("\n"))[0]
    assert one == other


@pytest.mark.parametrize(
    "bad", ["z,x,a\n", "z,2024-12-31,a\n", "z,1,a,b\n", 'z,"1,a\n', ",1,a\n", "z,1e999,a\n", "z,1\n"]
)
def test_what_is_wrong_is_said_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad: str) -> None:
    rows = [f"u{k},{k}.5,a\n" for k in range(100)]
    (one, other), loops = both(tmp_path, monkeypatch, "id,x,t\n" + "".join([*rows[:50], bad, *rows[50:]]))
    assert one == other and "line 52" in one and loops


def test_most_rows_are_read_by_loops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (one, other), loops = both(tmp_path, monkeypatch, "id;x;t\n" + "".join(f"u{k};{k},5;a\n" for k in range(100)))
    assert one == other and loops > 2


@given(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 3).map(lambda k: k << 62), max_size=40))
def test_hashes_are_in_order_and_equal_ones_in_that_of_their_places(hashes: list[int]) -> None:
    found = np.array(hashes, np.uint64)
    order, begin, end = ordered(found)
    assert order.tolist() == np.argsort(found, kind="stable").tolist()
    counts = {h: hashes.count(h) for h in sorted(set(hashes))}
    runs = [found[order[start:stop]].tolist() for start, stop in zip(begin, end, strict=True)]
    assert runs == [[h] * count for h, count in counts.items() if count > 1]
