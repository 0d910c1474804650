"""Tasks of entity alignment by OT extension, see `accord_protocols.phases.alignment.transfer`.

Of a party: ``sid`` is the session that all share, ``edge`` that of leader and server, ``leader`` the announced size of
the leader's set, by which its table is cut, and ``code`` what ids become.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.psi.ot import oprf, seeds, table
from accord_protocols.primitives.psi.ot.code import Shape, hash_ids
from accord_protocols.primitives.psi.ot.codes import CODES, Code
from accord_protocols.primitives.psi.ot.extension import CHUNK
from accord_protocols.primitives.psi.ot.f4 import Bits, Factors, Secret
from accord_protocols.primitives.psi.ot.loops import LARGE, warm
from accord_protocols.primitives.psi.tags import find, in_order
from accord_protocols.tasks.pieces import Numbers, pieces, rows_of
from accord_protocols.tasks.registry import Context, Result, some
from accord_schemas.errors import ProtocolError

ROWS = 4 * CHUNK
"""Rows of the table in a part of a task: whole chunks, so that a part follows from its number."""


def warmed(context: Context) -> Result:
    """Have the inner loops compiled before they are needed, where the own set will need them."""
    if len(context.rows.ids) >= LARGE:
        warm()
    return Result({})


def hashed(context: Context) -> Result:
    """Hashes of this part's ids. Inputs: sid."""
    return Result({"hashes": hash_ids(context.ids, context.inputs["sid"], len(context.rows.ids))})


def solved(context: Context) -> Result:
    """Leader: this part's buckets of the table of its ids. Inputs: sid, hashes, buckets, code."""
    hashes, buckets = context.inputs["hashes"], context.inputs["buckets"].tolist()
    numbers, shape = range(buckets[0], buckets[-1] + 1), Shape(len(hashes), _code(context))
    return Result({"table": table.solve_some(pieces(hashes), context.inputs["sid"], shape, numbers, context.threads)})


def choices(context: Context) -> Result:
    """Server: public keys of the base transfers. Inputs: edge, code."""
    return Result({"points": seeds.Server(context.inputs["edge"], context.xof, _code(context)).points})


def answered(context: Context) -> Result:
    """Leader: the other half of the base transfers, and all leaves. Inputs: edge, points, code."""
    answer, leaves = seeds.answer(context.inputs["points"], context.inputs["edge"], context.xof, _code(context))
    corrections = answer.corrections.reshape(-1, answer.corrections.shape[-1])
    return Result({"point": answer.point, "corrections": corrections, "leaves": leaves})


def learned(context: Context) -> Result:
    """Server, with the key of its `choices`: its factors and leaves. Inputs: edge, point, corrections, code.

    Of bits, the factors are all low.
    """
    corrections = context.inputs["corrections"]
    answer = seeds.Answer(context.inputs["point"], corrections.reshape(-1, 2, corrections.shape[1]))
    secret = seeds.Server(context.inputs["edge"], context.xof, _code(context)).learn(answer)
    factors = secret.factors
    low, high = (factors.low, factors.high) if isinstance(factors, Factors) else (factors.bits, factors.bits[:0])
    return Result({"low": low, "high": high, "leaves": secret.leaves})


def masked(context: Context) -> Result:
    """Leader: a part of its table hidden, and of its own rows. Inputs: leader, table, leaves."""
    inputs = context.inputs
    hidden, own = oprf.mask(inputs["table"], inputs["leaves"], _first(context), inputs["leader"])
    return Result({"table": hidden, "rows": own})


def unmasked(context: Context) -> Result:
    """Server: a part of the rows that it reads. Inputs: leader, table, low, high, leaves."""
    secret = seeds.Secret(_factors(context), context.inputs["leaves"])
    return Result({"rows": oprf.unmask(context.inputs["table"], secret, _first(context), context.inputs["leader"])})


def tagged(context: Context) -> Result:
    """Tags of this part's hashes. Inputs: sid, edge, leader, code, hashes, rows; at the server low and high as well."""
    inputs = context.inputs
    session = oprf.Session(inputs["sid"], inputs["edge"], Shape(inputs["leader"], _code(context)))
    factors, rows = _factors(context) if "low" in inputs else None, inputs["rows"]
    if len(rows) != session.shape.rows:
        raise ProtocolError("a masked table is not of the announced size")
    tags = oprf.evaluate_by(inputs["hashes"], partial(some, rows), session, factors, threads=context.threads)
    return Result({"tags": tags})


def marked(context: Context) -> Result:
    """Server of two parties: the beginnings of its tags, sorted. Inputs: tags, size."""
    return Result({"tags": in_order(_beginnings(context.inputs["tags"], context.inputs["size"]))})


def matched(context: Context) -> Result:
    """Leader of two parties: rows whose tags begin with one of the server's marks, in a random order, and these tags.

    Inputs, by server P: tags, marks.
    """
    ((name, tags),) = ((name, value) for name, value in context.inputs.items() if name.startswith("tags."))
    marks = context.inputs[name.replace("tags", "marks", 1)]
    rows = np.flatnonzero(find(marks, _beginnings(tags, marks.shape[1])) >= 0)
    rows = rows[context.xof.permutation(len(rows))]
    return Result({"rows": rows, name: rows_of(tags, rows)})


def _beginnings(tags: Numbers, size: int) -> NDArray[np.uint8]:
    """The first bytes of every row."""
    found, at = np.empty((len(tags), size), np.uint8), 0
    for piece in pieces(tags):
        found[at : at + len(piece)] = piece[:, :size]
        at += len(piece)
    return found


def _factors(context: Context) -> Secret:
    low, high = (np.asarray(context.inputs[name]) for name in ("low", "high"))
    return Factors(low, high) if len(high) else Bits(low)


def _code(context: Context) -> Code:
    return CODES[context.inputs["code"]]


def _first(context: Context) -> int:
    return context.part * (ROWS // CHUNK)
