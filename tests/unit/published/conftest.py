"""A small collaboration, played once: what was really said."""

from __future__ import annotations

import pytest
from tests.support.simulated import SimulatedNetwork
from tests.support.world import agreement, tables

from accord_schemas.frame import Frame

Said = list[tuple[str, Frame]]


@pytest.fixture(scope="session")
def said(tmp_path_factory: pytest.TempPathFactory) -> Said:
    """Every record of the log: its family and frame."""
    terms = agreement(2, gate=0.95, max_rounds=2)
    network = SimulatedNetwork(tmp_path_factory.mktemp("network"), terms, tables(2, n=60, columns=2))
    try:
        assert network.run().ended
        assert {c.state for h in network.members.values() for c in h.dispatcher.collaborations.values()} == {
            "COMPLETED"
        }
        return [(family, Frame.decode(frame)) for family, frame in network.log]
    finally:
        network.close()
