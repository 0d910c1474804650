"""Rows that are few for what is opened: everybody is told, before and after the rounds."""

from __future__ import annotations

import pytest
from tests.support.world import World, agreement, tables

from accord_protocols.phases.training.few_rows import wanted
from accord_schemas.parts import Train


@pytest.mark.parametrize(("n", "words"), [(100, "what is opened tells more"), (300, "12 rounds: gradients tell more")])
def test_every_party_is_warned(n: int, words: str) -> None:
    terms = agreement(2, 512, optimiser="gd", max_rounds=12, tolerance=1e-12, protection="score")
    world = World(terms, tables(2, n=n, columns=2, keep=1.0)).run()
    for name, party in world.parties.items():
        found = [text for text in party.notes["warnings"] if text.startswith(f"{name}: ") and words in text]
        assert len(found) == 1, party.notes["warnings"]


def test_who_gets_no_gradient_has_fifty_rows_a_column() -> None:
    closed = Train(protection="closed", engine="lattice", optimiser="newton")
    assert (wanted(closed, 12), wanted(Train(), 12), wanted(Train(), 3)) == (50, 120, 50)
