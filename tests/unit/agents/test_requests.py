"""What people ask by hand of a party that may not speak yet."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.support.street import NOW, Street
from tests.support.world import agreement, tables

from accord_agents.service import requests


def test_what_is_asked_of_a_suspended_collaboration_waits_without_an_answer(tmp_path: Path) -> None:
    """An answer would be a promise that a crash before the next commit breaks: nothing of it is in the journal."""
    street = Street(tmp_path, agreement(2), tables(2, n=60, columns=2))
    street.houses["bank"].propose()
    street.houses["bank"].publish()
    shop = street.houses["shop"]
    shop.deliver(0)
    (cid,), postponed = shop.desk.collaborations, list[int]()
    service: Any = SimpleNamespace(agent=SimpleNamespace(desk=shop.desk), postpone=postponed.append)
    body = json.dumps({"collaboration": cid[:8], "reason": "not today"})
    shop.desk.suspended[cid] = []
    requests.serve(service, 7, "refuse", body, NOW)
    assert (postponed, shop.desk.batch.answers, shop.desk.collaborations[cid].state) == ([7], [], "PROPOSED")
    del shop.desk.suspended[cid]
    requests.serve(service, 7, "refuse", body, NOW)
    assert shop.desk.batch.answers == [(7, json.dumps({"collaboration": cid}))]
    assert (postponed, shop.desk.collaborations[cid].state) == ([7], "CANCELLED")
    street.close()
