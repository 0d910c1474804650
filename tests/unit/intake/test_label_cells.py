"""What the label holder's label, weights and exposures have to be, by model; dates and booleans as numbers."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from accord_agents.intake.cells import day, truth
from accord_agents.intake.reader import Source, check, read_table
from accord_agents.intake.table import Table
from accord_protocols.jobs.base import Reads
from accord_schemas.errors import UsageError


def source(folder: Path, text: str, model: str = "linear", **more: Any) -> Source:
    path = folder / "bank.csv"
    path.write_text(text, encoding="utf-8")
    reads = Reads(model, label=True, **more)  # type: ignore[arg-type]
    return Source(path, "id", "y", None, reads)


def read(folder: Path, text: str, model: str = "linear", **more: Any) -> Table:
    return read_table(source(folder, text, model, **more))


@pytest.mark.parametrize(
    ("model", "cell", "words"),
    [
        ("logistic", "2", ["line 3, column 'y': the cell is neither 0 nor 1.", "A logistic label is 0 or 1"]),
        ("logistic", "0.5", ["line 3, column 'y': the cell is neither 0 nor 1."]),
        ("logistic", "-1", ["line 3", "neither 0 nor 1"]),
        ("logistic", "yes", ["line 3", "is not a number", "A logistic label is 0 or 1"]),
        ("poisson", "-1", ["line 3, column 'y': the cell is below 0.", "A Poisson label counts"]),
        ("poisson", "-1e-300", ["line 3", "below 0"]),
        ("linear", "red", ["line 3", "not a number", "A label has to be a number"]),
    ],
)
def test_labels_that_a_model_cannot_have(tmp_path: Path, model: str, cell: str, words: list[str]) -> None:
    with pytest.raises(UsageError) as error:
        read(tmp_path, f"id,a,y\n1,1,1\n2,2,{cell}\n3,3,0\n", model)
    assert error.value.exit_code == 2 and all(word in str(error.value) for word in words), str(error.value)


def test_labels_that_a_model_can_have(tmp_path: Path) -> None:
    text = "id,a,y\n1,1,1\n2,2,0\n3,3,\n4,4,1.0\n1,1,7\n"  # a row that repeats an id does not count
    for model, rows in (("linear", [1, 0, 1]), ("logistic", [1, 0, 1]), ("poisson", [1, 0, 1])):
        got = read(tmp_path, text, model)
        assert got.labels is not None and got.labels.tolist() == rows and got.report.empty_labels == 1
    got = read(tmp_path, "id,a,y\n1,1,True\n2,2,false\n3,3,TRUE\n", "logistic")
    assert got.labels is not None and got.labels.tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("model", "label", "words"),
    [
        ("logistic", "0", ["bank.csv: every label in column 'y' is 0", "both classes, 0 and 1"]),
        ("logistic", "1", ["every label in column 'y' is 1"]),
        ("poisson", "0", ["every label in column 'y' is 0", "count something"]),
    ],
)
def test_one_class_alone_is_said(tmp_path: Path, model: str, label: str, words: list[str]) -> None:
    with pytest.raises(UsageError) as error:
        read(tmp_path, "id,a,y\n" + "".join(f"{k},{k},{label}\n" for k in range(20)), model)
    assert error.value.exit_code == 2 and all(word in str(error.value) for word in words), str(error.value)
    assert read(tmp_path, "id,a,y\n1,1,3\n2,2,3\n", "poisson").labels is not None
    assert read(tmp_path, "id,a,y\n1,1,0\n2,2,0\n", "linear").labels is not None


def test_weights_and_exposures_are_no_features(tmp_path: Path) -> None:
    text = "id,w,a,e,y\n1,2,7,0.5,1\n2,1e-3,8,10,0\n3,5,9,1,\n"
    got = read(tmp_path, text, "poisson", weights="w", exposure="e")
    assert got.columns == ("a",) and got.values[:, 0].tolist() == [7, 8]
    assert got.weights is not None and got.weights.tolist() == [2, 1e-3]
    assert got.exposure is not None and got.exposure.tolist() == [0.5, 10]
    only = read(tmp_path, text, "poisson", exposure="e")
    assert only.columns == ("w", "a") and only.weights is None and only.exposure is not None


@pytest.mark.parametrize("cell", ["0", "-1", "", "NA", "heavy"])
@pytest.mark.parametrize("use", ["weights", "exposure"])
def test_weights_and_exposures_are_above_0_in_every_row(tmp_path: Path, use: str, cell: str) -> None:
    with pytest.raises(UsageError, match=r"bank\.csv line 3, column 'w'") as error:
        read(tmp_path, f"id,w,a,y\n1,1,1,1\n2,{cell},2,0\n", "poisson", **{use: "w"})
    assert "Weights and exposures are numbers above 0" in error.value.hint


@pytest.mark.parametrize(
    ("more", "words"),
    [({"weights": "wt"}, ["'wt'", "weights"]), ({"weights": "y"}, ["'y'", "named twice", "weights"])],
)
def test_columns_that_are_not_there_or_have_two_uses(tmp_path: Path, more: dict[str, str], words: list[str]) -> None:
    with pytest.raises(UsageError) as error:
        read(tmp_path, "id,w,a,y\n1,1,1,1\n2,1,2,0\n", **more)
    assert all(word in str(error.value) for word in words), str(error.value)


def test_dates_and_booleans_are_numbers(tmp_path: Path) -> None:
    text = "id,d,b,t,y\n1,1970-01-02,true,2000-02-29 12:00,1\n2,,NA,2000-02-29T06:00:00,2\n3,1969-12-31,FALSE,,3\n"
    got = read(tmp_path, text)
    assert np.array_equal(got.values, [[1, 1, 11016.5], [np.nan, np.nan, 11016.25], [-1, 0, np.nan]], equal_nan=True)
    assert got.forms == {"d": "date", "b": "boolean", "t": "date"}


@pytest.mark.parametrize(
    ("cells", "what"),
    [
        (["2024-01-01", "7"], "is not a date, as those before"),
        (["2024-01-01", "2023-02-29"], "is no date of the calendar"),
        (["7", "2024-01-01"], "is not a number"),
        (["true", "1"], "is neither true nor false, as those before"),
        (["1", "true"], "is not a number"),
    ],
)
def test_a_column_holds_one_kind(tmp_path: Path, cells: list[str], what: str) -> None:
    with pytest.raises(UsageError, match=f"line 4, column 'a': the cell {what}"):
        read(tmp_path, f"id,a,y\n0,,1\n1,{cells[0]},1\n2,{cells[1]},2\n")


@pytest.mark.parametrize("text", ["2024-W01-1", "20240101", "2024-1-1", "2024-01-01T10:00+01:00", "٢٠٢٤-٠١-٠١"])
def test_what_only_looks_like_a_date(text: str) -> None:
    with pytest.raises(ValueError, match="not a date"):
        day(text)
    with pytest.raises(ValueError, match="neither"):
        truth(text)


def test_an_agent_that_knows_no_agreement_yet_takes_text_for_what_may_be_categories(tmp_path: Path) -> None:
    check(source(tmp_path, "id,city,y\n1,Ulm,1\n2,Bonn,2\n"))
    with pytest.raises(UsageError, match="line 3, column 'city'"):
        check(source(tmp_path, "id,city,y\n1,7,1\n2,Bonn,2\n"))


def test_categories_are_numbers_in_a_list(tmp_path: Path) -> None:
    got = read(tmp_path, "id,city,a,y\n1,Ulm,1,1\n2, Bonn ,2,2\n3,NA,3,3\n4,Ulm,4,4\n", one_hot=("city", "shop"))
    assert got.categories == {"city": ("Ulm", "Bonn")} and got.columns == ("city", "a")
    assert np.array_equal(got.values[:, 0], [0, 1, np.nan, 0], equal_nan=True)


def test_a_column_of_ids_is_no_column_of_categories(tmp_path: Path) -> None:
    rows = "".join(f"{k},c{k},{k}\n" for k in range(10_001))
    with pytest.raises(UsageError, match="line 10002, column 'city': the cell is one category more than 10,000"):
        read(tmp_path, "id,city,y\n" + rows, one_hot=("city",))
