"""What people ask a running agent by hand, left in its journal by another process: propose, accept, refuse, cancel."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.collaboration.dispatcher import Dispatcher
from accord_agents.results.summary import Answers
from accord_agents.security.entropy import Entropy
from accord_protocols.primitives.psi.ids import evened
from accord_schemas.agreement import Agreement
from accord_schemas.errors import AccordError


class Requests:
    """Carries out what is asked.

    Args:
        dispatcher: The party's.
        entropy: Nonces of proposals come from it.
        accept: Says yes to a proposal, as soon as that is possible, with the own data set that is named, if any.
        erase: Erases what is held of a collaboration that begins so, and says what.
        answers: What was answered to the own people in a collaboration, by number of the request.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        entropy: Entropy,
        accept: Callable[[Collaboration, str], None],
        erase: Callable[[str], str],
        answers: Callable[[str], Mapping[int, Answers]] = lambda _cid: {},
    ) -> None:
        self._dispatcher, self._entropy, self._accept, self._erase = dispatcher, entropy, accept, erase
        self._answers = answers

    def serve(self, command: str, body: str, now: str) -> str | None:
        """Do what was asked; the answer as JSON, None where nothing may be said yet: what waits is in no journal."""
        try:
            answer = self._do(command, json.loads(body), now)
        except AccordError as error:
            answer = {"error": str(error)}
        return None if answer is None else json.dumps(answer)

    def _do(self, command: str, body: dict[str, Any], now: str) -> dict[str, Any] | None:
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
        if command in ("own", "stop") and body["name"] in collaboration.words.numbers:
            return self._answered(collaboration, command, body["name"])
        if collaboration.ended:
            return {"error": f"collaboration {collaboration.cid} has ended: {collaboration.state}"}
        if collaboration.cid in dispatcher.suspended:
            return None
        if command in ("own", "stop"):
            return self._asked(collaboration, command, body, now)
        if command == "accept":
            if collaboration.accepted:
                return {"error": f"collaboration {collaboration.cid} was accepted before"}
            self._accept(collaboration, body.get("data", ""))
        elif command == "refuse":
            trigger = "cancelled" if collaboration.accepted else "refused"
            dispatcher.command(collaboration.cid, trigger, {"reason": f"{dispatcher.me}: {body['reason']}"}, now)
        return {"collaboration": collaboration.cid}

    def _asked(
        self, collaboration: Collaboration, command: str, body: dict[str, Any], now: str
    ) -> dict[str, Any] | None:
        """Have a request said; it is answered when this is looked at again."""
        terms, words, cid = collaboration.agreement, collaboration.words, collaboration.cid
        if terms is None or not terms.questions:
            return {"error": f"collaboration {cid} answers no requests"}
        if self._dispatcher.me != terms.leader:
            return {"error": f"{terms.leader} asks in collaboration {cid}, nobody else"}
        if words.ended:
            return {"error": f"the last request of collaboration {cid} was said"}
        if collaboration.engine is None:
            return {"error": f"collaboration {cid} is {collaboration.state}: not everybody has accepted"}
        before = collaboration.data["rows"] if terms.query else 0  # those of the own file are asked for, too
        if (left := terms.questions - before - words.ids) < len(body["ids"]):
            return {"error": f"{left} of {terms.questions} ids may still be asked for in collaboration {cid}"}
        steps = terms.ids.normalise if terms.ids.columns == 1 else ()  # of several columns, one is as results have it
        fields = {"name": body["name"], "ids": [evened(identifier, steps) for identifier in body["ids"]]}
        self._dispatcher.command(cid, command, fields, now)
        return None

    def _answered(self, collaboration: Collaboration, command: str, name: str) -> dict[str, Any] | None:
        values = self._answers(collaboration.cid).get(collaboration.words.numbers[name])
        if values is not None or command == "stop":
            return {"collaboration": collaboration.cid, "values": values}
        if collaboration.ended:
            return {"error": f"collaboration {collaboration.cid} ended {collaboration.state}: {collaboration.reason}"}
        return None
