"""The same agreement, tables and seeds give the same bytes: in any order of arrival, on any kind of processor."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.real import every
from tests.support.world import World, agreement, tables

from accord_schemas.events import Direction, Prepared

pytestmark = pytest.mark.variants

CASES: list[tuple[int, dict[str, Any]]] = [
    (2, {"gate": 0.99}),
    (2, {"protection": "score"}),
    (2, {"optimiser": "gd", "max_rounds": 8, "protection": "score", "gate": 0.99}),
    (3, {}),
    (3, {"protection": "score", "gate": 0.99, "l2": 0.1}),
    (3, {"optimiser": "gd", "max_rounds": 8, "gate": 0.99}),
]
ORDINARY = {"OPENBLAS_NUM_THREADS": "2"}
OLD = {
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL",
    "OPENBLAS_CORETYPE": "Sandybridge",
    "OPENBLAS_NUM_THREADS": "1",
}


def world(case: int, order: int = 0, seed: bytes = b"s") -> World:
    parties, terms = CASES[case]
    return World(agreement(parties, 512, **terms), tables(parties, n=40, keep=0.8), order, seed).run()


@cache
def fingerprint(case: int) -> str:
    made = world(case)
    assert all(party.states[-1] == "completed" for party in made.parties.values())
    return made.fingerprint()


@pytest.mark.parametrize("case", range(len(CASES)))
def test_the_order_of_arrival_and_of_work_changes_nothing(case: int) -> None:
    @settings(max_examples=8 // every(2), deadline=None)
    @given(st.integers(1, 1 << 32))
    def same(order: int) -> None:
        assert world(case, order).fingerprint() == fingerprint(case)

    same()


def test_other_seeds_say_other_things_and_learn_the_same() -> None:
    one, other = world(3), world(3, seed=b"t")
    assert one.fingerprint() != other.fingerprint()
    plain = (Prepared, Direction)  # sizes, and the rule's decisions
    sealed = [a for a, c in one.log.items() if c.event.encrypted and a in other.log and not isinstance(c.event, plain)]
    assert len(sealed) > 50 and all(one.log[a].event.encode() != other.log[a].event.encode() for a in sealed)
    for me, party in one.parties.items():
        mine, its = (p.notes["model"]["coefficients"] for p in (party, other.parties[me]))
        assert mine == pytest.approx(its, abs=1e-4)


@pytest.mark.sweep
def test_the_processor_and_the_threads_change_nothing() -> None:
    program = "from tests.property.test_determinism import *\nprint(*map(fingerprint, range(len(CASES))))"
    root = Path(__file__).parents[2]
    for features in (ORDINARY, OLD):
        environment = {**os.environ, **features, "PYTHONPATH": str(root)}
        command = [sys.executable, "-c", program]
        out = subprocess.run(command, cwd=root, env=environment, capture_output=True, check=True)
        assert out.stdout.decode().split() == [fingerprint(case) for case in range(len(CASES))]


@pytest.mark.parametrize("case", [1, 3])
def test_every_event_that_was_said_reads_back(case: int) -> None:
    for content in world(case).log.values():
        data = content.event.encode()
        assert type(content.event).decode(data).encode() == data
