"""Tasks of computing over graphs. Of the agreement each that needs them has ``terms``, ``parties`` and ``key_bits``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_protocols.graph import encrypted, flags, meeting, neighbourhoods
from accord_protocols.graph.adjacency import Adjacency
from accord_protocols.graph.drawing import drawing
from accord_protocols.graph.edges import Edges
from accord_protocols.graph.neighbourhoods import Shape
from accord_protocols.graph.scale import FRACTION_BITS, Scale
from accord_protocols.primitives.paillier.keys import PublicKey
from accord_protocols.primitives.psi import groups
from accord_protocols.primitives.psi.ot.code import hash_ids
from accord_protocols.primitives.psi.tags import find
from accord_protocols.primitives.sharing import RING, Words
from accord_protocols.primitives.xof import Xof
from accord_protocols.tasks import transfer
from accord_protocols.tasks.registry import Context, Result
from accord_schemas.bigints import from_block
from accord_schemas.errors import ProtocolError
from accord_schemas.graph import Graph
from accord_schemas.suites import SM

# ---- flags


def deal(context: Context) -> Result:
    """A party that does not compute: its flags, less what the first holder draws. Inputs: kappa."""
    scale = _scale(context)
    drawn = flags.drawn(scale, _flags_of(context.inputs["kappa"]))
    return Result({"shares": flags.taken(scale, flags.own(scale, _edges(context)), drawn)})


def gather(context: Context) -> Result:
    """A computing party: its own flags and its parts of the others'. Inputs: by party P kappa.P, or shares.P."""
    scale = _scale(context)
    held = flags.own(scale, _edges(context))
    for party, shares in _by_party(context, "shares"):
        if shares.shape != held.shape or (scale.terms.task == "risk" and (shares >= flags.values(scale)).any()):
            raise ProtocolError("shares of flags are not as agreed", whose=party)
        held = flags.added(scale, held, shares)
    for _, kappa in _by_party(context, "kappa"):
        held = flags.added(scale, held, flags.drawn(scale, _flags_of(kappa)))
    return Result({"share": held})


def items(context: Context) -> Result:
    """Hashes of what keys of entries are of. Inputs: sid; at the first holder held."""
    return Result({"hashes": _hashed(context, flags.items(_scale(context), context.inputs.get("held")))})


def table(context: Context) -> Result:
    """The second holder: its table and its share. Inputs: held, tags."""
    entries, share = flags.table(_scale(context), context.inputs["held"], context.inputs["tags"], context.xof)
    return Result({"values": entries, "share": share})


def choose(context: Context) -> Result:
    """The first holder: its share. Inputs: held, tags, values."""
    scale, inputs = _scale(context), context.inputs
    return Result({"share": flags.chosen(scale, inputs["held"], inputs["tags"], inputs["values"])})


# ---- products that are prepared


def mask(context: Context) -> Result:
    """What hides this part's answers from the owner of the key. Inputs: key, rows."""
    scale = _scale(context)
    numbers, offsets = encrypted.masks(
        _key(context), len(context.inputs["rows"]), scale.slots, scale.slot_bits, context.xof
    )
    return Result({"numbers": numbers, "offsets": offsets})


def blind(context: Context) -> Result:
    """What makes this part's answers unlike what a peer could compute. Inputs: key, rows."""
    return Result({"numbers": encrypted.blinds(_key(context), len(context.inputs["rows"]), context.xof)})


