"""The dialect of a CSV file, found or named: the same rows give the same table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from accord_agents.files.places import Csv
from accord_agents.intake.reader import Source, read_table, take
from accord_protocols.jobs.base import Reads
from accord_schemas.errors import UsageError

PLAIN = "id,a,day,größe\nkäufer 1,1.5,2024-12-31,-2\nu2,,2025-01-01,1e3\nu3,7,,0.25\n"


def with_commas(mark: str) -> str:
    """The same rows with another delimiter, decimals behind commas."""
    return PLAIN.replace(",", mark).replace(".", ",")


def digest(folder: Path, content: bytes, **named: Any) -> str:
    path = folder / "shop.csv"
    path.write_bytes(content)
    return take(Source(Csv(path, **named), "id"), folder / "snapshots", bytes(32)).digest


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (with_commas(";").encode(), {}),
        (with_commas("\t").encode(), {}),
        (with_commas("|").encode("utf-8-sig"), {}),
        (PLAIN.replace(",", ";").encode(), {}),
        (PLAIN.replace(",", "\t").encode("utf-16"), {}),
        (PLAIN.encode("utf-32"), {}),
        (("sep=;\r\n" + with_commas(";").replace("\n", "\r\n")).encode(), {}),
        (with_commas(";").encode("cp1252"), {"encoding": "windows-1252"}),
        (with_commas("~").encode(), {"delimiter": "~", "decimal": ","}),
        (with_commas(";").encode(), {"delimiter": ";", "decimal": ",", "encoding": "UTF-8"}),
        (PLAIN.replace("1.5", "'1,5'").replace(".", ",").replace("0,25", "'0,25'").encode(),
         {"quote": "'", "decimal": ","}),
    ],
)  # fmt: skip
def test_the_same_rows_give_the_same_snapshot(tmp_path: Path, content: bytes, named: dict[str, Any]) -> None:
    assert digest(tmp_path, content, **named) == digest(tmp_path, PLAIN.encode())


@pytest.mark.parametrize(
    ("content", "named", "says"),
    [
        ("id;a\nx;1,5\ny;2.5\n", {}, "line 3, column 'a': the cell is not a number; decimals have a comma in this"),
        ("id;a\nx;1.5\ny;2,5\n", {}, "line 3, column 'a': the cell is not a number; write a point for the comma"),
        ("id;a\nx;1.234,5\n", {}, "line 2, column 'a': the cell is not a number"),
        ("id;a\nx;1\n", {"delimiter": ","}, r"line 1: cells are separated by semicolons \(';'\), not by commas"),
        ("id,a\nx,1\n", {"encoding": "ascii", "delimiter": ";"}, "line 1: cells are separated by commas"),
        ("id,a\nkäufer,1\n", {"encoding": "ascii"}, "is not ascii, as csv.encoding says"),
    ],
)
def test_what_was_seen_is_said(tmp_path: Path, content: str, named: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        digest(tmp_path, content.encode(), **named)


def test_a_byte_that_is_no_utf_8_is_shown_to_who_reads_the_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="line 2 is not UTF-8") as caught:
        digest(tmp_path, "id,a\nkäufer,1\n".encode("cp1252"))
    assert "encoding: windows-1252" in caught.value.hint
    assert caught.value.private == "Read was the byte 0xe4, in windows-1252 'ä'."


def test_texts_keep_their_commas(tmp_path: Path) -> None:
    path = tmp_path / "shop.csv"
    path.write_text("id;x;city\n1,5;2,5;Ulm, Donau\n", encoding="utf-8")
    table = read_table(Source(path, "id", reads=Reads("linear", one_hot=("city",))))
    assert list(table.ids) == ["1,5"] and table.categories == {"city": ("Ulm, Donau",)}
    assert table.values.tolist() == [[2.5, 0]]


def test_what_was_found_is_said_and_what_was_named_or_is_usual_is_not(tmp_path: Path) -> None:
    def said(mark: str, **named: Any) -> tuple[str, ...]:
        file = tmp_path / "a.csv"
        file.write_text(f"id{mark}x\nu1{mark}2\n")
        return take(Source(Csv(file, **named), "id"), tmp_path / "snapshots", bytes(32)).remarks

    assert said(";") == ("a.csv is read with semicolons between its cells, as found.",)
    assert said(";", delimiter=";") == said(",") == ()
