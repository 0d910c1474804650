"""What is large passes by reference through the rounds of shared scores, and changes nothing that is learned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.support import exact
from tests.support.families import family
from tests.support.simulated import SimulatedNetwork
from tests.support.world import agreement

import accord_agents.collaboration.assembler

CLOSED = {"engine": "lattice", "protection": "closed", "optimiser": "newton"}


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("parties", "terms"),
    [(2, {"engine": "lattice"}), (3, {"dealer": "telco"}), (2, CLOSED)],
    ids=["series", "dealt", "closed"],
)
def test_large_numbers_are_files(
    parties: int, terms: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if terms is CLOSED:  # products in the clear: what is looked at is how numbers pass
        exact.put_in(monkeypatch)
    monkeypatch.setattr(accord_agents.collaboration.assembler, "LARGE", 800)
    agreed = agreement(parties, model="logistic", l2=0.1, max_rounds=1, period=16, **terms)
    network = SimulatedNetwork(tmp_path, agreed, family("logistic", parties, n=60), large=800).run()
    members = network.members.values()
    assert {c.state for m in members for c in m.dispatcher.collaborations.values()} == {"COMPLETED"}
    said = network.said()
    for member in members:
        member.restart()  # a replay says the same
    assert network.said() == said
    network.close()
