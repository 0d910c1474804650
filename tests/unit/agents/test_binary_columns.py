"""Yes/no columns of the other party from TEST scores of several agreements on the same rows, and what stops it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from tests.support.leaks import normal, recovered
from tests.support.world import agreement

from accord_agents.config.policy import Policy
from accord_agents.intake.table import Report, Table
from accord_agents.service.rerun_guard import Reruns, objections
from accord_protocols.phases.training.evaluate import SCORES
from accord_protocols.phases.training.sizes import SCORE_BITS
from accord_protocols.primitives.psi.ids import is_test
from accord_protocols.primitives.vectors import product
from accord_schemas.parts import TestRows

ROWS, COLUMNS, BINARY = 1500, 8, 4
IDS = tuple(f"user-{i}" for i in range(ROWS))
RULE = TestRows(hash_modulus=2, equals=0)
TESTED = np.array([is_test(i, RULE.hash_modulus, RULE.equals) for i in IDS])


def shop() -> np.ndarray:
    """Columns of the shop: four yes/no ones, four others."""
    rng = np.random.default_rng(3)
    values = rng.standard_normal((ROWS, COLUMNS))
    values[:, :BINARY] = rng.random((ROWS, BINARY)) < rng.uniform(0.1, 0.5, BINARY)
    return values


VALUES = shop()
PREPARED = (VALUES - VALUES.mean(axis=0)) / VALUES.std(axis=0)


def scores(labels: np.ndarray) -> np.ndarray:
    """What one agreement with two parties tells the label holder: the shop's part of each TEST row's score."""
    w = np.linalg.lstsq(PREPARED[~TESTED], labels[~TESTED], rcond=None)[0]
    fixed = SCORES.from_fixed(product(PREPARED[TESTED], w), SCORE_BITS)
    told: np.ndarray = np.ldexp(fixed[:, 0].view(np.int64).astype(float), -SCORE_BITS)
    return told


def test_as_many_agreements_as_columns_give_every_yes_no_column_and_an_agent_takes_part_in_one(tmp_path: Path) -> None:
    truth = {normal(VALUES[TESTED, j].astype(int)) for j in range(BINARY)}
    rng = np.random.default_rng(4)
    told = [scores(rng.standard_normal(ROWS)) for _ in range(COLUMNS)]
    assert recovered(told) >= truth, "the attack as it was, without a row known beforehand"

    terms = agreement(2, 3072).model_copy(update={"test_rows": RULE})
    table = Table(IDS, tuple("abcdefgh"), VALUES, None, Report(ROWS, 0, 0))
    memory, policy = Reruns(tmp_path, bytes(32)), Policy(score_alone=True)
    note = {"rows": np.arange(ROWS), "widths": {"bank": 3, "shop": COLUMNS}}
    given = []
    for number, one in enumerate(told):
        collaboration: Any = SimpleNamespace(cid=str(number), me="shop", agreement=terms)
        refused = [reason for reason, _ in objections(policy, memory, collaboration, note, lambda _: table)]
        assert bool(refused) == bool(number) and all("scored for the label holder before" in r for r in refused)
        given += [] if refused else [one]
    assert len(given) == 1 and not recovered(given), "the shop's agent stops it: one number a row tells no column"


def test_alone_with_the_label_holder_rows_are_not_scored_at_all() -> None:
    """The policy's default: the shop's agent refuses the first of these agreements already."""
    terms = agreement(2, 3072)
    verdict, reason = Policy(proposals="accept").judge(terms, "bank", "shop")
    assert verdict == "refuse" and "scores of TEST rows of a single party" in reason
