"""How people are told of bytes that were refused: who refused them and why, by digest; never the bytes."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from accord_schemas.blocks import load_canonical
from accord_schemas.canonical import canonical_json
from accord_schemas.errors import FrameError
from accord_schemas.events import Hex32, Text
from accord_schemas.header import PARTY

FAMILY = "quarantine"
TYPE = "org.accord.quarantine.refused.v1"


class Quarantined(BaseModel):
    """A record of the quarantine family: plain JSON for people, neither signed nor read by any agent.

    `party` refused; `source` is whom the bytes name as their sender, or ``unknown``; nobody has vouched for it.
    `digest` is SHA-256 over the bytes, length-prefixed like everything that is hashed, as in the journal's table.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    time: Annotated[str, Field(max_length=40)]
    party: Annotated[str, Field(pattern=f"^{PARTY}$")]
    source: Text
    reason: Text
    digest: Hex32
    size: Annotated[int, Field(ge=0)]

    def encode(self) -> bytes:
        """Canonical JSON."""
        return canonical_json(self.model_dump())

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The record in `data`.

        Raises:
            FrameError: It is none.
        """
        try:
            return cls.model_validate(load_canonical(data))
        except ValidationError:
            raise FrameError("not a record of the quarantine") from None

    def attributes(self, subject: str) -> dict[str, str]:
        """The CloudEvents 1.0.2 attributes that go with it.

        Args:
            subject: The key under which the bytes lay, as a rule a collaboration's id; not empty.
        """
        return {
            "specversion": "1.0",
            "type": TYPE,
            "source": self.party,
            "id": self.digest,
            "subject": subject,
            "time": self.time,
            "datacontenttype": "application/json",
        }
