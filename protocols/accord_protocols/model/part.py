"""A party's part of a trained model: ``model.json``, with a format number of its own (docs/models.md).

Nothing in it differs where a run is repeated, and nothing in it is of another party. Its SHA-256 is what the party told
the others when it completed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, model_validator

from accord_protocols.model.document import FORMAT, Document
from accord_protocols.preparation.fitted import Fitted
from accord_schemas.events.base import Hex32
from accord_schemas.parts import Name, Party

Link = Literal["identity", "logit", "log"]
LINKS: dict[str, Link] = {"linear": "identity", "logistic": "logit", "poisson": "log"}
"""By family: the function that turns an expected label into a score."""


class ModelPart(Document):
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


FILES: Mapping[str, type[BaseModel]] = {"model.schema.json": ModelPart}
"""What the published contract says of files, by the path of its schema there."""
