"""Whole parties over a graph: any order, deaths at many points, numbers in memory or in files, the same scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.support.deaths import Deaths
from tests.support.graphs import graphs, over, plain
from tests.support.real import every
from tests.support.simulated import SimulatedNetwork

import accord_agents.collaboration.assembler
import accord_agents.journal.payloads

SMALL = 400
"""Bytes from which on numbers are in files here: nearly all of them."""


def played(folder: Path, task: str, order: int, large: int, stride: int) -> SimulatedNetwork:
    """A collaboration in which each party dies after some commits, at most `stride` apart; never where that is 0."""
    folder.mkdir()
    terms = over(2, task, bits=2048)
    return SimulatedNetwork(
        folder, terms, graphs(2, edges=15, flagged=1), order, point=Deaths(stride), large=large
    ).run()


@pytest.mark.parametrize(
    "task",
    [*(pytest.param(task, marks=pytest.mark.sweep) for task in ("risk", "reach", "common_neighbours")), "similar"],
)
def test_deaths_files_and_order_change_nothing(tmp_path: Path, task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calm = played(tmp_path / "calm", task, 1, 0, 0)
    monkeypatch.setattr(accord_agents.collaboration.assembler, "LARGE", SMALL)
    monkeypatch.setattr(accord_agents.journal.payloads, "OUTSIDE", SMALL)
    wild = played(tmp_path / "wild", task, 2, SMALL, every(9))
    for network in (calm, wild):
        assert network.ended
        states = {c.state for m in network.members.values() for c in m.dispatcher.collaborations.values()}
        assert states == {"COMPLETED"} and "values" not in network.members["shop"].notes
    values = [np.asarray(network.members["bank"].notes["values"]) for network in (calm, wild)]
    terms = over(2, task).graph
    assert terms is not None
    assert (values[0] == values[1]).all() and len(values[0])
    if task in ("risk", "reach"):
        assert np.abs(values[0] - plain(graphs(2, 15, 1), terms)).max() < 1e-6
    for network in (calm, wild):
        network.close()
