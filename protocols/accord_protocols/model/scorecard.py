"""A party's part of a logistic model as a scorecard: points by column, whose sum over all parties tells the odds.

Points are base + PDO/ln 2 · ln(odds / base odds), the odds those of the good label against the other: `pdo` points more
double them (Siddiqi, Credit Risk Scorecards, 2006, chapter 6). Each party's card is made of its own part alone; whoever
adds up all parties' points of a row has the points of the joint prediction. Points are not rounded.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from accord_protocols.model.part import ModelPart
from accord_protocols.preparation.categories import OTHER, CategoryFit
from accord_protocols.preparation.fitted import LARGEST, ColumnFit
from accord_protocols.preparation.woe import EvidenceFit
from accord_schemas.errors import UsageError

Vector = NDArray[np.float64]
_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Scale(BaseModel):
    """What points mean.

    Attributes:
        pdo: Points that double the odds.
        base_points: Points of a row whose odds are `base_odds`.
        base_odds: Good to bad.
        good: The label that is good.
    """

    model_config = _STRICT

    pdo: Annotated[float, Field(gt=0)] = 20.0
    base_points: float = 600.0
    base_odds: Annotated[float, Field(gt=0)] = 50.0
    good: Literal[0, 1] = 0

    @property
    def factor(self) -> float:
        """Points of a unit of the score, the log-odds of label 1."""
        return (self.pdo if self.good else -self.pdo) / math.log(2)

    @property
    def constant(self) -> float:
        """Points of a row whose score is 0."""
        return self.base_points - self.pdo / math.log(2) * math.log(self.base_odds)


class Number(BaseModel):
    """Points of a column of numbers: at_zero + per_unit · x, x in the column's own unit and within its bounds.

    Attributes:
        column: Its name.
        holds: Numbers; dates in days since 1970-01-01; booleans as 0 and 1.
        per_unit: Points of a unit.
        at_zero: Points of 0.
        least: A smaller value counts as this.
        most: A larger one as this.
        missing: Points of a null.
    """

    model_config = _STRICT

    column: str
    holds: Literal["number", "date", "boolean"]
    per_unit: float
    at_zero: float
    least: float
    most: float
    missing: float

    def points(self, values: Vector) -> Vector:
        """``(n,)`` of cells, NaN for nulls."""
        found = self.at_zero + self.per_unit * np.clip(values, self.least, self.most)
        return np.asarray(np.where(np.isnan(values), self.missing, found))


class Categories(BaseModel):
    """Points of a column of categories.

    Attributes:
        column: Its name.
        levels: Points by category.
        missing: Points of a null.
        unseen: Points of every other category.
    """

    model_config = _STRICT

    column: str
    levels: dict[str, float]
    missing: float
    unseen: float

    def points(self, codes: Vector, texts: Sequence[str]) -> Vector:
        """``(n,)`` of cells, numbers in `texts`, NaN for nulls."""
        by_code = np.array([*(self.levels.get(text, self.unseen) for text in texts), self.missing])
        found: Vector = by_code[np.where(np.isnan(codes), float(len(texts)), codes).astype(np.int64)]
        return found


class Bins(BaseModel):
    """Points of a column whose values become the weight of evidence of their bin.

    Attributes:
        column: Its name.
        holds: Numbers; dates in days since 1970-01-01; booleans as 0 and 1.
        starts: Where the bins after the first one begin, ascending.
        bins: Points of the bins, from the lowest.
        missing: Points of a null, as it was measured.
    """

    model_config = _STRICT

    column: str
    holds: Literal["number", "date", "boolean"]
    starts: tuple[float, ...]
    bins: tuple[float, ...]
    missing: float

    def points(self, values: Vector) -> Vector:
        """``(n,)`` of cells, NaN for nulls."""
        return EvidenceFit(name=self.column, starts=self.starts, weights=self.bins, missing=self.missing).apply(values)


class Scorecard(BaseModel):
    """A party's card.

    Attributes:
        format: Of this document.
        party: Whose it is.
        model_digest: SHA-256 of the part of the model that it says.
        scale: What points mean; the same in the cards of all parties.
        constant: Points that every row has: at the label holder those of a score of 0 and its intercept; else 0.
        numbers: Columns of numbers.
        bins: Columns of weights of evidence.
        categories: Columns of categories.
    """

    model_config = _STRICT

    format: Literal[1] = 1
    party: str
    model_digest: str
    scale: Scale
    constant: float
    numbers: tuple[Number, ...]
    bins: tuple[Bins, ...] = ()
    categories: tuple[Categories, ...]

    @classmethod
    def of(cls, part: ModelPart, scale: Scale) -> Scorecard:
        """The card of a part.

        Raises:
            UsageError: The model is none of odds.
        """
        if part.model != "logistic":
            raise UsageError(f"a scorecard is of a logistic model; this one is {part.model}.")
        kept = {fit.name: fit for fit in part.preparation.kept}
        forms, flags = part.preparation.forms, {n for own in part.preparation.categories for n in own.names}
        woe = {own.name: own for own in part.preparation.woe}
        weights = {name: value * scale.factor for name, value in part.coefficients.items()}
        numbers = (
            _number(fit, weights[name], forms.get(name, "number"))
            for name, fit in kept.items()
            if name not in {*flags, *woe}
        )
        bins = (
            _bins(own, kept[name], weights[name], forms.get(name, "number"))
            for name, own in woe.items()
            if name in kept
        )
        categories = (_categories(own, kept, weights) for own in part.preparation.categories)
        own = 0.0 if part.intercept is None else scale.constant + scale.factor * part.intercept
        return cls(
            party=part.party,
            model_digest=part.digest,
            scale=scale,
            constant=own,
            numbers=tuple(numbers),
            bins=tuple(bins),
            categories=tuple(card for card in categories if card is not None),
        )

    def points(
        self, columns: Sequence[str], values: NDArray[np.float64], categories: Mapping[str, Sequence[str]]
    ) -> Vector:
        """``(n,)`` points of a party's rows as they stand in its file.

        Args:
            columns: Names of the columns.
            values: ``(n, columns)``, NaN for nulls.
            categories: What numbers in columns of categories stand for.
        """
        at = {name: values[:, place] for place, name in enumerate(columns)}
        found = np.full(len(values), self.constant)
        for number in self.numbers:
            found = found + number.points(at[number.column])
        for binned in self.bins:
            found = found + binned.points(at[binned.column])
        for own in self.categories:
            found = found + own.points(at[own.column], categories.get(own.column, ()))
        return found

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return self.model_dump(mode="json")


def _number(fit: ColumnFit, weight: float, holds: Any) -> Number:
    """Preparation is piecewise linear: bounds of winsorising and of prepared values are bounds of the cell."""
    per_unit = weight / fit.scale
    ends = (fit.mean - LARGEST * fit.scale, fit.mean + LARGEST * fit.scale)
    least = ends[0] if fit.low is None else min(max(fit.low, ends[0]), ends[1])
    most = ends[1] if fit.high is None else max(min(fit.high, ends[1]), ends[0])
    at_zero = -per_unit * fit.mean
    filled = min(max(fit.impute, least), most)
    missing = at_zero + per_unit * filled
    return Number(
        column=fit.name, holds=holds, per_unit=per_unit, at_zero=at_zero, least=least, most=most, missing=missing
    )


def _bins(own: EvidenceFit, fit: ColumnFit, weight: float, holds: Any) -> Bins:
    """Of each weight what it comes to, prepared."""
    points = [weight * min(max((woe - fit.mean) / fit.scale, -LARGEST), LARGEST) for woe in (*own.weights, own.missing)]
    return Bins(column=own.name, holds=holds, starts=own.starts, bins=tuple(points[:-1]), missing=points[-1])


def _categories(own: CategoryFit, kept: Mapping[str, ColumnFit], weights: Mapping[str, float]) -> Categories | None:
    """What each level's flags come to, prepared; None where none is kept."""
    fits = {level: kept[name] for level, name in zip(own.levels, own.names, strict=True) if name in kept}
    if not fits:
        return None

    def points(level: str) -> float:
        return math.fsum(
            weights[fit.name] * min(max((float(flag == level) - fit.mean) / fit.scale, -LARGEST), LARGEST)
            for flag, fit in fits.items()
        )

    rest = OTHER if OTHER in (*own.levels, own.reference) else own.reference
    known = {level: points(level) for level in sorted({*own.levels, own.reference}) if level != "null"}
    missing = points("null" if "null" in (*own.levels, own.reference) else rest)
    return Categories(column=own.name, levels=known, missing=missing, unseen=points(rest))
