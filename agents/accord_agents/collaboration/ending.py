"""How a collaboration ends: as an event says it, as a party says it itself, as it is remembered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from accord_schemas.codes import Code
from accord_schemas.errors import AccordError
from accord_schemas.events import MAX_TEXT, Cancel, Event, Expire, Fail, Refuse

End = Refuse | Cancel | Fail | Expire
"""The events that end a collaboration."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a collaboration ended.

    Args:
        trigger: ``refused``, ``cancelled``, ``failed`` or ``expired``.
        reason: For people; nothing follows from its words.
        whose: Whose doing it is, as far as somebody says.
        by: Who says so.
        code: What follows from it.
        missing: Of an ``expired``, whose word was missing.
    """

    trigger: str
    reason: str
    whose: str
    by: str
    code: Code = Code.GENERAL
    missing: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """The reason, with the party that failed."""
        return self.reason if self.trigger != "failed" or self.whose in self.reason else f"{self.reason} ({self.whose})"

    def fields(self) -> dict[str, Any]:
        """As those of a command that ends for the same reason."""
        fields = {"reason": self.reason, "whose": self.whose, "by": self.by, "code": self.code}
        return fields | {"missing": list(self.missing)}

    def event(self) -> tuple[str, Event]:
        """Its step and event, for the others."""
        reason, code = self.reason[:MAX_TEXT], self.code.value
        match self.trigger:
            case "refused":
                return "refuse", Refuse(reason=reason, code=code)
            case "cancelled":
                return "cancel", Cancel(reason=reason)
            case "expired":
                return "expire", Expire(missing=list(self.missing))
            case _:
                return "fail", Fail(reason=reason, whose=self.whose, code=code)


def heard(event: End, sender: str) -> Ending:
    """What a party says of the end."""
    match event:
        case Refuse(reason=reason, code=code):
            return Ending("refused", reason, sender, sender, Code.of(code))
        case Cancel(reason=reason):
            return Ending("cancelled", reason, sender, sender)
        case Fail(reason=reason, whose=whose, code=code):
            return Ending("failed", reason, whose, sender, Code.of(code))
        case Expire(missing=missing):
            return Ending("expired", silence(missing), sender, sender, missing=tuple(missing))


def commanded(command: str, fields: Mapping[str, Any], me: str) -> Ending:
    """What this party ends by itself, or because others did: the command and its fields."""
    by = fields.get("by", me)
    if command == "expired":
        names = tuple(sorted(fields["missing"]))
        return Ending(command, silence(names), names[0] if names else "", by, missing=names)
    return Ending(command, fields["reason"], fields.get("whose") or me, by, Code.of(fields.get("code", "")))


def failed(error: AccordError, otherwise: str, me: str) -> Ending:
    """That something of a peer's cannot be taken: the party that the error names did it, or `otherwise`."""
    return Ending("failed", error.message, error.whose or otherwise, me, error.code)


def silence(missing: tuple[str, ...] | list[str]) -> str:
    """That parties said nothing."""
    return "no word of " + ", ".join(missing)


def behind(party: str) -> str:
    """That a party cannot go on with a collaboration (`Code.BEHIND`)."""
    return f"{party} went back to a backup that is behind what others hold; to be proposed anew"
