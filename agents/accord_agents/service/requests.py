"""What people ask a running agent by hand, left in its journal by another process: propose, accept, refuse, cancel."""

from __future__ import annotations

import json
from collections.abc import Callable

from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.collaboration.dispatcher import Dispatcher
from accord_agents.security.entropy import Entropy
from accord_schemas.agreement import Agreement
from accord_schemas.errors import AccordError


class Requests:
    """Carries out what is asked.

    Args:
        dispatcher: The party's.
        entropy: Nonces of proposals come from it.
        accept: Says yes to a proposal, as soon as that is possible.
        erase: Erases what is held of a collaboration that begins so, and says what.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        entropy: Entropy,
        accept: Callable[[Collaboration], None],
        erase: Callable[[str], str],
    ) -> None:
        self._dispatcher, self._entropy, self._accept, self._erase = dispatcher, entropy, accept, erase

    def serve(self, command: str, body: str, now: str) -> str | None:
        """Do what was asked; the answer as JSON, None where nothing may be said yet: what waits is in no journal."""
        try:
            answer = self._do(command, json.loads(body), now)
        except AccordError as error:
            answer = {"error": str(error)}
        return None if answer is None else json.dumps(answer)

    def _do(self, command: str, body: dict[str, str], now: str) -> dict[str, str] | None:
        dispatcher = self._dispatcher
        if command == "propose":
            agreement = Agreement.decode(json.loads(body["agreement"]))
            return {"collaboration": dispatcher.propose(agreement, self._entropy.secret("propose").hex(), now)}
        cid = body["collaboration"]
        if command == "erase":
            return {"erased": self._erase(cid)}
        found = [c for known, c in dispatcher.collaborations.items() if known.startswith(cid)]
        if len(found) != 1:
            return {"error": f"{'no' if not found else 'more than one'} collaboration begins with {cid!r}"}
        collaboration = found[0]
        if collaboration.ended:
            return {"error": f"collaboration {collaboration.cid} has ended: {collaboration.state}"}
        if collaboration.cid in dispatcher.suspended:
            return None
        if command == "accept":
            if collaboration.accepted:
                return {"error": f"collaboration {collaboration.cid} was accepted before"}
            self._accept(collaboration)
        elif command == "refuse":
            trigger = "cancelled" if collaboration.accepted else "refused"
            dispatcher.command(collaboration.cid, trigger, {"reason": f"{dispatcher.me}: {body['reason']}"}, now)
        return {"collaboration": collaboration.cid}
