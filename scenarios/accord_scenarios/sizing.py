"""How large a training is going to be, as far as whoever plays or proposes it can see: for the choice of an engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field, ValidationError

from accord_agents.config.data_sets import Source
from accord_agents.files.places import Csv
from accord_protocols.phases.training import costs
from accord_protocols.phases.training.able import unable
from accord_protocols.phases.training.costs import Work
from accord_protocols.phases.training.engines import ENGINES
from accord_scenarios.model import Section
from accord_schemas.parts import Train

ROWS, COLUMNS = 10_000, 10
"""Where nothing is known of a file."""
_SAMPLE = 1 << 16
_SEPARATORS = (b",", b";", b"\t", b"|")


class Expect(Section):
    """What the choice of an engine goes by.

    Args:
        rows: Of the TRAIN rows; without it, as many as the shortest of the CSV files that are here.
        columns: Of the party that has the most; without it, as many as in the widest of these files.
        link_mbit: Of the slowest link between a party and the log, in millions of bits a second.
    """

    rows: Annotated[int, Field(ge=1)] | None = None
    columns: Annotated[int, Field(ge=1)] | None = None
    link_mbit: Annotated[float, Field(gt=0)] = 100.0


def engines(train: dict[str, Any], parties: int) -> list[str]:
    """Those that can do a training, named by the fields of its section."""
    found = []
    for name in ENGINES:
        try:
            wanted = Train.model_validate(train | {"engine": name})
        except ValidationError:
            continue
        if not unable(wanted, parties):
            found.append(name)
    return found


def chosen(able: list[str], train: Train, files: Sequence[Source], expect: Expect, key_bits: int) -> str:
    """The fastest engine of those that are able, by what was measured."""
    if len(able) == 1:
        return able[0]
    seen = [size for data in files if (size := _size(data))]
    listed = [len(data.features) for data in files if data.features]
    rows = [n for n, _ in seen] or [ROWS]
    columns = [*listed, *(m for _, m in seen)] or [COLUMNS]
    score = train.protection == "score"
    work = Work(
        rows=expect.rows or min(rows),
        columns=expect.columns or max(columns),
        parties=len(files),
        computing=1 if score else 2,
        rounds=min(train.max_rounds, costs.ROUNDS.get(train.optimiser, train.max_rounds)),
        ring_bits=64 if score else 128,
        key_bits=key_bits,
        link_mbit=expect.link_mbit,
    )
    return costs.cheapest(work, able)


def _size(data: Source) -> tuple[int, int] | None:
    """About how many rows a CSV file has, and how many features; None of another source, or if it is not here."""
    place = data.place
    if not isinstance(place, Csv):
        return None
    try:
        with place.file.open("rb") as file:
            sample = file.read(_SAMPLE)
            rest = place.file.stat().st_size - len(sample)
    except OSError:
        return None
    header, *lines = sample.splitlines() or [b""]
    if not lines:
        return None
    known = len(data.made_of.columns) + (data.label is not None)
    separators = [place.delimiter.encode()] if place.delimiter else _SEPARATORS
    cells = 1 + max(header.count(separator) for separator in separators)
    columns = len(data.features) if data.features is not None else cells - known
    length = (len(sample) - len(header)) / len(lines)
    return max(1, len(lines) + int(rest / length)), max(1, columns)
