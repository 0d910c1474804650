"""What people ask by hand of a party that may not speak yet."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.simulated import NOW, SimulatedNetwork
from tests.support.world import agreement, tables

from accord_agents.security.entropy import SystemEntropy
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
    requests = Requests(bank.dispatcher, SystemEntropy(), accept=lambda _: None, erase=str)
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
    requests = Requests(shop.dispatcher, SystemEntropy(), accept=lambda _: None, erase=str)
    body = json.dumps({"collaboration": cid[:8], "reason": "not today"})
    shop.dispatcher.suspended[cid] = []
    assert requests.serve("refuse", body, NOW) is None
    assert shop.dispatcher.collaborations[cid].state == "PROPOSED"
    del shop.dispatcher.suspended[cid]
    assert requests.serve("refuse", body, NOW) == json.dumps({"collaboration": cid})
    assert shop.dispatcher.collaborations[cid].state == "CANCELLED"
    network.close()
