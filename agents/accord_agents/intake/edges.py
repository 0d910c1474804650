"""A party's part of a graph as a checked snapshot: edges, flags and questions over an agreed list of vertices.

Files are CSV (RFC 4180, UTF-8), read once, line by line; in memory are 16 bytes an edge. Vertices are normalised like
ids.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path

import numpy as np

from accord_agents.files.places import Csv
from accord_agents.intake import csv_rows
from accord_agents.intake.header import layout
from accord_agents.intake.rows import Cells, Numbers, Unfit, text_of
from accord_agents.intake.snapshot import Snapshot, write_graph
from accord_agents.intake.table import Report
from accord_protocols.graph.adjacency import Adjacency
from accord_protocols.graph.edges import Edges, listed
from accord_protocols.primitives.psi.ids import normalise
from accord_schemas.errors import UsageError
from accord_schemas.graph import Graph

ID = "id"
"""The column of a list of vertices, of flags and of questions."""
WEIGHT = "weight"
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class EdgeSource:
    """A party's files.

    Args:
        edges: An edge a row.
        source: Column of one end.
        target: Column of the other.
        weight: Column of weights; None where every edge weighs 1.
        vertices: The agreed list, a vertex a row in column id.
        flagged: Whom this party flags, likewise; None for nobody.
        ask: For whom it asks, likewise.
        terms: What was agreed.
        asks: Whether it is to ask.
    """

    edges: Path
    source: str
    target: str
    weight: str | None
    vertices: Path
    flagged: Path | None
    ask: Path | None
    terms: Graph
    asks: bool


def take_edges(source: EdgeSource, folder: Path) -> Snapshot:
    """Read a party's part of a graph into a snapshot.

    Args:
        source: The files.
        folder: Where the snapshot goes; made if needed.

    Raises:
        UsageError: A file cannot be read or used; names file, line, column and what to do.
        AccordError: The folder cannot be written.
    """
    vertices = vertex_list(source.vertices)
    if (listed(vertices), len(vertices)) != (source.terms.vertices, source.terms.size):
        raise UsageError(
            f"{source.vertices.name} is not the agreed list: it has {len(vertices):,} vertices, "
            f"the agreement {source.terms.size:,}, or others, or in another order.",
            hint="Use the very file that the parties agreed on.",
        )
    places = {vertex: place for place, vertex in enumerate(vertices)}
    read = _Reading(source, places)
    found, report = read.edges()
    flagged = read.marked(source.flagged, "flagged")
    asked = read.marked(source.ask, "asked for") if source.asks else array("I")
    if source.asks and not asked:
        said = "nothing is asked for: the asker's data name no vertices."
        raise UsageError(said, hint="Set data.ask to a CSV with a column id.")
    if len(asked) > source.terms.queries and source.ask is not None:
        raise UsageError(
            f"{source.ask.name} asks for {len(asked):,} vertices, and {source.terms.queries:,} are agreed.",
            hint="Ask for fewer, or agree on more: graph.queries.",
        )
    columns = [np.frombuffer(part, np.uint32) if part else np.zeros(0, np.uint32) for part in found[:2]]
    weights = np.frombuffer(found[2], np.float64) if found[2] else np.zeros(0)
    flags = np.sort(np.frombuffer(flagged, np.uint32)) if flagged else np.zeros(0, np.uint32)
    questions = np.frombuffer(asked, np.uint32) if asked else np.zeros(0, np.uint32)
    edges = Edges(columns[0], columns[1], weights, flags, questions)
    _strong(source, vertices, edges)
    _few(source, vertices, edges)
    return write_graph(vertices, edges, report, folder)


def vertex_list(csv: Path) -> list[str]:
    """The vertices in a file, in its order.

    Raises:
        UsageError: It cannot be read, names a vertex twice, or none.
    """
    places: dict[str, int] = {}
    for line, cells in _rows(csv, {"vertices": ID}):
        vertex = _vertex(csv, line, ID, cells[ID])
        if vertex in places:
            raise UsageError(
                f"{csv.name} line {line} names a vertex again, as line {places[vertex]} does.", hint="Name each once."
            )
        places[vertex] = line
    if len(places) < 2:
        raise UsageError(f"{csv.name} names {len(places)} vertices; a graph has at least 2.", hint="Give one a row.")
    return list(places)


@dataclass
class _Reading:
    """Reads a party's files against the list."""

    source: EdgeSource
    places: Mapping[str, int] = field(repr=False)

    def edges(self) -> tuple[tuple[array[int], array[int], array[float]], Report]:
        """Ends and weights, and what was left out."""
        data, loops, rows = self.source, 0, 0
        wanted = {"source": data.source, "target": data.target} | ({WEIGHT: data.weight} if data.weight else {})
        found = array("I"), array("I"), array("d")
        for line, cells in _rows(data.edges, wanted):
            rows += 1
            a, b = (self._place(data.edges, line, column, cells[column]) for column in (data.source, data.target))
            weight = self._weight(line, cells[data.weight]) if data.weight else 1.0
            if a == b:
                loops += 1
                continue
            found[0].append(a)
            found[1].append(b)
            found[2].append(weight)
        said = (f"{loops} of {rows} edges join a vertex with itself and were left out.",) if loops else ()
        return found, Report(rows, 0, 0, said)

    def marked(self, csv: Path | None, what: str) -> array[int]:
        """The places of vertices in a file, each once."""
        found: dict[int, None] = {}
        for line, cells in _rows(csv, {what: ID}) if csv is not None else ():
            found[self._place(csv, line, ID, cells[ID])] = None
        return array("I", found)

    def _place(self, csv: Path | None, line: int, column: str, cell: str) -> int:
        assert csv is not None
        vertex = _vertex(csv, line, column, cell)
        if vertex not in self.places:
            raise UsageError(
                f"{csv.name} line {line}, column {column!r}: the vertex is not on the agreed list.",
                hint=f"Agree on a list that has it ({self.source.vertices.name}), or leave the row out.",
                private=f"It is {vertex[:40]!r}.",
            )
        return self.places[vertex]

    def _weight(self, line: int, cell: str) -> float:
        try:
            weight = float(cell)
        except ValueError:
            weight = 0.0
        if not (isfinite(weight) and weight > 0):
            raise UsageError(
                f"{self.source.edges.name} line {line}, column {self.source.weight!r}: a weight is a number above 0.",
                hint="Give every edge a weight, or leave out data.weight to have all weigh 1.",
                private=f"It is {cell[:40]!r}.",
            )
        return weight


