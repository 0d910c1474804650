"""What a preparation learned from the TRAIN rows; applies to any rows without scikit-learn."""

from __future__ import annotations

import math
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from accord_schemas.errors import UsageError

LARGEST = 32.0
"""No prepared value is beyond this in absolute terms; the protocols' rings are sized for it."""

CLOSE = 1e-9
"""Two fits of the same rows differ by less, relative to the number or to the column's scale."""

_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ColumnFit(BaseModel):
    """One kept column.

    Attributes:
        name: The column.
        impute: What fills its nulls.
        low: Lower winsorising bound, None where winsorising is off.
        high: Upper one.
        mean: Subtracted after clipping.
        scale: Divided by after that, > 0.
        nulls: TRAIN cells that were filled.
        clipped: TRAIN cells that were clipped.
    """

    model_config = _STRICT

    name: str
    impute: float
    low: float | None
    high: float | None
    mean: float
    scale: Annotated[float, Field(gt=0)]
    nulls: Annotated[int, Field(ge=0)]
    clipped: Annotated[int, Field(ge=0)]

    def close(self, other: Self) -> bool:
        """Whether both are one column's fit, within `CLOSE`."""
        counts = {"name", "nulls", "clipped"}
        if self.model_dump(include=counts) != other.model_dump(include=counts):
            return False
        pairs = [(getattr(self, name), getattr(other, name)) for name in ("impute", "low", "high", "mean", "scale")]
        slack = CLOSE * self.scale
        return all(
            a is b if a is None or b is None else math.isclose(a, b, rel_tol=CLOSE, abs_tol=slack) for a, b in pairs
        )


class Fitted(BaseModel):
    """A fitted preparation, part of the party's model.

    Attributes:
        columns: All m columns that `apply` expects, in their order.
        kept: The columns that come out, in their order.
        dropped: For every other column the reason, as a clause.
    """

    model_config = _STRICT

    columns: tuple[str, ...]
    kept: tuple[ColumnFit, ...]
    dropped: dict[str, str]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        left = tuple(name for name in self.columns if name not in self.dropped)
        if self.names != left or not self.dropped.keys() <= set(self.columns):
            raise ValueError("every column is either kept, in its order, or dropped")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the kept columns."""
        return tuple(column.name for column in self.kept)

    def close(self, other: Self) -> bool:
        """Whether both were fitted on the same rows: equal but for `CLOSE` in what scikit-learn computed."""
        alike = (self.columns, self.dropped, self.names) == (other.columns, other.dropped, other.names)
        return alike and all(mine.close(its) for mine, its in zip(self.kept, other.kept, strict=True))

    def warnings(self) -> list[str]:
        """A sentence for each dropped column."""
        return [f"Column {name!r} was dropped: {reason}." for name, reason in self.dropped.items()]

    def apply(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Prepare rows, TRAIN or others: ``(n, m)`` float64 with NaN for nulls to ``(n, kept)`` within ±`LARGEST`.

        Raises:
            ValueError: `values` has another number of columns.
        """
        if values.ndim != 2 or values.shape[1] != len(self.columns):
            raise ValueError(f"expected {len(self.columns)} columns, not the shape {values.shape}")
        out = np.empty((len(values), len(self.kept)))
        for place, column in enumerate(self.kept):
            x = values[:, self.columns.index(column.name)]
            x = np.where(np.isnan(x), column.impute, x)
            if column.low is not None and column.high is not None:
                x = np.clip(x, column.low, column.high)
            with np.errstate(over="ignore"):  # a cell far beyond the TRAIN rows' may leave what floats hold
                x = (x - column.mean) / column.scale
            out[:, place] = np.clip(x, -LARGEST, LARGEST)
        return out

    def to_json(self) -> dict[str, Any]:
        """As JSON values; every number survives the way through text exactly."""
        return self.model_dump(mode="json")

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """The inverse of `to_json`.

        Raises:
            UsageError: It is no such value.
        """
        try:
            return cls.model_validate(value)
        except ValidationError:
            raise UsageError("the fitted preparation of the model is unreadable.", hint="Restore the model.") from None
