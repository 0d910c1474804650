"""What people ask by hand of a party that may not speak yet."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.street import NOW, Street
from tests.support.world import agreement, tables

from accord_agents.security.entropy import SystemEntropy
from accord_agents.service.requests import Requests


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
