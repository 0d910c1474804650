"""What a preparation learned from the TRAIN rows; applies to any rows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from accord_protocols.preparation.categories import CategoryFit, expanded
from accord_protocols.preparation.woe import EvidenceFit, weighed
from accord_schemas.errors import UsageError

Step = Literal["no values", "one value", "few rows", "variance below", "variance above"]
"""What drops columns."""
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
        average: Mean of what comes out, over the TRAIN rows.
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
    average: float = 0.0
    nulls: Annotated[int, Field(ge=0)]
    clipped: Annotated[int, Field(ge=0)]

    def close(self, other: Self) -> bool:
        """Whether both are one column's fit, within `CLOSE`."""
        counts = {"name", "nulls", "clipped"}
        if self.model_dump(include=counts) != other.model_dump(include=counts):
            return False
        pairs = [(getattr(self, name), getattr(other, name)) for name in ("impute", "low", "high", "mean", "scale")]
        slack = CLOSE * self.scale
        if not math.isclose(self.average, other.average, rel_tol=CLOSE, abs_tol=CLOSE):
            return False
        return all(
            a is b if a is None or b is None else math.isclose(a, b, rel_tol=CLOSE, abs_tol=slack) for a, b in pairs
        )


class Dropped(BaseModel):
    """Why a column was dropped.

    Attributes:
        step: The step that did it.
        reason: As a clause for people.
    """

    model_config = _STRICT

    step: Step
    reason: str


class Fitted(BaseModel):
    """A fitted preparation, part of the party's model.

    Attributes:
        columns: All m columns that `apply` expects, in their order.
        categories: Those that hold categories; each becomes columns of 0 and 1, `column=level`, in its place.
        forms: Those that hold dates or booleans.
        woe: Those whose values become weights of evidence; left out of the document where there are none.
        kept: The columns that come out, in their order.
        dropped: Why every other one did not.
    """

    model_config = _STRICT

    columns: tuple[str, ...]
    categories: tuple[CategoryFit, ...] = ()
    forms: dict[str, Literal["date", "boolean"]] = {}
    woe: tuple[EvidenceFit, ...] = ()
    kept: tuple[ColumnFit, ...]
    dropped: dict[str, Dropped]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        left = tuple(name for name in self.expanded if name not in self.dropped)
        known = {*self.columns, *self.expanded}
        if self.names != left or not self.dropped.keys() <= known:
            raise ValueError("every column is either kept, in its order, or dropped")
        named = {fit.name for fit in self.categories} | {fit.name for fit in self.woe}
        if not named | self.forms.keys() <= set(self.columns):
            raise ValueError("what holds categories, dates, booleans or weights of evidence is a column")
        return self

    @model_serializer(mode="wrap")
    def _without_nothing(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        found: dict[str, Any] = handler(self)
        return found if self.woe else {name: value for name, value in found.items() if name != "woe"}

    @property
    def expanded(self) -> tuple[str, ...]:
        """The columns, of those of categories what becomes of them."""
        of = {fit.name: fit.names for fit in self.categories}
        return tuple(name for column in self.columns for name in of.get(column, (column,)))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the kept columns."""
        return tuple(column.name for column in self.kept)

    def close(self, other: Self) -> bool:
        """Whether both were fitted on the same rows: equal but for `CLOSE` in what may have been computed otherwise."""
        plain = {"columns", "categories", "forms", "woe", "dropped"}
        alike = self.names == other.names and self.model_dump(include=plain) == other.model_dump(include=plain)
        return alike and all(mine.close(its) for mine, its in zip(self.kept, other.kept, strict=True))

    def warnings(self) -> list[str]:
        """A sentence for each dropped column."""
        return [f"Column {name!r} was dropped: {why.reason}." for name, why in self.dropped.items()]

    def fits(
        self, columns: Sequence[str], forms: Mapping[str, str], categories: Iterable[str], blank: Iterable[str] = ()
    ) -> None:
        """See to it that rows are of the kind that it was fitted on.

        Args:
            columns: Of the rows, as a `Rows` has them.
            forms: Likewise.
            categories: Likewise, the columns' names.
            blank: Columns without a value, which may be of any kind.

        Raises:
            UsageError: They are not; names a column and what it should hold.
        """
        if missing := [name for name in self.columns if name not in columns]:
            raise UsageError(f"there is no column {missing[0]!r}, which the model was trained with.")
        of, known = dict(forms) | dict.fromkeys(categories, "category"), {fit.name for fit in self.categories}
        for name in (name for name in self.columns if name not in set(blank)):
            wanted = "category" if name in known else self.forms.get(name, "number")
            if (found := of.get(name, "number")) != wanted:
                hint = "Give the column as it was in training."
                raise UsageError(
                    f"column {name!r} holds a {found}, where the model was trained with a {wanted}.", hint=hint
                )

    def expand(
        self, values: NDArray[np.float64], categories: Mapping[str, Sequence[str]] | None = None
    ) -> NDArray[np.float64]:
        """``(n, m)`` to ``(n, expanded)``: columns of categories become columns of 0 and 1.

        Args:
            values: NaN for nulls.
            categories: What numbers in columns of categories stand for in these rows: texts that training has not met
                are no level.

        Raises:
            ValueError: `values` has another number of columns.
        """
        if values.ndim != 2 or values.shape[1] != len(self.columns):
            raise ValueError(f"expected {len(self.columns)} columns, not the shape {values.shape}")
        return expanded(values, self.columns, self.categories, categories or {})

    def apply(
        self, values: NDArray[np.float64], categories: Mapping[str, Sequence[str]] | None = None
    ) -> NDArray[np.float64]:
        """Prepare rows, TRAIN or others: those of `expand` to ``(n, kept)`` within ±`LARGEST`."""
        given, names = self.expand(weighed(values, self.columns, self.woe), categories), self.expanded
        out = np.empty((len(values), len(self.kept)))
        for place, column in enumerate(self.kept):
            x = given[:, names.index(column.name)]
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
