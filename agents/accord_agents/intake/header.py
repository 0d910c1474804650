"""Which column of the file is what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from accord_schemas.errors import UsageError


@dataclass(frozen=True)
class Layout:
    """Positions of the columns that are used: of the id, the features in their order, and by its use each other one.

    Others are `label`, `weights` and `exposure`, as far as they are read, in this order; `cells` are those whose cells
    are kept as they are written.
    """

    id: tuple[int, ...]
    features: tuple[int, ...]
    others: dict[str, int]
    cells: tuple[int, ...] = ()


def layout(
    file: str,
    header: list[str],
    key: Sequence[str],
    others: Mapping[str, str],
    features: list[str] | None,
    *,
    ids_only: bool,
    head: str = "",
    wanted_by: str = "features",
    cells: Sequence[str] = (),
) -> Layout:
    """Find the named columns in the header; without `features`, all that have no other use are features.

    With `ids_only` others and features must exist if named, but are not read; `head` is where the header stands, and
    `wanted_by` what names the features. The columns of `cells` may have another use besides.

    Raises:
        UsageError: A column is unknown, unnamed, named twice or used twice.
    """
    head = head or file
    for position, name in enumerate(header):
        if not name.strip():
            raise UsageError(f"{head}: column {position + 1} has no name.", hint="Name it or remove it.")
        if name in header[:position]:
            raise UsageError(
                f"{head}: columns {header.index(name) + 1} and {position + 1} have the same name.",
                hint="Rename or remove one of them.",
                private=f"Both are {name!r}.",
            )
    id_at = tuple(_find(file, header, name, "id") for name in key)
    found = {use: _find(file, header, name, use) for use, name in others.items()}
    taken = [*id_at, *found.values()]
    if features is None:
        chosen = [position for position in range(len(header)) if position not in taken]
    else:
        chosen = [_find(file, header, name, wanted_by) for name in features]
    used = taken + chosen
    for position in used:
        if used.count(position) > 1:
            raise UsageError(
                f"{file}: column {header[position]!r} is named twice among {', '.join(['id', *others, wanted_by])}.",
                hint="Each column has one use.",
            )
    kept = tuple(_find(file, header, name, "columns") for name in cells)
    return Layout(id_at, () if ids_only else tuple(chosen), {} if ids_only else found, kept)


def _find(file: str, header: list[str], name: str, use: str) -> int:
    if name in header:
        return header.index(name)
    near = get_close_matches(name, header, 1, 0.6)
    hint = f"Did you mean {near[0]!r}?" if near else "Names count letter by letter; compare them with what is there."
    has = "It has " + ", ".join(map(repr, header[:10])) + (", ..." if len(header) > 10 else ".")  # or is a row of data
    raise UsageError(f"{file} has no column {name!r}, given as {use}.", hint=hint, private="" if near else has)
