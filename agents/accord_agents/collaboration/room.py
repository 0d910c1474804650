"""Contents that would be larger than what a peer takes: found by the announced sizes, before they are computed.

Nothing else has such a bound: large results are files in pieces, and what stands in one row of the journal, or is
encrypted in one go, is at most a chunk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from accord_agents.collaboration.composer import budget
from accord_protocols.graph import flags
from accord_protocols.graph.neighbourhoods import Shape
from accord_protocols.graph.scale import Scale
from accord_protocols.matching.layout import largest
from accord_protocols.phases.alignment.star import question_bytes
from accord_protocols.phases.query.database import layout_of, server
from accord_protocols.phases.query.query import BATCH
from accord_protocols.phases.training.levels import level_of
from accord_protocols.primitives.onehot.halftree import cell_bytes
from accord_protocols.primitives.psi import groups
from accord_protocols.primitives.psi.okvs import VALUE, Geometry
from accord_schemas.agreement import Agreement
from accord_schemas.errors import ProtocolError
from accord_schemas.graph import COMPARES, Graph
from accord_schemas.header import MAX_CHUNKS

POINT = groups.SM2.width
"""Bytes of a point, at most."""
ENTRY = 16
"""Bytes of an entry of a graph's tables."""
HEAD = 4096
"""Bytes that names and shapes of a content's fields have, at most."""


@dataclass(frozen=True, slots=True)
class TooLarge:
    """A content that does not fit.

    Args:
        party: Whose set makes it so large; empty where it is everybody's rows.
        detail: Number, bytes, limit and remedy.
    """

    party: str
    detail: str


def room(agreement: Agreement) -> int:
    """Bytes that a content may have: what a peer lets wait for the last chunk, in as many chunks as a header counts."""
    chunk = agreement.limits.chunk_bytes
    return min(budget(agreement) // chunk, MAX_CHUNKS) * chunk


def too_large(agreement: Agreement, sizes: Mapping[str, int], rows: int = 0, cells: int = 0) -> Iterator[TooLarge]:
    """What will not fit.

    Args:
        agreement: Says who leads, how long keys are, and how contents are cut.
        sizes: Ids of the parties of which it is known.
        rows: TRAIN rows, once they are known.
        cells: Rows times columns of the party that has most, once they are known.
    """
    most = room(agreement)
    if agreement.query is not None:
        yield from _queries(agreement, sizes, most)
    if agreement.graph is not None:
        if agreement.graph.task in COMPARES:
            yield from _neighbourhoods(agreement.graph, most)
            return
        scale, width = Scale.of(agreement), -(-2 * agreement.key_bits // 8)
        entries = scale.terms.size * flags.values(scale) * ENTRY
        if (size := max(scale.numbers * width, entries)) + HEAD > most:
            remedy = "agree on shorter keys, fewer rounds or fewer vertices"
            yield TooLarge("", _detail(f"{scale.terms.size:,} vertices", size, most, remedy))
        return
    if agreement.match is not None:
        yield from _matches(agreement, sizes, most)
        return
    for party, ids in sorted(sizes.items()):
        leads = party == agreement.leader
        size = question_bytes(agreement, ids) if leads else Geometry.of(ids).rows * VALUE
        if size + HEAD > most:
            remedy = "let a party with fewer ids lead, agree on shorter keys, or" if leads else "have"
            yield TooLarge(party, _detail(f"{ids:,} ids of {party}", size, most, f"{remedy} the set split"))
    if agreement.train and (size := rows * level_of(agreement).row_bytes(agreement)) + HEAD > most:
        yield TooLarge("", _detail(f"{rows:,} TRAIN rows", size, most, "agree on shorter keys, or train on fewer rows"))
    binning = agreement.binning
    leaves = agreement.trees.bins if agreement.trees else binning.leaves if binning else 0
    if leaves and (size := cells * cell_bytes(leaves)) + HEAD > most:
        yield TooLarge(
            "", _detail(f"{cells:,} cells of a party", size, most, "agree on fewer train.bins, or train on fewer rows")
        )


def _queries(agreement: Agreement, sizes: Mapping[str, int], most: int) -> Iterator[TooLarge]:
    """Of hidden queries: what the client needs of the server's table, and a batch of questions."""
    asked, terms = server(agreement), agreement.query
    if terms is None or asked not in sizes:
        return
    try:
        layout = layout_of(agreement, sizes[asked])
    except ProtocolError:
        yield TooLarge(asked, f"{sizes[asked]:,} ids of {asked} make questions that no chunk carries; split the set")
        return
    size = max(layout.hint, BATCH * max(layout.question, layout.answer))
    if size + HEAD > most:
        remedy = "agree on a smaller query.width, or have the set split"
        yield TooLarge(asked, _detail(f"{sizes[asked]:,} ids of {asked}", size, most, remedy))


def _matches(agreement: Agreement, sizes: Mapping[str, int], most: int) -> Iterator[TooLarge]:
    """Of pictures: the gallery, and what the client looks up of it for all its probes at a time."""
    assert agreement.match is not None
    for party, pictures in sorted(sizes.items()):
        other = next((size for name, size in sizes.items() if name != party), 1)
        size = largest(agreement.match, *((other, pictures) if party == agreement.leader else (pictures, other)))
        if size + HEAD > most:
            remedy = "look for fewer at a time, or have the gallery split"
            yield TooLarge(party, _detail(f"{pictures:,} images of {party}", size, most, remedy))


def _neighbourhoods(terms: Graph, most: int) -> Iterator[TooLarge]:
    """Of compared neighbourhoods: all questions, and a table."""
    shape = Shape(terms)
    entries, width = shape.table
    for what, remedy, size in (
        (f"{shape.texts:,} neighbours that may be asked for", "agree on fewer queries", shape.texts * POINT),
        (f"{entries:,} entries of a table", "agree on fewer vertices, or fewer max_edges", entries * width),
    ):
        if size + HEAD > most:
            yield TooLarge("", _detail(what, size, most, remedy))


def _detail(what: str, size: int, most: int, remedy: str) -> str:
    return (
        f"{what} make a content of {size:,} bytes, and one may have {most:,} "
        f"(limits.max_rows, limits.chunk_bytes, at most 4 GiB): {remedy}"
    )
