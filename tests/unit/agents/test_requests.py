"""What people ask by hand of a party that may not speak yet."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.street import NOW, Street
from tests.support.world import agreement, tables

from accord_agents.security.entropy import SystemEntropy
from accord_agents.service.requests import Requests


def test_a_proposal_that_no_frame_carries_is_refused_before_anything_is_said(tmp_path: Path) -> None:
    street = Street(tmp_path, agreement(2), tables(2, n=60, columns=2))
    bank = street.houses["bank"]
    limits = bank.terms.limits.model_copy(update={"chunk_bytes": 1024})
    terms = bank.terms.model_copy(update={"limits": limits, "learns": {"shop": "much " * 20_000}})
    requests = Requests(bank.desk, SystemEntropy(), accept=lambda _: None, erase=str)
    answer = requests.serve("propose", json.dumps({"agreement": terms.encode().decode()}), NOW)
    assert answer is not None and "raise limits.chunk_bytes" in json.loads(answer)["error"]
    assert not bank.desk.collaborations and not bank.desk.batch.rows
    street.close()


def test_what_is_asked_of_a_suspended_collaboration_waits_without_an_answer(tmp_path: Path) -> None:
    """An answer would be a promise that a crash before the next commit breaks: nothing of it is in the journal."""
    street = Street(tmp_path, agreement(2), tables(2, n=60, columns=2))
    street.houses["bank"].propose()
    street.houses["bank"].publish()
    shop = street.houses["shop"]
    shop.deliver(0)
    (cid,) = shop.desk.collaborations
    requests = Requests(shop.desk, SystemEntropy(), accept=lambda _: None, erase=str)
    body = json.dumps({"collaboration": cid[:8], "reason": "not today"})
    shop.desk.suspended[cid] = []
    assert requests.serve("refuse", body, NOW) is None
    assert shop.desk.collaborations[cid].state == "PROPOSED"
    del shop.desk.suspended[cid]
    assert requests.serve("refuse", body, NOW) == json.dumps({"collaboration": cid})
    assert shop.desk.collaborations[cid].state == "CANCELLED"
    street.close()
