"""A party's scorecard, made of its model.json, for people."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from accord_protocols.model.part import ModelPart
from accord_protocols.model.scorecard import Bins, Categories, Number, Scale, Scorecard
from accord_scenarios.wording import number
from accord_schemas.errors import AccordError, UsageError

_UNITS = {"number": "", "date": " a day", "boolean": " if true"}


def made(folder: Path, *, pdo: float, base_points: float, base_odds: float, good: int) -> Scorecard:
    """The card of the model in a party's folder, or in a file.

    Raises:
        UsageError: There is none, it is no logistic model, or a number of the scale cannot be used.
    """
    try:
        scale = Scale.model_validate({"pdo": pdo, "base_points": base_points, "base_odds": base_odds, "good": good})
    except ValidationError as error:
        option = str(error.errors()[0]["loc"][0]).replace("_", "-")
        raise UsageError(
            f"--{option} cannot be {error.errors()[0]['input']}.", hint="PDO and odds are above 0; good is 0 or 1."
        ) from None
    path = folder / "model.json" if folder.is_dir() else folder
    try:
        data = path.read_bytes()
    except OSError as error:
        hint = "A completed training leaves one in each party's folder."
        raise UsageError(f"{path} cannot be read: {error.strerror}.", hint=hint) from None
    return Scorecard.of(ModelPart.read(data, str(path)), scale)


def written(card: Scorecard, path: Path) -> None:
    """Write a card as JSON.

    Raises:
        AccordError: It cannot be written.
    """
    try:
        path.write_text(card.model_dump_json(indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise AccordError(f"{path} cannot be written: {error.strerror}.") from None


def told(card: Scorecard) -> str:
    """For people: a line for each column, and for each category."""
    scale = card.scale
    lines = [
        f"{card.party}: {number(scale.base_points)} points are odds of {number(scale.base_odds)} to 1 for label {scale.good}; "
        f"{number(scale.pdo)} points more double them.",
        f"every row: {_points(card.constant)}",
        *(line for own in card.numbers for line in _number(own)),
        *(line for own in card.bins for line in _bins(own)),
        *(line for own in card.categories for line in _categories(own)),
        "A row has the sum of its points at all parties.",
    ]
    return "\n".join(lines)


def _number(own: Number) -> list[str]:
    bounds = f"{number(own.least, 6)} to {number(own.most, 6)}"
    return [
        f"{own.column}: {own.per_unit:+.4g}{_UNITS[own.holds]} · x {_points(own.at_zero)}, x within {bounds}; missing {_points(own.missing)}"
    ]


def _bins(own: Bins) -> list[str]:
    ends = ("(-inf", *(f"[{number(start, 6)}" for start in own.starts)), (*(number(s, 6) for s in own.starts), "inf")
    bins = (f"  {low}, {high}): {_points(points)}" for low, high, points in zip(*ends, own.bins, strict=True))
    return [f"{own.column}: missing {_points(own.missing)}", *bins]


def _categories(own: Categories) -> list[str]:
    levels = (f"  {level}: {_points(points)}" for level, points in own.levels.items())
    return [f"{own.column}: missing {_points(own.missing)}, any other {_points(own.unseen)}", *levels]


def _points(value: float) -> str:
    return f"{round(value, 6) + 0.0:+.6g}"  # what is left of rounding alone is 0
