"""A party's part of a trained model: ``model.json``, with a format number of its own (docs/models.md).

Nothing in it differs where a run is repeated, and nothing in it is of another party. Its SHA-256 is what the party told
the others when it completed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from accord_protocols.preparation.fitted import Fitted
from accord_schemas.canonical import canonical_json
from accord_schemas.errors import UsageError
from accord_schemas.events.base import Hex32
from accord_schemas.parts import Name, Party

FORMAT: Literal[1] = 1
"""Of what this program writes."""
Link = Literal["identity", "logit", "log"]
LINKS: dict[str, Link] = {"linear": "identity", "logistic": "logit", "poisson": "log"}
"""By family: the function that turns an expected label into a score."""


class ModelPart(BaseModel):
    """One party's part of a model.

    A row's score is the sum of all parties' parts: the coefficients times the prepared columns, the label holder's
    intercept and, if there is one, the logarithm of its exposure. The inverse of the link makes a prediction of it.

    Args:
        format: Of this document.
        salt: Hides what the digest of the document is of.
        party: Whose part it is.
        model: The family.
        link: Turns an expected label into a score.
        protection: The level at which it was trained.
        shift: Scores are of the size of 2^shift: the power of two by which labels were divided in a linear training.
        coefficients: By prepared column, in their order; in the labels' unit.
        intercept: The label holder's; null in every other part.
        exposure: The label holder's column of exposures, of a Poisson model that was trained with one.
        preparation: What turns rows as they stand in a file into prepared columns.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    format: Literal[1] = FORMAT
    salt: Hex32 = Field(repr=False)
    party: Party
    model: Literal["linear", "logistic", "poisson"]
    link: Link
    protection: str
    shift: Annotated[int, Field(ge=-1100, le=1100)]
    coefficients: dict[str, float] = Field(repr=False)
    intercept: float | None = Field(repr=False)
    exposure: Name | None = None
    preparation: Fitted = Field(repr=False)

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if self.link != LINKS[self.model]:
            raise ValueError(f"the link of a {self.model} model is {LINKS[self.model]}")
        if set(self.coefficients) != set(self.preparation.names):
            raise ValueError("there is a coefficient for each prepared column and no other")
        if self.exposure is not None and (self.model != "poisson" or self.intercept is None):
            raise ValueError("an exposure is the label holder's, of a poisson model")
        return self

    @property
    def weights(self) -> NDArray[np.float64]:
        """The coefficients ``(m,)`` in the order of the prepared columns."""
        return np.array([self.coefficients[name] for name in self.preparation.names])

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
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise UsageError(f"{name} is no model: it is no JSON object.", hint=_ORIGINAL)
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


_ORIGINAL = "Take the file that Accord wrote."
_NEWER = "Use the version that wrote it."
FILES: Mapping[str, type[BaseModel]] = {"model.schema.json": ModelPart}
"""What the published contract says of files, by the path of its schema there."""
