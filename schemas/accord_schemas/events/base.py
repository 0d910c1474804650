"""What an event is: a family, a name, a version, fields; and how it becomes bytes."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from accord_schemas.blocks import decode_fields, load_canonical, payload
from accord_schemas.canonical import canonical_json
from accord_schemas.errors import FrameError
from accord_schemas.payload import Payload

CLEAR = frozenset({"control", "keys", "results"})
JSON = frozenset({"control", "results"})
MAX_TEXT = 1000
Hex32 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Text = Annotated[str, Field(max_length=MAX_TEXT)]
PublicKey = Annotated[str, Field(max_length=4000)]
"""In hex digits; the longest, of the profile `pq`, has 3,968."""
Coded = Annotated[str, Field(pattern=r"^[a-z_]{0,32}$")]
"""A `codes.Code`, or one of a newer program; what a program does for a reason follows from it, never from the text."""
Count = Annotated[int, Field(ge=0, le=1 << 40)]
Commitment = Annotated[bytes, Field(min_length=32, max_length=32)]
"""A salted digest: it hides what it is of, and binds to it."""


class Event(BaseModel):
    """Base of all events: frozen, strict, unknown fields refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True, allow_inf_nan=False
    )
    family: ClassVar[str] = ""
    name: ClassVar[str] = ""
    version: ClassVar[int] = 1
    """Another one where the same bytes mean something else; the old class stays beside (docs/upgrading.md)."""
    type: ClassVar[str] = ""
    encrypted: ClassVar[bool] = False

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        cls.type = f"org.accord.{cls.family}.{cls.name}.v{cls.version}"
        cls.encrypted = cls.family not in CLEAR
        EVENTS[cls.type] = cls

    def payload(self) -> Payload:
        """What travels, in clear: canonical JSON, or fields with blocks. Empty optional fields are left out."""
        known = type(self).model_fields.items()
        said = {name: (getattr(self, name), field.is_required()) for name, field in known}
        fields = {name: value for name, (value, required) in said.items() if required or not _empty(value)}
        return Payload([canonical_json(fields)]) if self.family in JSON else payload(fields)

    def encode(self) -> bytes:
        """The payload in clear, as bytes."""
        return self.payload().encode()

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The event in the payload `data`.

        Raises:
            FrameError: Not of this event's form, or not in its one encoding.
        """
        event = cls.of(load_canonical(data) if cls.family in JSON else decode_fields(data))
        head = event.payload().parts[0]  # what follows are the very bytes that were decoded
        if data[: len(head)] != head or (cls.family in JSON and data != head):
            raise FrameError(f"{cls.type} is not in canonical form")
        return event

    @classmethod
    def of(cls, fields: dict[str, Any]) -> Self:
        """The event with these fields.

        Raises:
            FrameError: They are not those of this event.
        """
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            where = ".".join(str(part) for part in error.errors()[0]["loc"])
            raise FrameError(f"{cls.type}: the field {where or 'set'} is not of the agreed form") from None


def _empty(value: Any) -> bool:
    """Whether an optional field says nothing: None, zero, false, or without any entry."""
    return value.size == 0 if isinstance(value, np.ndarray) else not value


EVENTS: dict[str, type[Event]] = {}
"""Every event by its CloudEvents type."""
UNSEQUENCED = frozenset({"ack", "asked", "held", "resend"})
"""Names of the events outside sequence, chain, transcript and journal; lost ones are said again or not missed."""
