"""What the parts of all models have in common: one form as bytes, whose SHA-256 their party said when it completed."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from accord_schemas.canonical import canonical_json
from accord_schemas.errors import UsageError

FORMAT: Literal[1] = 1
"""Of what this program writes."""
_ORIGINAL = "Take the file that Accord wrote."
_NEWER = "Use the version that wrote it."


class Document(BaseModel):
    """A party's part of a model, of any family."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    def to_json(self) -> dict[str, Any]:
        """As JSON values; every number survives the way through text exactly."""
        return self.model_dump(mode="json")

    def encode(self) -> bytes:
        """As it stands in a file."""
        return canonical_json(self.to_json())

    @property
    def digest(self) -> str:
        """SHA-256 of these bytes, in hex."""
        return hashlib.sha256(self.encode()).hexdigest()

    @classmethod
    def read(cls, data: bytes, name: str = "model.json") -> Self:
        """The part in a file.

        Args:
            data: All of it.
            name: What errors call it.

        Raises:
            UsageError: It is of another format, or not what this format says.
        """
        value = parsed(data, name)
        if value.get("format") != FORMAT:
            known = f"this version of Accord reads format {FORMAT}"
            raise UsageError(f"{name} has the format {value.get('format')!r}; {known}.", hint=_NEWER)
        try:
            part = cls.model_validate(value)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "model"
            raise UsageError(f"{name} is no model: {where}: {first['msg']}.", hint=_ORIGINAL) from None
        if part.encode() != data:
            raise UsageError(f"{name} was saved again, so that its digest is another one.", hint=_ORIGINAL)
        return part


def parsed(data: bytes, name: str) -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        UsageError: There is none.
    """
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise UsageError(f"{name} is no model: it is no JSON object.", hint=_ORIGINAL)
    return value
