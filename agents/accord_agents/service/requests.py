"""What people ask a running agent by hand, left in its journal by another process: propose, accept, refuse, cancel."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from accord_schemas.agreement import Agreement
from accord_schemas.errors import AccordError

if TYPE_CHECKING:
    from accord_agents.service.service import Service


def serve(service: Service, number: int, verb: str, body: str, now: str) -> None:
    """Do what was asked and leave an answer; later, where nothing may be said yet: what waits is in no journal."""
    try:
        answer = _do(service, verb, json.loads(body), now)
        if answer is None:
            service.postpone(number)
            return
    except AccordError as error:
        answer = {"error": str(error)}
    service.agent.desk.batch.answers.append((number, json.dumps(answer)))


def _do(service: Service, verb: str, body: dict[str, str], now: str) -> dict[str, str] | None:
    desk = service.agent.desk
    if verb == "propose":
        agreement = Agreement.decode(json.loads(body["agreement"]))
        return {"collaboration": desk.propose(agreement, service.entropy.secret("propose").hex(), now)}
    cid = body["collaboration"]
    if verb == "erase":
        return {"erased": service.erase(cid)}
    found = [c for known, c in desk.collaborations.items() if known.startswith(cid)]
    if len(found) != 1:
        return {"error": f"{'no' if not found else 'more than one'} collaboration begins with {cid!r}"}
    collaboration = found[0]
    if collaboration.ended:
        return {"error": f"collaboration {collaboration.cid} has ended: {collaboration.state}"}
    if collaboration.cid in desk.suspended:
        return None
    if verb == "accept":
        if collaboration.accepted:
            return {"error": f"collaboration {collaboration.cid} was accepted before"}
        service.acceptance.accept(collaboration)
    elif verb == "refuse":
        trigger = "cancelled" if collaboration.accepted else "refused"
        desk.word(collaboration.cid, trigger, {"reason": f"{desk.me}: {body['reason']}"}, now)
    return {"collaboration": collaboration.cid}
