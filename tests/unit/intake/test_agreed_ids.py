"""Ids as people have them: evened out as the parties agreed, of one column or of several."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.files import table

from accord_agents.config.data_sets import Source as Data
from accord_agents.intake.reader import Source, read_table
from accord_agents.intake.table import Table
from accord_protocols.jobs.base import Reads
from accord_protocols.primitives.psi.ids import MAX_ID_BYTES, Key, evened, joined, normalise
from accord_schemas.agreement import Ids, Step
from accord_schemas.errors import UsageError


def read(folder: Path, header: list[str], rows: list[list[str]], key: Key) -> Table:
    return read_table(Source(table(folder / "shop.csv", header, rows), key, reads=Reads()))


@pytest.mark.parametrize(
    ("steps", "text", "expected"),
    [
        (["trim", "lower"], " Ann@X.org ", "ann@x.org"),
        (["lower"], "STRASSE Straße", "strasse straße"),
        (["lower"], "İ", "i̇"),
        (["spaces"], "Ann  \t B", "Ann B"),
        (["digits"], "+49 (30) 1-2", "493012"),
        (["digits"], "４２²", "422"),  # NFKC comes first
        (["alphanumeric", "lower"], "DE-12/34", "de1234"),
        ([], "Ann", "Ann"),
    ],
)
def test_each_step(steps: list[Step], text: str, expected: str) -> None:
    assert evened(normalise(text), steps) == expected


@given(st.text(min_size=1), st.lists(st.sampled_from(["trim", "lower", "spaces", "digits", "alphanumeric"])))
def test_what_was_evened_out_stays_in_its_normal_form(text: str, steps: list[Step]) -> None:
    try:
        once = evened(normalise(text), steps)
    except UsageError:
        return
    assert not once or normalise(once) == once


@given(st.lists(st.lists(st.text(max_size=5), min_size=2, max_size=2), min_size=2, max_size=2))
def test_different_parts_are_different_ids(rows: list[list[str]]) -> None:
    one, other = rows
    assert (joined(one) == joined(other)) == (one == other)


def test_parts_are_not_joined_by_a_comma(tmp_path: Path) -> None:
    rows = [["a,b", "c"], ["a", "b,c"], ["1", "23"], ["12", "3"]]
    found = read(tmp_path, ["country", "number"], rows, Key(("country", "number")))
    assert list(found.ids) == ["3:a,b1:c", "1:a3:b,c", "1:12:23", "2:121:3"]


def test_the_first_row_of_an_agreed_id_counts_and_the_others_are_said(tmp_path: Path) -> None:
    rows = [["Ann@x.org"], ["bob@x.org"], ["ann@X.org"], [" ANN@x.org"]]
    found = read(tmp_path, ["email"], rows, Key(("email",), ("lower",)))
    assert list(found.ids) == ["ann@x.org", "bob@x.org"]
    assert found.report.duplicates == 2
    assert not any("spell" in sentence for sentence in found.report.ids)
    assert len(read(tmp_path, ["email"], rows, Key(("email",))).ids) == 4


def test_a_part_that_names_nobody_leaves_the_row_out(tmp_path: Path) -> None:
    rows = [["DE", "1"], ["NULL", "1"], ["DE", "n/a"], ["FR", "1"]]
    found = read(tmp_path, ["country", "number"], rows, Key(("country", "number")))
    assert list(found.ids) == ["2:DE1:1", "2:FR1:1"]
    assert found.report.ids == ("2 of 4 rows have no id but NULL, n/a, and were left out.",)


def test_what_nothing_is_left_of_names_nobody(tmp_path: Path) -> None:
    found = read(tmp_path, ["phone"], [["+49 1"], ["none"], ["ask"]], Key(("phone",), ("digits",)))
    assert list(found.ids) == ["491"]
    assert found.report.ids[0].startswith("2 of 3 rows have no id but ")


@pytest.mark.parametrize(
    ("row", "place"),
    [(["DE", ""], "line 2, column 'number': an id is empty"), (["x" * MAX_ID_BYTES, "1"], "line 2, column 'country'")],
)
def test_parts_that_cannot_be_used_are_named(tmp_path: Path, row: list[str], place: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, ["country", "number"], [row], Key(("country", "number")))
    assert place in caught.value.message


def test_a_quoted_id_is_the_id(tmp_path: Path) -> None:
    plain, quoted = tmp_path / "plain.csv", tmp_path / "quoted.csv"
    plain.write_text("id\nann\nbob\nzoe\n")
    quoted.write_text('"id"\r\n"ann"\r\nbob\r\n"zoe"\r\n')
    ids = [list(read_table(Source(path, "id", reads=Reads())).ids) for path in (plain, quoted)]
    assert ids[0] == ids[1] == ["ann", "bob", "zoe"]


# ---- what a party's file says, and what was agreed

AGREED = Ids(columns=2, normalise=("lower",))


@pytest.mark.parametrize("said", [["a", "b"], {"column": ["a", "b"]}, {"column": ["a", "b"], "normalise": ["lower"]}])
def test_what_was_agreed_is_done(said: Any) -> None:
    assert Data(csv=Path("shop.csv"), id=said).key(AGREED) == Key(("a", "b"), ("lower",))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("a", "shop.csv: the agreement makes an id of 2 columns, data.id names 'a'."),
        ({"column": ["a", "b"], "normalise": ["digits"]}, "the agreement normalises ids by lower, data.id by digits."),
    ],
)
def test_who_says_otherwise_reads_why(said: Any, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        Data(csv=Path("shop.csv"), id=said).key(AGREED)
    assert words in caught.value.message
