"""`engine: auto`: forced where one engine alone can do it, else by the sizes of the files that are there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accord_protocols.phases.training import costs
from accord_protocols.phases.training.costs import Work
from accord_scenarios.jobs.train import Training
from accord_scenarios.proposal import terms
from accord_scenarios.scenario import load
from accord_schemas.errors import UsageError

Write = Callable[..., Path]


def engine(path: Path, *sets: str) -> str:
    """As the agreement names it."""
    scenario = load(path, sets)
    train = terms(scenario, dict.fromkeys(scenario.parties, "")).train
    assert train is not None
    return train.engine


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Work]:
    """What the choice went by."""
    found: list[Work] = []
    chosen = costs.cheapest
    monkeypatch.setattr(costs, "cheapest", lambda work, engines: found.append(work) or chosen(work, engines))  # type: ignore[func-returns-value]
    return found


def table(path: Path, rows: int, columns: int) -> None:
    names = ["id", *(f"x{k}" for k in range(columns))]
    lines = (",".join([f"user-{i:06d}", *("0.123456" for _ in range(columns))]) for i in range(rows))
    path.write_text("\n".join([",".join(names), *lines]) + "\n")


@pytest.mark.parametrize(
    "train",
    [
        {"protection": "closed"},
        {"protection": "express"},
        {"model": "logistic"},
        {"model": "poisson"},
        {"class_weights": "balanced", "model": "logistic", "link": "linear"},
    ],
)
def test_where_one_engine_alone_can_do_it_sizes_do_not_matter(write: Write, train: dict[str, Any]) -> None:
    tiny = {"rows": 10, "columns": 1, "link_mbit": 0.01}
    assert engine(write(train=train, expect=tiny)) == "lattice"


def test_sizes_are_those_of_the_files(write: Write, tmp_path: Path, asked: list[Work]) -> None:
    table(tmp_path / "guest.csv", 6_000, 4)
    table(tmp_path / "host.csv", 9_000, 7)
    engine(write(train={"max_rounds": 9}))
    (work,) = set(asked)
    assert work.rows == pytest.approx(6_000, rel=0.01)
    assert work.columns == 3 and work.rounds == 9 and (work.parties, work.computing) == (2, 2)
    engine(write(train={"protection": "score"}))
    assert (asked[-1].computing, asked[-1].ring_bits) == (1, 64)


def test_without_files_they_are_expected_ones(write: Write, asked: list[Work]) -> None:
    engine(write(expect={"rows": 500, "link_mbit": 2}))
    assert (asked[-1].rows, asked[-1].columns, asked[-1].link_mbit) == (500, 2, 2.0)
    engine(write())
    assert (asked[-1].rows, asked[-1].link_mbit) == (10_000, 100.0)


def test_the_choice_is_the_agreements_and_is_said_once(write: Write) -> None:
    few = {"rows": 100, "columns": 4, "link_mbit": 1}
    small, large = load(write(expect=few, keys={"bits": 2048})), load(write())
    assert isinstance(small, Training) and small.train is not None and small.train.engine == "paillier"
    assert isinstance(large, Training) and large.train is not None and large.train.engine == "lattice"
    again = Training.model_validate(small.resolved() | {"expect": {"rows": 1_000_000}})
    assert again.train is not None and again.train.engine == "paillier"  # a resumed run goes on with what it has


def test_what_is_said_is_not_chosen(write: Write) -> None:
    assert engine(write(train={"engine": "paillier"})) == "paillier"
    with pytest.raises(UsageError, match="engine: paillier has no products"):
        load(write(train={"engine": "paillier", "model": "logistic"}))


def test_expectations_are_checked(write: Write) -> None:
    with pytest.raises(UsageError, match=r"expect\.rows is 0; it must be at least 1"):
        load(write(expect={"rows": 0}))
