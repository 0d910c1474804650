"""Levels whose weights stay shared, and predictions: the same bytes in any order, on any kind of processor."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.property.test_determinism import OLD, ORDINARY
from tests.support import exact
from tests.support.families import family
from tests.support.models import asking, brought, online, parts, prediction
from tests.support.real import every
from tests.support.walked import brought as walks
from tests.support.walked import grown, rows
from tests.support.walked import terms as walked
from tests.support.world import World, agreement, tables

pytestmark = pytest.mark.variants

TABLES = tables(3, n=40, columns=2, keep=0.8)
PARTS = parts(TABLES)


def training(model: str, parties: int, **train: Any) -> Callable[[int], World]:
    terms = agreement(parties, 512, model=model, engine="lattice", l2=0.1, **train)
    return lambda order: World(terms, family(model, parties, n=60, columns=2), order)


def predicting(order: int) -> World:
    return World(prediction(PARTS, bits=512), TABLES, order, brought=brought(PARTS))


def serving(order: int) -> World:
    world = World(online(PARTS, 20, bits=512), TABLES, order, brought=brought(PARTS))
    return asking(world, [TABLES["bank"].ids[:3], ["nobody"], TABLES["bank"].ids[2:4]])


def climbing(order: int) -> World:
    of = grown(parties=3, trees=3, depth=2)
    return World(walked(of), rows(3, n=30), order, brought=walks(of))


CLOSED: dict[str, Any] = {"protection": "closed", "optimiser": "newton", "max_rounds": 3}
CASES: dict[str, Callable[[int], World]] = {
    "closed linear": training("linear", 2, **CLOSED),
    "closed logistic": training("logistic", 3, class_weights="balanced", **CLOSED),
    "closed gram": training("logistic", 2, **CLOSED | {"optimiser": "gram"}),
    "express": training("linear", 3, protection="express", folds=2, l2_path=(1.0,)),
    "predict": predicting,
    "online": serving,
    "climbed": climbing,
}
SLOW = ("closed logistic", "closed gram", "climbed")
LONG = pytest.mark.sweep


def fingerprint(case: str, order: int = 0) -> str:
    with pytest.MonkeyPatch.context() as patch:
        exact.put_in(patch)
        made = CASES[case](order).run()
    assert all(party.states[-1] == "completed" for party in made.parties.values())
    return made.fingerprint()


known = cache(fingerprint)


@pytest.mark.parametrize("case", [pytest.param(case, marks=LONG if case in SLOW else ()) for case in CASES])
def test_the_order_of_arrival_and_of_work_changes_nothing(case: str) -> None:
    @settings(max_examples=6 // every(6), deadline=None)
    @given(st.integers(1, 1 << 32))
    def same(order: int) -> None:
        assert fingerprint(case, order) == known(case)

    same()


@pytest.mark.sweep
def test_the_processor_and_the_threads_change_nothing() -> None:
    program = "from tests.property.test_orders import *\nprint(*map(fingerprint, CASES))"
    root = Path(__file__).parents[2]
    for features in (ORDINARY, OLD):
        environment = {**os.environ, **features, "PYTHONPATH": str(root)}
        command = [sys.executable, "-c", program]
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, check=True)
        assert done.stdout.decode().split() == [known(case) for case in CASES]
