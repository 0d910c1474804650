"""Columns that should not be features as they stand are said: the label again, a column again, a count of rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from accord_agents.intake.reader import Source, check, read_table
from accord_protocols.jobs.base import Reads

COUNT = 60
Row = Callable[[int], object]


def said(tmp_path: Path, label: bool = True, shuffled: bool = True, count: int = COUNT, **columns: Row) -> list[str]:
    """The warnings of a file with random columns x and y, the label, and these."""
    generator = np.random.default_rng(7)
    rows = [{"id": f"u{k}", "x": generator.normal(), "y": round(generator.normal() * 100, 2)} for k in range(count)]
    order = generator.permutation(count) if shuffled else range(count)
    made = [rows[k] | {name: column(k) for name, column in columns.items()} for k in order]
    values = [{name: _of(row, value) for name, value in row.items()} for row in made]
    path = tmp_path / "bank.csv"
    lines = [",".join(values[0]), *(",".join(str(v) for v in row.values()) for row in values)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    reads = Reads("linear", label=label)
    return read_table(Source(path, "id", "y" if label else None, None, reads)).report.warnings()


def _of(row: dict[str, object], value: object) -> object:
    return value(row) if callable(value) else value


def test_columns_that_have_nothing_to_do_with_each_other_are_not_mentioned(tmp_path: Path) -> None:
    assert said(tmp_path, flag=lambda k: k % 3 == 0, one=lambda k: 1, a=lambda k: k * k % 17) == []


@pytest.mark.parametrize(
    ("copy", "how"),
    [
        (lambda row: row["y"], "the same numbers in every row"),
        (lambda row: row["y"] * 100, "in another unit or sign"),
        (lambda row: 32 - 1.8 * row["y"], "in another unit or sign"),
    ],
)
def test_a_label_that_stands_in_a_feature(tmp_path: Path, copy: object, how: str) -> None:
    (warning,) = said(tmp_path, paid=lambda k: copy)
    assert "Column 'paid' is the label 'y'" in warning and how in warning and "features" in warning


def test_a_column_that_repeats_another_nulls_included(tmp_path: Path) -> None:
    age: Row = lambda k: "" if k % 7 == 0 else k * k % 61  # noqa: E731
    months: Row = lambda k: "" if k % 7 == 0 else 12 * (k * k % 61)  # noqa: E731
    (warning,) = said(tmp_path, age=age, months=months, again=age)
    assert "Column 'age' stands here again as 'months' (the same in another unit or sign), 'again'" in warning
    assert said(tmp_path, age=age, filled=lambda k: k * k % 61) == []


def test_a_flag_and_its_opposite_are_the_same_column(tmp_path: Path) -> None:
    (warning,) = said(tmp_path, male=lambda k: k * k % 3 == 0, female=lambda k: k * k % 3 != 0)
    assert "'male'" in warning and "'female'" in warning


def test_one_that_differs_in_a_late_row_alone_is_none(tmp_path: Path) -> None:
    late = 70_000
    assert (
        said(tmp_path, count=70_001, shuffled=False, a=lambda k: k * k % 61, b=lambda k: k * k % 61 + (k == late)) == []
    )


def test_a_column_that_counts_rows(tmp_path: Path) -> None:
    (warning,) = said(tmp_path, shuffled=False, number=lambda k: k + 1000)
    assert "Column 'number' counts the rows" in warning
    assert said(tmp_path, shuffled=True, number=lambda k: k + 1000) == []
    assert (
        said(tmp_path, shuffled=False, steps=lambda k: 3 * k, day=lambda k: f"2024-0{k // 28 + 1}-{k % 28 + 1:02}")
        == []
    )


def test_of_few_rows_nothing_is_said(tmp_path: Path) -> None:
    assert said(tmp_path, count=19, paid=lambda k: lambda row: row["y"]) == []


def test_what_is_looked_at_before_consent_says_it_too(tmp_path: Path) -> None:
    path = tmp_path / "shop.csv"
    path.write_text("id,a,b\n" + "".join(f"u{k},{k * k % 61},{k * k % 61}\n" for k in range(COUNT)), encoding="utf-8")
    (warning,) = check(Source(path, "id"))
    assert "'a' stands here again as 'b'" in warning
    assert check(Source(path, "id"), rows=10) == []


def test_a_table_without_such_columns_has_the_bytes_that_it_had(tmp_path: Path) -> None:
    path = tmp_path / "shop.csv"
    path.write_text("id,a\n" + "".join(f"u{k},{k * k % 61}\n" for k in range(COUNT)), encoding="utf-8")
    facts = read_table(Source(path, "id")).report.facts()
    assert json.dumps(facts) == '{"rows_read": 60, "duplicates": 0, "empty_labels": 0}'
