"""One CSV file to a table, and every way in which it can be unusable."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from accord_agents.intake.reader import Source, read_table
from accord_agents.intake.table import Table
from accord_protocols.jobs.base import Reads
from accord_schemas.errors import UsageError


def table(path: Path, **more: Any) -> Table:
    options: dict[str, Any] = {"model": "linear", "label": more.pop("label_required", False)}
    label, features = more.pop("label", None), more.pop("features", None)
    return read_table(Source(path, "id", label, features, Reads(**(options | more))))


@pytest.fixture
def written(tmp_path: Path) -> Any:
    def write(content: str | bytes, name: str = "shop.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_values_nulls_and_order(written: Any) -> None:
    got = table(written("id,a,y,größe\nu2,1,5,\nu1,-.5e1,6,NaN\nu3, 7. ,+7,null\nu4,NA,8,0.1\n"), label="y")
    assert got.ids == ("u2", "u1", "u3", "u4")
    assert got.columns == ("a", "größe")
    np.testing.assert_array_equal(got.values, [[1, np.nan], [-5, np.nan], [7, np.nan], [np.nan, 0.1]])
    assert got.labels is not None and got.labels.tolist() == [5, 6, 7, 8]
    assert got.report.warnings() == []


def test_listed_features_come_in_the_listed_order(written: Any) -> None:
    got = table(written("id,a,b,c\n1,2,red,4\n"), features=["c", "a"])
    assert got.columns == ("c", "a") and got.values.tolist() == [[4, 2]]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_byte_order_mark_line_ends_and_quotes(written: Any, mark: bytes, end: str) -> None:
    rows = ['id,"a, b"', '"käufer ""x"", y",1', '"two' + end + 'lines","2"', ""]
    got = table(written(mark + end.join(rows).encode()))
    assert got.columns == ("a, b",) and got.values.tolist() == [[1], [2]]
    assert got.ids == ('käufer "x", y', f"two{end}lines")


def test_ids_are_normalised_text_and_the_first_of_duplicates_counts(written: Any) -> None:
    got = table(written("id,a\n007,1\n ７ ,2\n7,3\nﬁn,4\nfin ,5\n"))
    assert got.ids == ("007", "7", "fin") and got.values[:, 0].tolist() == [1, 2, 4]
    assert (got.report.rows_read, got.report.duplicates) == (5, 2)
    assert "2 of 5" in got.report.warnings()[0]


def test_rows_with_an_empty_label_are_left_out_and_reported(written: Any) -> None:
    got = table(written("id,a,y\n1,1,\n2,2,0\n3,3,NA\n1,4,9\n"), label="y", label_required=True)
    assert got.ids == ("2",) and got.values.tolist() == [[2]]
    assert (got.report.duplicates, got.report.empty_labels) == (1, 2)


def test_without_a_model_only_ids_are_read(written: Any) -> None:
    got = table(written("id,a,y\n1,red,\n2,blue,x\n"), label="y", model=None, label_required=True)
    assert got.ids == ("1", "2") and got.columns == () and got.values.shape == (2, 0) and got.labels is None
    assert table(written("id,a\n1,red\n"), model=None, label_required=True).ids == ("1",)


def test_more_rows_than_a_block(written: Any) -> None:
    n = 2 * 4096 + 1
    got = table(written("id,a\n" + "".join(f"u{i},{i}\n" for i in range(n))))
    assert got.ids == tuple(f"u{i}" for i in range(n)) and np.array_equal(got.values[:, 0], np.arange(n))


def test_a_label_holder_may_have_no_feature(written: Any) -> None:
    assert table(written("id,y\n1,2\n"), label="y", label_required=True).values.shape == (1, 0)


def test_no_row_shows_in_the_representation(written: Any) -> None:
    shown = repr(table(written("id,a,y\nsecret,17.25,99.5\n"), label="y"))
    assert not any(word in shown for word in ("secret", "17.25", "99.5"))


@pytest.mark.parametrize(
    "cell", ["red", "inf", "-Infinity", "1_000", "0x10", "1e", "1 2", "٣", "--1", "1,5", "1e101", "-1e999", "."]
)
@pytest.mark.parametrize("label", [None, "a"])
def test_text_in_a_cell_names_the_place_and_shows_the_value_apart(written: Any, cell: str, label: str | None) -> None:
    path = written(f'id,a\n1,2\n\n2,"{cell}"\n', "words.csv")
    with pytest.raises(UsageError) as error:
        table(path, label=label)
    assert error.value.exit_code == 2
    assert str(error.value).startswith("words.csv line 4, column 'a': the cell is ")
    assert error.value.private == f"Read was {cell!r}."


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        ("id,a\n", {}, ["shop.csv", "no rows"]),
        ("", {}, ["shop.csv", "empty"]),
        ("id,a,b\n1,2,3\n2,3\n", {}, ["shop.csv line 3", "2 cells", "3"]),
        ("id,a\n1,2,3\n", {}, ["shop.csv line 2", "3 cells"]),
        ("id,a,a\n1,2,3\n", {}, ["shop.csv line 1", "columns 2 and 3"]),
        ("id,a,\n1,2,3\n", {}, ["shop.csv line 1", "column 3"]),
        ("id,a\n ,2\n", {}, ["shop.csv line 2", "'id'", "empty"]),
        ("ids,a\n1,2\n", {}, ["shop.csv", "'id'", "Did you mean 'ids'"]),
        ("id;a\n1;2\n3,4,5\n", {}, ["shop.csv line 3", "1 cells", "2"]),
        ('id,a\n1,2\n"x" 1;2;3\n', {}, ["shop.csv line 3", "semicolons (';')", "not by commas"]),
        ("sep=,\nid,a,a\n1,2,3\n", {}, ["shop.csv line 2", "columns 2 and 3"]),
        ("sep=,\n", {}, ["shop.csv", "empty"]),
        ('id,a\n1,2\n2,"3\n3,4\n4,5\n', {}, ["shop.csv line 3", "quote opens", "never closed"]),
        ('id,a\n1,2\n2,"3\n' + "3,4\n" * 50_000, {}, ["shop.csv line 3", "131072", "quote", "never closed"]),
        ('id,a\n"x "y" z",2\n', {}, ["shop.csv line 2", "closing quote", "twice"]),
        ("id,a\nNULL,1\nn/a,2\n", {}, ["shop.csv", "no row has an id", "'id'"]),
        ("id,target\n1,2\n", {"label": "targt"}, ["'targt'", "label", "Did you mean 'target'"]),
        ("id,x0,x1\n1,2,3\n", {"features": ["x0", "nope"]}, ["'nope'", "features"]),
        ("id,a,b\n1,2,3\n", {"features": ["a", "a"]}, ["'a'", "twice"]),
        ("id,a,b\n1,2,3\n", {"features": ["a", "id"]}, ["'id'", "twice"]),
        ("id,a,y\n1,2,3\n", {"label": "y", "features": ["y"]}, ["'y'", "twice"]),
        ("id,a\n1,2\n", {"label_required": True}, ["shop.csv", "label"]),
        ("id\n1\n", {}, ["shop.csv", "no feature"]),
        ("id,y\n1,\n2,NA\n", {"label": "y"}, ["shop.csv", "'y'", "no row has a label"]),
        ('id,a\n1,"2\n', {}, ["shop.csv", "quotes"]),
        (b"id,a\n1,2\nk\xe4ufer,3\n", {}, ["shop.csv line 3", "UTF-8"]),
        ("id,a\nä,2\n".encode("utf-16-le"), {}, ["shop.csv line 2", "UTF-8", "encoding: windows-1252"]),
        ("id,a\n" + "1" * 2000 + ",2\n", {}, ["shop.csv line 2", "longer"]),
        ("id,a\n1," + "1" * 200_000 + "\n", {}, ["shop.csv line 2", "131072"]),
    ],
)
def test_unusable_files(written: Any, content: str | bytes, options: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(UsageError) as error:
        table(written(content), **options)
    assert all(word in str(error.value) for word in words), str(error.value)
    assert error.value.hint


def test_all_columns_that_cannot_be_used_are_said_at_once(written: Any) -> None:
    rows = "".join(f"u{i},{i},Ulm,{'x' if i > 9000 else 1},{i}\n" for i in range(9010))
    path = written("id,age,city,größe 1,y\n" + rows)
    with pytest.raises(UsageError) as error:
        table(path, label="y")
    assert "2 columns" in str(error.value)
    assert "'city' (line 2 is not a number), 'größe 1' (line 9003 is not a number)" in str(error.value)
    assert "features: [age]" in str(error.value), "the label is no feature"
    assert table(path, label="y", features=["age"]).columns == ("age",)


@pytest.mark.parametrize(
    ("content", "label", "words"),
    [
        ("id,age,city\n1,2,Ulm\n", None, ["line 2, column 'city': the cell is not a number.", "features: [age]"]),
        ("id,a b,city\n1,2,Ulm\n", None, ['features: ["a b"]']),
        ("id,city\n1,Ulm\n", None, ["line 2, column 'city'", "name others in features"]),
        ("id,age,y\n1,2,Ulm\n", "y", ["line 2, column 'y'", "A label has to be a number"]),
        ('id,age\n1,"2,5"\n', None, ["the cell is not a number; write a point for the comma"]),
    ],
)
def test_the_remedy_for_text_in_a_column(written: Any, content: str, label: str | None, words: list[str]) -> None:
    with pytest.raises(UsageError) as error:
        table(written(content), label=label)
    assert all(word in str(error.value) for word in words), str(error.value)


def test_the_line_for_spreadsheets_is_passed_over(written: Any) -> None:
    for first in ("sep=,", "SEP=,", '"sep=,"'):
        assert table(written(f"\ufeff{first}\r\nid,a\r\n1,2\r\n")).ids == ("1",)
    assert table(written("sep=x,id\n2,1\n")).columns == ("sep=x",)


def test_undecodable_bytes_far_down_are_located(written: Any) -> None:
    with pytest.raises(UsageError, match="line 20002 "):
        table(written(b"id,a\n" + b"".join(b"%d,1\n" % i for i in range(20_000)) + b"\xff,1\n"))


def test_files_that_cannot_be_opened(written: Any, tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.csv", tmp_path, written("x") / "below.csv", tmp_path / ("x" * 300)):
        with pytest.raises(UsageError) as error:
            table(path)
        assert path.name in str(error.value) and error.value.hint
