"""Warnings say whether they are about privacy or quality, and what to do."""

from __future__ import annotations

import pytest

from accord_agents.intake.table import Report
from accord_agents.results.warned import said, shown
from accord_protocols.phases.training import evaluate, express, prepare
from accord_protocols.phases.training.closed.machine import WIDER
from accord_scenarios import reference, runner


@pytest.mark.parametrize(
    ("warning", "kind", "remedy"),
    [
        ("shop: 220 TRAIN rows for 9 columns are few: what is opened tells more about each row.", "privacy", "closed"),
        ("bank: 900 TRAIN rows are few for 2 columns in 60 rounds: gradients tell more about each row.", "privacy",
         "train.max_rounds"),
        ("bank and shop hold largely the same columns.", "privacy", "features"),
        ("The sampled overlap with shop is close to the bound.", "privacy", "align.max_overlap"),
        ("The gate's bound is align.max_overlap: 0.9, and so on.", "privacy", "align.max_overlap"),
        (runner._SEED, "privacy", "Leave seed out"),
        (runner._KEY, "privacy", "this machine only"),
        ("bank: the end of the log was not signed by shop", "proof", "Have that party's agent run"),
        ("Training ended without convergence: max_rounds.", "quality", "train.max_rounds"),
        ("Column 'x' was dropped: it is constant.", "quality", "look at its cells"),
        ("Column 'x' has one value among the TRAIN rows, so that nothing is split on it.", "quality", "features"),
        (evaluate._TANGENT, "quality", "link: exact"),
        (express.ILL, "quality", "train.l2"),
        (WIDER.format(8, 16), "quality", "train.period"),
        (prepare._COMBINED.format("x"), "quality", "leave it out"),
        (prepare._UNDETERMINED.format(rows=2, weights=3), "quality", "train.l2"),
        (reference._NOT_UNIQUE, "quality", "train.l2"),
        *((f"bank: {text}", "quality", word) for text, word in
          zip(Report(9, 1, 1).warnings(), ("tells them apart", "fill them in"), strict=True)),
        ("bank: One id (aaa-9999) stands on 90 of 100 rows: does it stand for nobody?", "quality", "leave the rows"),
    ],
)  # fmt: skip
def test_each_has_its_kind_and_what_to_do(warning: str, kind: str, remedy: str) -> None:
    found, text = said(warning)
    assert found == kind and text.startswith(warning) and remedy in text and ".." not in text


def test_what_is_none_of_them_has_no_kind_and_a_refusal_for_privacy_has_its_own() -> None:
    assert said("bank: the disk is full") == ("", "bank: the disk is full")
    assert said("bank: TRAIN rows of both differ in less than 50 for each of 3 columns")[0] == "privacy"


def test_privacy_stands_first() -> None:
    lines = shown(["shop.csv is read with a semicolon between its cells, as found.", runner._SEED])
    assert [line.split(":")[0] for line in lines] == ["privacy", "quality"] and shown(None) == []
