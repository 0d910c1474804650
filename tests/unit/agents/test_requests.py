"""What people ask by hand of a party that may not speak yet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.support.models import brought, online, parts, scores
from tests.support.simulated import NOW, SimulatedNetwork, SimulatedParty
from tests.support.world import agreement, tables

from accord_agents.collaboration.own_words import OwnWords
from accord_agents.security.entropy import SystemEntropy
from accord_agents.service.errand import Errand
from accord_agents.service.requests import Requests
from accord_protocols.jobs.registry import JOBS


def test_a_proposal_that_no_frame_carries_is_refused_before_anything_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    talkative = replace(JOBS["train"], learns=lambda _terms, _party: "much " * 200_000)
    monkeypatch.setitem(JOBS, "train", talkative)
    network = SimulatedNetwork(tmp_path, agreement(2), tables(2, n=60, columns=2))
    bank = network.members["bank"]
    limits = bank.terms.limits.model_copy(update={"chunk_bytes": 1024})
    terms = talkative.told(bank.terms.model_copy(update={"limits": limits}))
    requests = Requests(bank.dispatcher, SystemEntropy(), accept=lambda *_: None, erase=str)
    answer = requests.serve("propose", json.dumps({"agreement": terms.encode().decode()}), NOW)
    assert answer is not None and "raise limits.chunk_bytes" in json.loads(answer)["error"]
    assert not bank.dispatcher.collaborations and not bank.dispatcher.batch.rows
    network.close()


def test_what_is_asked_of_a_suspended_collaboration_waits_without_an_answer(tmp_path: Path) -> None:
    """An answer would be a promise that a crash before the next commit breaks: nothing of it is in the journal."""
    network = SimulatedNetwork(tmp_path, agreement(2), tables(2, n=60, columns=2))
    network.members["bank"].propose()
    network.members["bank"].publish()
    shop = network.members["shop"]
    shop.deliver(0)
    (cid,) = shop.dispatcher.collaborations
    requests = Requests(shop.dispatcher, SystemEntropy(), accept=lambda *_: None, erase=str)
    body = json.dumps({"collaboration": cid[:8], "reason": "not today"})
    shop.dispatcher.suspended[cid] = []
    assert requests.serve("refuse", body, NOW) is None
    assert shop.dispatcher.collaborations[cid].state == "PROPOSED"
    del shop.dispatcher.suspended[cid]
    assert requests.serve("refuse", body, NOW) == json.dumps({"collaboration": cid})
    assert shop.dispatcher.collaborations[cid].state == "CANCELLED"
    network.close()


TABLES = tables(2, n=40, columns=3, keep=0.8)
PARTS = parts(TABLES)


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[SimulatedNetwork]:
    """An online prediction of up to four ids, before anybody has asked."""
    network = SimulatedNetwork(tmp_path, online(PARTS, queries=4), TABLES)
    for party, member in network.members.items():
        member.brought = brought(PARTS)[party]
    yield network.run()
    network.close()


class People:
    """Those of a party."""

    def __init__(self, network: SimulatedNetwork, party: str = "bank") -> None:
        self.network, self.party = network, party
        ((self.cid, _),) = self.member.dispatcher.collaborations.items()

    @property
    def member(self) -> SimulatedParty:
        return self.network.members[self.party]

    def ask(self, name: str, *ids: str, command: str = "own") -> dict[str, Any] | None:
        """Ask as often as it takes, once."""
        answers = {a["number"]: a["values"] for a in [self.member.notes.get("answer")] if a}
        dispatcher = self.member.dispatcher
        requests = Requests(dispatcher, SystemEntropy(), lambda *_: None, str, lambda _: answers)
        body = json.dumps({"collaboration": self.cid[:8], "name": name, "ids": ids})
        answer: list[str | None] = []
        self.member.take(lambda: answer.append(requests.serve(command, body, NOW)))
        self.network.run()
        return None if answer[0] is None else json.loads(answer[0])


def test_people_are_answered_once_whatever_dies_meanwhile(serving: SimulatedNetwork) -> None:
    people = People(serving)
    common = sorted(set(TABLES["bank"].ids) & set(TABLES["shop"].ids))
    assert people.ask("a", common[0], "nobody") is None
    for member in serving.members.values():
        member.restart()
    found = people.ask("a", common[0], "nobody")
    want = sum(scores(PARTS, TABLES, common[0]).values())
    assert found == {"collaboration": people.cid, "values": [pytest.approx(want), None]}
    assert people.ask("b", *common[1:4]) == {
        "error": f"2 of 4 ids may still be asked for in collaboration {people.cid}"
    }
    assert people.ask("c", command="stop") is None
    assert people.ask("c", command="stop") == {"collaboration": people.cid, "values": None}
    states = [c.state for m in serving.members.values() for c in m.dispatcher.collaborations.values()]
    assert states == ["COMPLETED", "COMPLETED"]
    late = people.ask("d", common[0])
    assert late is not None and "has ended: COMPLETED" in late["error"]


def test_only_who_asks_by_the_agreement_is_served(serving: SimulatedNetwork) -> None:
    shop = People(serving, "shop")
    assert shop.ask("a", "x") == {"error": f"bank asks in collaboration {shop.cid}, nobody else"}


def test_an_errand_asks_for_one_row_after_another_and_ends() -> None:
    said: list[tuple[str, list[str]]] = []
    errand = Errand(["ann", "bob"], lambda _cid, command, fields: said.append((command, fields["ids"])))
    words = OwnWords()
    collaboration: Any = SimpleNamespace(
        cid="c", me="bank", words=words, engine=object(), job=JOBS["online"], agreement=online(PARTS, 4)
    )
    for answers in (0, 0, 1, 1, 2, 2, 2):
        errand.go_on(collaboration, answers)
        if len(said) > len(words.numbers):
            command, ids = said[-1]
            words.place(JOBS["online"], command, {"name": str(len(words.numbers)), "ids": ids})
    assert said == [("own", ["ann"]), ("own", ["bob"]), ("stop", [])] and words.ended
    nothing = Errand(None, lambda *_: said.clear())
    nothing.go_on(collaboration, 0)
    assert len(said) == 3
