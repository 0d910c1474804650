"""How people are told of bytes that were refused: who refused them and why, by digest; never the bytes."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from accord_schemas.canonical import canonical_json
from accord_schemas.events import Hex32, Text

FAMILY = "quarantine"


class Quarantined(BaseModel):
    """A record of the quarantine family: plain JSON for people, neither signed nor read by any agent.

    `source` is whom the bytes name as their sender, or ``unknown``; nobody has vouched for it. `digest` is SHA-256 over
    the bytes, length-prefixed like everything that is hashed, as in the journal's table.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    time: Annotated[str, Field(max_length=40)]
    party: Annotated[str, Field(max_length=32)]
    source: Text
    reason: Text
    digest: Hex32
    size: Annotated[int, Field(ge=0)]

    def encode(self) -> bytes:
        """Canonical JSON."""
        return canonical_json(self.model_dump())
