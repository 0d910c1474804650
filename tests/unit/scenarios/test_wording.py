"""What a run came to, in one sentence that is true."""

from typing import Any

import pytest
from tests.unit.scenarios.results import COMPLETED, REFUSED

from accord_scenarios.jobs.registry import verdict
from accord_scenarios.jobs.training_words import reserved

RAW = {"reference": COMPLETED["reference"] | {"unprepared": {"rmse": 9.0, "mae": 7.0, "r2": 0.99}}}
LESS: list[tuple[dict[str, Any], str]] = [
    ({"coefficients": {"bank": {}, "shop": {}, "telco": {}}}, "No model was trained: every column was dropped."),
    ({"constant_label": True}, "No model was trained: the label is the same in every TRAIN row."),
    ({"rounds": 0}, "No model was trained: training ended before its first round"),
    ({"test_rows": 0, "metrics": None}, "Not tested: no row was kept for it"),
]


def test_a_whole_model_is_vouched_for() -> None:
    said = verdict(COMPLETED)
    assert "trained one model, which converged after 14 rounds. Its coefficients differ" in said
    assert not reserved(COMPLETED) and not reserved(REFUSED)
    assert "converged after 1 round." in verdict(COMPLETED | {"rounds": 1})


@pytest.mark.parametrize(("change", "words"), LESS)
def test_what_is_missing_is_said_first_and_is_no_model(change: dict[str, Any], words: str) -> None:
    said = verdict(COMPLETED | change)
    assert said.startswith(words) and "trained one model" not in said and "1,229 users in common" in said
    assert reserved(COMPLETED | change)


def test_coefficients_that_are_not_unique_are_not_compared() -> None:
    said = verdict(COMPLETED | {"unique": False})
    assert "differ from plaintext" not in said and "not unique" in said and "train.l2" in said


def test_what_preparation_costs_stands_in_the_headline() -> None:
    assert "r2 is 0.48 on TEST rows, in plaintext without preparation 0.99." in verdict(COMPLETED | RAW)
    assert reserved(COMPLETED | RAW)
    alike = {"reference": COMPLETED["reference"] | {"unprepared": {"rmse": 52.9, "mae": 43.0, "r2": 0.484}}}
    assert verdict(COMPLETED | alike) == verdict(COMPLETED)


def test_an_alignment_is_no_model() -> None:
    alone = COMPLETED | {"job": "psi", "rounds": None, "coefficients": None, "test_rows": None}
    assert verdict(alone) == "bank, shop and telco have 1,229 users in common." and not reserved(alone)
