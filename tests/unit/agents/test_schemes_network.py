"""Whole parties that align by each scheme, large numbers in files: the plain join after any order, loss and death."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from tests.support.simulated import KilledError, SimulatedNetwork
from tests.support.world import NAMES, Rows, alignment, tables

import accord_agents.collaboration.assembler
import accord_agents.journal.payloads
from accord_schemas.agreement import Limits

pytestmark = pytest.mark.variants

LARGE = 1200


@pytest.fixture(autouse=True)
def little_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accord_agents.collaboration.assembler, "LARGE", LARGE)
    monkeypatch.setattr(accord_agents.journal.payloads, "OUTSIDE", 512)


def lists(parties: int) -> dict[str, Rows]:
    return tables(parties, n=60, columns=1, keep=0.7)


def joined(data: dict[str, Rows]) -> set[str]:
    return set.intersection(*(set(rows.ids) for rows in data.values()))


@pytest.mark.parametrize("often", [0.0, 0.02], ids=["calm", "deaths"])
@pytest.mark.parametrize("parties", [2, 3])
@pytest.mark.parametrize("scheme", ["ecdh", "ot"])
def test_everybody_has_the_plain_join(tmp_path: Path, scheme: str, parties: int, often: float) -> None:
    rng = random.Random(parties)

    def point(_party: str, _point: str) -> None:
        if rng.random() < often:
            raise KilledError

    data, terms = lists(parties), alignment(parties, gate=1.0)
    align = terms.align.model_copy(update={"protocol": scheme})
    terms = terms.model_copy(update={"align": align, "limits": Limits(chunk_bytes=4096)})
    network = SimulatedNetwork(tmp_path, terms, data, order=parties, point=point, lose=often, large=LARGE)
    try:
        assert network.run().ended
        found = [[data[p].ids[row] for row in network.members[p].notes["rows"]] for p in NAMES[:parties]]
        assert set(found[0]) == joined(data) and len(found[0]) == len(joined(data)) > 10
        assert all(ids == found[0] for ids in found)
        for member in network.members.values():
            assert {c.state for c in member.dispatcher.collaborations.values()} == {"COMPLETED"}
            member.point = lambda _: None
            member.restart()  # folds all of it again and compares every frame
    finally:
        network.close()
