"""Whole parties of a hidden query: deaths at every point, numbers in files, people who ask while it lives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.deaths import Deaths
from tests.support.queries import CLIENT, SERVER, TABLE, files, hidden
from tests.support.real import every
from tests.support.simulated import NOW, KilledError, SimulatedNetwork
from tests.unit.agents.test_every_point import said
from tests.unit.agents.test_requests import People

from accord_agents.collaboration.room import too_large
from accord_agents.config.policy import Policy
from accord_agents.service.acceptance import fits
from accord_agents.service.errand import Errand
from accord_schemas.errors import UsageError

WANTED = ("user-3", "nobody", "客户-1")


def played(folder: Path, large: int = 0, **more: object) -> SimulatedNetwork:
    """Until the file was asked for and the last word was said."""
    folder.mkdir(exist_ok=True)
    network = SimulatedNetwork(folder, hidden(width=24, chunk=256 * 1024), files(WANTED), order=3, large=large, **more)  # type: ignore[arg-type]
    network.run(quiet=2)
    client = network.members[CLIENT]
    (cid,) = client.dispatcher.collaborations
    for _ in range(20):  # after a death it hears no command until it has caught up
        try:
            client.take(lambda: client.dispatcher.command(cid, "stop", {"name": "0", "ids": []}, NOW))
        except KilledError:
            client.restart()
        network.run(quiet=2)
        if client.dispatcher.collaborations[cid].words.ended:
            return network.run()
    raise AssertionError("the last word was never said")


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedNetwork]:
    """Nobody dies."""
    network = played(tmp_path_factory.mktemp("calm"))
    yield network
    network.close()


@pytest.mark.sweep
def test_every_party_dies_at_every_point_once(tmp_path: Path, calm: SimulatedNetwork) -> None:
    deaths = Deaths(every(6))
    wild = played(tmp_path / "wild", point=deaths)
    assert wild.ended and said(wild) == said(calm) and min(deaths.commits.values()) > 10
    for network in (calm, wild):
        assert network.members[CLIENT].notes["answers"] == [
            ["true", "ok", "21.75"],
            ["false", "", ""],
            ["true", "", ""],
        ]
    wild.close()


def test_numbers_in_files_say_the_same(tmp_path: Path, calm: SimulatedNetwork) -> None:
    large = played(tmp_path / "large", large=1200)
    assert large.ended and said(large) == said(calm)
    assert any((tmp_path / "large").glob(f"{SERVER}.blobs/*/*"))
    large.close()


def test_people_ask_while_it_lives_and_no_more_than_is_left(tmp_path: Path) -> None:
    network = SimulatedNetwork(tmp_path, hidden(most=5), files(WANTED)).run(quiet=3)
    people = People(network, CLIENT)
    assert people.ask("a", "user-4", "x") is None
    found = {"collaboration": people.cid, "values": [["true", *TABLE["user-4"]], ["false", "", ""]]}
    assert people.ask("a", "user-4", "x") == found
    assert people.ask("b", "user-5") == {"error": f"0 of 5 ids may still be asked for in collaboration {people.cid}"}
    assert People(network, SERVER).ask("c", "x") == {
        "error": f"{CLIENT} asks in collaboration {people.cid}, nobody else"
    }
    assert people.ask("d", command="stop") is None
    states = [c.state for m in network.members.values() for c in m.dispatcher.collaborations.values()]
    assert states == ["COMPLETED", "COMPLETED"]
    network.close()


def test_an_errand_without_ids_says_the_last_word(tmp_path: Path) -> None:
    network = SimulatedNetwork(tmp_path, hidden(), files(WANTED)).run(quiet=3)
    (collaboration,) = network.members[CLIENT].dispatcher.collaborations.values()
    spoken: list[tuple[str, object]] = []
    Errand([], lambda _cid, command, fields: spoken.append((command, fields["ids"]))).go_on(collaboration, 0)
    assert spoken == [("stop", [])]
    network.close()


# ---- caps


def test_a_file_with_more_ids_than_may_be_asked_for_is_refused_by_its_own_party() -> None:
    terms = hidden(most=10)
    with pytest.raises(UsageError, match=r"wanted.csv has 11 ids, more than the 10 that may be asked for"):
        fits("wanted.csv", CLIENT, 11, terms)
    fits("wanted.csv", CLIENT, 10, terms)
    fits("registry.csv", SERVER, 11, terms)


@pytest.mark.parametrize(
    ("most", "me", "verdict"), [(50, SERVER, "accept"), (51, SERVER, "refuse"), (51, CLIENT, "accept")]
)
def test_a_policy_bounds_what_others_may_ask(most: int, me: str, verdict: str) -> None:
    policy = Policy(proposals="accept", max_queries=50, min_key_bits=2048)
    judged, reason = policy.judge(hidden(most), CLIENT, me)
    assert judged == verdict and (verdict == "accept" or reason == "policy: too many ids may be asked for")


def test_sizes_are_known_before_anything_is_computed() -> None:
    terms = hidden(chunk=64 * 1024)
    assert [*too_large(terms, {SERVER: 10_000, CLIENT: 10})] == []
    (found,) = too_large(terms, {SERVER: 10_000_000})
    assert found.party == SERVER and "that no chunk carries" in found.detail
    assert [*too_large(terms, {CLIENT: 10})] == []
