"""Trees and bins by whole parties: by reference and with deaths the same results as in memory; and a replay's bytes."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.simulated import KilledError, SimulatedNetwork
from tests.support.world import binned, boosted, tables

import accord_agents.collaboration.assembler
import accord_agents.journal.payloads
from accord_schemas.agreement import Limits

DATA = tables(2, n=150, columns=2)
CHUNKS = {"limits": Limits(chunk_bytes=4096)}
TERMS = boosted(2, trees=2, depth=2, bins=4).model_copy(update=CHUNKS)
SHARED: dict[str, Any] = {"protection": "shared", "stop_after": None, "trees": 1, "depth": 2, "bins": 4}
LARGE = 600


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    network = SimulatedNetwork(tmp_path_factory.mktemp("calm"), TERMS, DATA)
    try:
        return network.run().models()
    finally:
        network.close()


@pytest.mark.sweep
@pytest.mark.parametrize(("order", "often", "large"), [(1, 0.0, LARGE), (2, 0.03, 0), (3, 0.03, LARGE)])
def test_the_same_trees_by_reference_and_after_deaths(
    tmp_path: Path, order: int, often: float, large: int, calm: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accord_agents.collaboration.assembler, "LARGE", LARGE if large else 1 << 20)
    monkeypatch.setattr(accord_agents.journal.payloads, "OUTSIDE", 512)
    rng = random.Random(order)

    def point(_party: str, _where: str) -> None:
        if rng.random() < often:
            raise KilledError

    network = SimulatedNetwork(tmp_path, TERMS, DATA, order=order, point=point, large=large)
    try:
        assert network.run().models() == calm
        said = network.said()
        for member in network.members.values():
            member.restart()
        assert network.said() == said
        assert {c.state for m in network.members.values() for c in m.dispatcher.collaborations.values()} == {
            "COMPLETED"
        }
    finally:
        network.close()


@pytest.mark.parametrize("name", ["three", *(pytest.param(n, marks=pytest.mark.sweep) for n in ("shared", "bins"))])
def test_hidden_rows_and_bins_by_reference_and_after_deaths(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same contents, whether numbers are in memory or in files, and whoever dies meanwhile."""
    monkeypatch.setattr(accord_agents.journal.payloads, "OUTSIDE", 512)
    data = tables(3, n=150, columns=1) if name == "three" else DATA
    labels = data["bank"].labels
    assert labels is not None
    data = {**data, "bank": replace(data["bank"], labels=(labels > np.median(labels)).astype(float))}
    grown = {**SHARED, "stop_after": 1 if name == "three" else None}
    terms = binned(2, bins=3) if name == "bins" else boosted(len(data), **grown)
    terms = terms.model_copy(update=CHUNKS)
    rng, found = random.Random(3), []

    def dies(_party: str, _where: str) -> None:
        if rng.random() < 0.02:
            raise KilledError

    def lives(_party: str, _where: str) -> None:
        pass

    for point, large in ((lives, 0), (dies, LARGE)):
        monkeypatch.setattr(accord_agents.collaboration.assembler, "LARGE", large or 1 << 20)
        folder = tmp_path / str(large)
        folder.mkdir()
        network = SimulatedNetwork(folder, terms, data, order=2, point=point, large=large)
        try:
            network.run()
            for member in network.members.values():
                member.restart()
            ends = {c.state for m in network.members.values() for c in m.dispatcher.collaborations.values()}
            assert ends == {"COMPLETED"}
            note = "bins" if name == "bins" else "model"
            found.append({party: member.notes[note] for party, member in network.members.items()})
        finally:
            network.close()
    assert found[0] == found[1]
