"""Whole parties that look for pictures: any order, deaths at many points, numbers in memory or in files."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.deaths import Deaths
from tests.support.matching import CLIENT, SERVER, folders, plain, terms
from tests.support.real import every
from tests.support.simulated import SimulatedNetwork
from tests.unit.agents.test_every_point import said

import accord_agents.collaboration.assembler
import accord_agents.journal.payloads
from accord_agents.collaboration.room import too_large
from accord_agents.config.policy import Policy
from accord_agents.service.acceptance import fits
from accord_schemas.errors import UsageError

THRESHOLD = 0.4
SMALL = 400
"""Bytes from which on numbers are in files here: nearly all of them."""


def played(folder: Path, order: int, large: int = 0, stride: int = 0) -> SimulatedNetwork:
    """A collaboration in which each party dies after some commits, at most `stride` apart; never where that is 0."""
    folder.mkdir()
    return SimulatedNetwork(folder, terms(THRESHOLD), folders(4, 3), order, point=Deaths(stride), large=large).run()


def test_deaths_files_and_order_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calm = played(tmp_path / "calm", 1)
    monkeypatch.setattr(accord_agents.collaboration.assembler, "LARGE", SMALL)
    monkeypatch.setattr(accord_agents.journal.payloads, "OUTSIDE", SMALL)
    wild = played(tmp_path / "wild", 2, SMALL, every(9))
    assert said(wild) == said(calm)
    for network, place in ((calm, "calm"), (wild, "wild")):
        assert network.ended and "matches" not in network.members[SERVER].notes
        assert sorted(network.members[CLIENT].notes["matches"]) == plain(folders(4, 3), THRESHOLD)
        network.close()
        log = b"".join(frame for _, frame in network.log)
        kept = b"".join(path.read_bytes() for path in (tmp_path / place).rglob("*") if path.is_file())
        assert kept and not any(name.encode() in log + kept for data in folders(4, 3).values() for name in data.ids)


def test_more_images_than_agreed_do_not_take_part() -> None:
    with pytest.raises(UsageError, match=r"probes has 5 images, more than the 4 .*match\.max_probes"):
        fits("probes", CLIENT, 5, terms(0.4, max_probes=4))
    fits("gallery", SERVER, 5, terms(0.4, max_probes=4))


def test_what_no_peer_takes_is_found_by_sizes_alone() -> None:
    agreed = terms(0.4, max_probes=100_000)
    assert not list(too_large(agreed, {SERVER: 10_000})) and not list(too_large(agreed, {CLIENT: 100, SERVER: 1000}))
    (found, _) = too_large(agreed, {CLIENT: 100_000, SERVER: 1_000_000})
    assert found.party == CLIENT and "look for fewer at a time" in found.detail


def test_a_policy_bounds_what_others_may_look_for() -> None:
    policy = Policy(proposals="accept", max_queries=50, min_key_bits=2048)
    for probes, verdict in ((50, "accept"), (51, "refuse")):
        assert policy.judge(terms(0.4, max_probes=probes), CLIENT, SERVER)[0] == verdict
        assert policy.judge(terms(0.4, max_probes=probes), CLIENT, CLIENT)[0] == "accept"