def multiply(context: Context) -> Result:
    """This part's rows of the own edges times encrypted pads. Inputs: key, numbers, rows, hiding."""
    scale, inputs, public = _scale(context), context.inputs, _key(context)
    matrix, size, found = _matrix(context), scale.terms.size, []
    rows = inputs["rows"]
    for block in range(scale.blocks):
        own = np.flatnonzero(rows // size == block)
        if len(own):
            first, last = int(rows[own[0]]) - block * size, int(rows[own[-1]]) - block * size
            numbers = inputs["numbers"][block * size : (block + 1) * size]
            found.append(encrypted.products(public, numbers, matrix, range(first, last + 1), inputs["hiding"][own]))
    return Result({"numbers": np.concatenate(found)})


def combine(context: Context) -> Result:
    """This part's answers of all others, with the own. Inputs: key, numbers, by party P part.P."""
    public, total = _key(context), context.inputs["numbers"]
    for party, numbers in _by_party(context, "part"):
        try:
            total = encrypted.combined(public, (total, numbers))
        except ProtocolError as error:
            error.whose = party
            raise
    return Result({"numbers": total})


# ---- rounds


def cover(context: Context) -> Result:
    """The share under the pad of the first round. Inputs: share, masks."""
    return Result({"values": RING.sub(context.inputs["share"], _column(_scale(context), context.inputs["masks"], 0))})


def part(context: Context) -> Result:
    """A party that does not compute: its edges' part, less a common mask. Inputs: kappa, round, covered.P."""
    total = RING.from_int64(np.zeros(_scale(context).terms.size, np.int64))
    for _, values in _by_party(context, "covered"):
        total = RING.add(total, values)
    drawn = _part_of(context.inputs["kappa"], context.inputs["round"], len(total))
    return Result({"shares": RING.sub(_matrix(context).times(total), drawn)})


def step(context: Context) -> Result:
    """A computing party's share after a round, and under the next round's pad, if there is one.

    Inputs: round, first, share, flags, masks, products, offsets, covered, zero; by party P kappa.P, or part.P.
    """
    scale, inputs, number = _scale(context), context.inputs, context.inputs["round"]
    total = _matrix(context).times(RING.add(inputs["share"], inputs["covered"]))
    total = RING.add(total, _column(scale, inputs["products"], number))
    total = RING.sub(total, _column(scale, inputs["offsets"], number))
    for _, shares in _by_party(context, "part"):
        total = RING.add(total, shares)
    for _, kappa in _by_party(context, "kappa"):
        total = RING.add(total, _part_of(kappa, number, len(total)))
    damped = scale.damped(total, Xof(inputs["zero"], "graph zero", number), first=inputs["first"])
    share = RING.add(damped, inputs["flags"])
    last = number + 1 == scale.rounds
    masked = share[:0] if last else RING.sub(share, _column(scale, inputs["masks"], number + 1))
    return Result({"share": share, "covered": masked})


# ---- results


def scores(context: Context) -> Result:
    """Whoever learns the scores. Inputs: by computing party P share.P."""
    total = RING.from_int64(np.zeros(_scale(context).terms.size, np.int64))
    for _, shares in _by_party(context, "share"):
        total = RING.add(total, shares)
    found = np.ldexp(total[:, 0].view(np.int64).astype(np.float64), -FRACTION_BITS)
    order = np.argsort(-found, kind="stable").tolist()
    return Result({"values": found, "drawing": drawing(context.rows.ids, _edges(context), order, found[order])})


def ask(context: Context) -> Result:
    """Who asks: hashes of what it asks for with its shares; what nobody can have fills them up. Inputs: sid, share."""
    asked, queries = _edges(context).asked.tolist(), _scale(context).terms.queries
    texts = _texts(context.inputs["share"][asked], asked)
    texts += [context.xof.fork("nobody", k).bytes(32).hex() for k in range(queries - len(asked))]
    return Result({"hashes": _hashed(context, texts)})


def held(context: Context) -> Result:
    """Whom is asked: hashes of all vertices with what the other has where a count is zero. Inputs: sid, share."""
    share = context.inputs["share"]
    return Result({"hashes": _hashed(context, _texts(RING.sub(np.zeros_like(share), share), range(len(share))))})


def reached(context: Context) -> Result:
    """Who asked: which of them are reached: those whose count is not zero. Inputs: marks, and as `ot.joined` has."""
    marks, asked = context.inputs["marks"], _edges(context).asked
    tags = np.ascontiguousarray(transfer.by_row(context)[: len(asked), : marks.shape[1]])
    found = (find(marks, tags) < 0).astype(np.float64)
    return Result({"values": found, "drawing": drawing(context.rows.ids, _edges(context), asked.tolist(), found)})


# ---- neighbourhoods; each of these is given sid, and domain of this edge


def blinded(context: Context) -> Result:
    """Who asks: all questions, blinded."""
    terms, inputs, xof = _terms(context), context.inputs, context.xof
    asked = neighbourhoods.questions(terms, _edges(context), inputs["sid"], xof.fork("nobody"))
    return Result({"numbers": meeting.blind(_group(context), asked, inputs["domain"], xof.fork("scalars"))})


def listed(context: Context) -> Result:
    """Whom is asked: its table."""
    terms, inputs, xof, group = _terms(context), context.inputs, context.xof, _group(context)
    own, key = neighbourhoods.held(terms, _edges(context), inputs["sid"]), group.random_scalar(xof.fork("key"))
    fill = xof.fork("fill")
    return Result({"tags": meeting.table(group, key, own, Shape(terms).table, inputs["domain"], fill)})


def evaluated(context: Context) -> Result:
    """Whom is asked, with the key of its `listed`: the questions under its own scalar. Inputs: numbers."""
    terms, group, xof = _terms(context), _group(context), context.xof
    shape, key = Shape(terms), group.random_scalar(xof.fork("key"))
    shuffle = None if shape.names else xof.fork("order")
    return Result({"numbers": meeting.evaluated(group, key, context.inputs["numbers"], shape.each, shuffle)})


def met(context: Context) -> Result:
    """Who asked, with the key of its `blinded`: question, vertex, and how much they have in common, ``(k, 3)``.

    A vertex that is none counts as nothing: an error would tell the other one what was asked. Inputs: numbers, tags.
    """
    terms, inputs, asked = _terms(context), context.inputs, _edges(context).asked
    scalars = context.xof.fork("scalars")
    found = meeting.opened(_group(context), inputs["numbers"], terms.queries, inputs["tags"], inputs["domain"], scalars)
    found = found[(found[:, 0] < len(asked)) & (found[:, 1] < terms.size)]
    if not Shape(terms).names:
        counts = np.bincount(found[:, 0], minlength=len(asked))
        return Result({"values": np.stack([np.arange(len(asked)), asked.astype(np.int64), counts], axis=1)})
    pairs, counts = np.unique(found, axis=0, return_counts=True)
    return Result({"values": np.column_stack([pairs, counts])})


def united(context: Context) -> Result:
    """Who asked: rows ``(k, 4)`` of party by number, question, vertex, and how much; what is drawn. Inputs: by party P
    values.P.
    """
    asked, terms = _edges(context).asked.tolist(), _terms(context)
    parts = [np.column_stack([np.full(len(v), k), v]) for k, (_, v) in enumerate(_by_party(context, "values"))]
    rows = np.concatenate(parts)
    weights = None if Shape(terms).names else rows[:, 3]
    shown = np.bincount(rows[:, 1], weights, minlength=len(asked)).astype(np.float64)
    return Result({"values": rows, "drawing": drawing(context.rows.ids, _edges(context), asked, shown)})


# ---- parts


def _terms(context: Context) -> Graph:
    return Graph.model_validate_json(context.inputs["terms"])


def _group(context: Context) -> groups.Group:
    return groups.SM2 if context.inputs["profile"] == SM else groups.RISTRETTO


def _scale(context: Context) -> Scale:
    inputs = context.inputs
    return Scale(_terms(context), inputs["parties"], inputs["key_bits"])


def _edges(context: Context) -> Edges:
    edges = context.rows.edges
    assert edges is not None, "the party's data are no graph"
    return edges


def _matrix(context: Context) -> Adjacency:
    return _scale(context).adjacency(_edges(context))


def _key(context: Context) -> PublicKey:
    return PublicKey(from_block(context.inputs["key"])[0])


def _flags_of(kappa: bytes) -> Xof:
    return Xof(kappa, "graph flags")


def _part_of(kappa: bytes, number: int, size: int) -> Words:
    return RING.random(Xof(kappa, "graph part", number), size)


def _column(scale: Scale, array: Words, number: int) -> Words:
    """Of pads and what belongs to them, a round's, ``(n, 2)``."""
    block, slot = divmod(number, scale.slots)
    size = scale.terms.size
    return np.ascontiguousarray(array[block * size : (block + 1) * size, slot])


def _texts(share: Words, places: Any) -> list[str]:
    return [f"{place} {value:032x}" for place, value in zip(places, RING.to_ints(share, signed=False), strict=True)]


def _hashed(context: Context, texts: list[str]) -> NDArray[np.uint8]:
    return hash_ids(texts, context.inputs["sid"], len(texts))


def _by_party(context: Context, field: str) -> Iterator[tuple[str, Any]]:
    """NAME.PARTY, by party."""
    for name in sorted(context.inputs):
        first, dot, party = name.partition(".")
        if dot and first == field:
            yield party, context.inputs[name]