def _strong(source: EdgeSource, vertices: list[str], edges: Edges) -> None:
    """See to it that no vertex is stronger than was agreed."""
    if source.terms.task != "risk":
        return
    strength = np.bincount(edges.sources, edges.weights, len(vertices))
    strength += np.bincount(edges.targets, edges.weights, len(vertices))
    worst = int(strength.argmax())
    if strength[worst] > source.terms.max_strength * (1 + _ROUNDING):
        raise UsageError(
            f"{source.edges.name}: the weights at the vertex {vertices[worst][:40]!r} add up to {strength[worst]:g}, "
            f"more than the agreed max_strength of {source.terms.max_strength:g}.",
            hint="Have it proposed with a graph.max_strength that is as large, or scale all parties' weights down.",
        )


def _few(source: EdgeSource, vertices: list[str], edges: Edges) -> None:
    """See to it that neighbourhoods are no larger than was agreed."""
    terms = source.terms
    if terms.task != "common_neighbours":
        return
    matrix = Adjacency.of(edges, terms.size, None)
    degrees = np.diff(matrix.starts)
    if (found := len(matrix.columns) // 2) > terms.max_edges:
        raise UsageError(
            f"{source.edges.name} has {found:,} edges, and max_edges is agreed to be {terms.max_edges:,}.",
            hint="Have it proposed with a larger graph.max_edges, or leave edges out.",
        )
    if len(edges.asked) and degrees[edges.asked].max() > terms.degree:
        worst = int(edges.asked[degrees[edges.asked].argmax()])
        raise UsageError(
            f"{source.edges.name}: the vertex {vertices[worst][:40]!r} is asked for and has {degrees[worst]:,} "
            f"neighbours, more than the agreed degree of {terms.degree:,}.",
            hint="Do not ask for it, or agree on a larger graph.degree.",
        )


def _rows(csv: Path, wanted: Mapping[str, str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line and cells by column of every row of a file; weights with a point before their decimals."""
    with csv_rows.opened(Csv(csv)) as rows:
        found = layout(rows.name, rows.header, (), wanted, [], ids_only=False, head=rows.head).others
        names = [place for use, place in found.items() if use != WEIGHT]
        for block in rows.blocks((), list(found.values()), names, None):
            cells = dict(zip(wanted.values(), map(_texts, block.columns), strict=True))
            if WEIGHT in wanted:
                column = wanted[WEIGHT]
                cells[column] = [cell.replace(block.decimal, ".") for cell in cells[column]]
            for line, *row in zip(block.places, *cells.values(), strict=True):
                yield line, dict(zip(cells, row, strict=True))


def _texts(cells: Cells) -> Sequence[str]:
    found = text_of(cells)
    assert not isinstance(found, Numbers | Unfit), "cells of a CSV file are text"
    return found


def _vertex(csv: Path, line: int, column: str, cell: str) -> str:
    try:
        return normalise(cell)
    except UsageError as error:
        place = f"{csv.name} line {line}, column {column!r}"
        raise UsageError(f"{place}: {error.message}", hint=error.hint, private=error.private) from None
