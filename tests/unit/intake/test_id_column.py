"""What looks like an id and is none; what people should know of their ids; never an id in a sentence."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.files import table

from accord_agents.intake.ids import IdColumn
from accord_agents.intake.reader import Source, read_table
from accord_agents.intake.shape import described, shape
from accord_agents.intake.table import Report
from accord_protocols.jobs.base import Reads
from accord_protocols.primitives.psi.ids import Key
from accord_schemas.errors import UsageError


def column(cells: Iterable[str]) -> tuple[list[str], Report]:
    """The ids that count, and what was said."""
    with tempfile.TemporaryDirectory() as folder:
        path = table(Path(folder) / "shop.csv", ["id"], [[cell] for cell in cells])
        read = read_table(Source(path, "id", reads=Reads()))
    return list(read.ids), read.report


PEOPLE = [f"c{i:04d}" for i in range(60)]


@pytest.mark.parametrize(
    "word",
    ["NULL", "null", "N/A", "nan", "NaN", "NA", "None", "unknown", "Unknown", "#N/A", "<NA>", "\\N", "-", "?", "...",
     " NULL ", "ｎｕｌｌ", "#REF!", "(null)", "undefined"],
)  # fmt: skip
def test_words_for_none_are_left_out_and_counted(word: str) -> None:
    ids, found = column([*PEOPLE[:30], word, *PEOPLE[30:], word])
    assert ids == PEOPLE
    assert found.duplicates == 0
    assert len(found.ids) == 1
    assert found.ids[0].startswith("2 of 62 rows have no id but ")


def test_several_words_are_said_once() -> None:
    ids, found = column([*PEOPLE, "NULL", "N/A", "NULL", "0"])
    assert ids == PEOPLE
    assert found.ids == ("4 of 64 rows have no id but NULL, N/A, 0, and were left out.",)


@pytest.mark.parametrize(
    "cells",
    [
        [str(i) for i in range(100)],
        [f"{i:03d}" for i in range(100)],
        [str(i) for i in range(100) for _ in range(7)],
        ["0", "0", "7", "7", "7"],
        ["99999", "12345", "23456"],
        ["Null Peter", "nana", "n-a", "unknown@example.org", "c0", "DE0"],
    ],
)
def test_what_may_be_data_is_data(cells: list[str]) -> None:
    ids, found = column(cells)
    assert set(ids) == set(cells)
    assert not found.ids


@pytest.mark.parametrize("nobody", ["0", "0000", "99999999", "-1"])
def test_a_number_on_more_rows_than_any_other_id_stands_for_nobody(nobody: str) -> None:
    people = [str(i) for i in range(1000, 1050)]
    ids, found = column([nobody, *people, people[3], nobody, nobody])
    assert ids == people
    assert found.duplicates == 1
    assert found.ids == (f"3 of 54 rows have no id but {nobody}, and were left out.",)


def test_one_zero_among_words_stands_for_nobody() -> None:
    assert column([*PEOPLE, "0"])[0] == PEOPLE


@pytest.mark.parametrize("form", ["4.{:05d}E+12", "4,{:05d}E+12", "4.{:05d}e+12", "1.{}e+108"])
def test_rounded_numbers_are_refused_where_they_are_many(form: str) -> None:
    with pytest.raises(UsageError, match=r"shop.csv line 62, column 'id': 80 of 140 ids.*scientific.*as text") as error:
        column([*PEOPLE, *(form.format(i % 40) for i in range(80))])
    assert "00001" not in str(error.value)


def test_few_rounded_numbers_are_left_out_and_counted() -> None:
    ids, found = column([*PEOPLE, "4.91799E+12", "4.91799E+12"])
    assert ids == PEOPLE
    assert found.ids[0].startswith("2 of 62 ids are in scientific notation (9.99999E+99)")
    assert "as text" in found.ids[0]


@pytest.mark.parametrize("cells", [["4e12", "5E3", "1e-7", "12E+4", "1.5e+1x"], ["3E7A", "0e0"]])
def test_codes_that_hold_an_e_are_ids(cells: list[str]) -> None:
    assert column(cells)[0] == cells


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        (["1020.0", "1021.0", "1022"], "2 of 3 ids end in .0 (9999.9)"),
        (["ab\u200b1", "\ufeffab2", "ab3", "a\xadb"], "3 of 4 ids hold characters that do not show (aa·9)"),
        (["Ann  Lee", "Bob Lee"], "1 of 2 ids hold several spaces in a row (Aaa  Aaa)"),
        (["ﬁn", "fin", "x2", "x²", "x2"], "2 of 5 rows spell an earlier id in other characters (aaa)"),
        ([*PEOPLE, *["shared"] * 12], "One id (aaaaaa) stands on 12 of 72 rows"),
    ],
)
def test_what_people_should_know_of_their_ids(cells: list[str], says: str) -> None:
    _, found = column(cells)
    assert [sentence for sentence in found.ids if sentence.startswith(says)], found.ids
    assert not [i for i in cells if any(i in sentence for sentence in found.ids) and not i.isdigit()]


def test_many_rows_per_user_are_no_surprise() -> None:
    ids, found = column(f"u{i % 9}" for i in range(90))
    assert (len(ids), found.duplicates, found.ids) == (9, 81, ())


def test_full_width_ids_are_no_surprise() -> None:
    assert column(["ｋäufer１", "ｋäufer２", "ｋäufer１"])[1].ids == ()


def test_shapes_and_descriptions_hold_no_id() -> None:
    assert shape("Kd-2024.0") == "Aa-9999.9"
    assert shape("x" * 90) == "a" * 40 + "..."
    assert described(["1020.0", "1021.0"]) == (
        "2 ids, 6 characters of digits, ., such as 9999.9 (100 %), all ending in .9"
    )
    assert described([f"{i * 7919 % 65536:04x}" for i in range(90)]).startswith(
        "90 ids, 4 characters of digits, small letters"
    )
    assert described(["Ann Lee", "b\u200b"]) == (
        "2 ids, 2 to 7 characters of small letters, capitals, spaces, characters that do not show, such as "
        "Aaa Aaa (50 %), a· (50 %)"
    )


@given(st.text(st.sampled_from("aZ09.-+eE @/#<>nul"), max_size=12))
def test_the_short_way_gives_what_the_long_one_gives(cell: str) -> None:
    short, long = (IdColumn(lambda line: ("a.csv", f"line {line}"), Key(("id",))) for _ in range(2))
    long._simple = False
    taken: list[tuple[Any, ...]] = []
    for column in (short, long):
        try:
            taken.append((column.take([cell], 2), column.numbers, column._words, column._taken))
        except UsageError as error:
            taken.append((error.message, {}, None, 0))
    assert taken[0] == taken[1]
