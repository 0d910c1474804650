"""Tasks of entity alignment by OT extension, see `accord_protocols.phases.alignment.transfer`.

Of a party: ``sid`` is the session that all share, ``edge`` that of leader and server, ``leader`` the announced size of
the leader's set, by which its table is cut, and ``code`` what ids become. Of a bucket: ``bucket`` is its number, and
``ends`` says where each one's hashes end.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.psi.ot import oprf, seeds, table
from accord_protocols.primitives.psi.ot.code import Shape, hash_ids
from accord_protocols.primitives.psi.ot.codes import CODES, Code
from accord_protocols.primitives.psi.ot.f4 import Bits, Factors
from accord_protocols.primitives.psi.ot.loops import LARGE, warm
from accord_protocols.primitives.psi.tags import as_items, find, in_order, some_of
from accord_protocols.primitives.threads import each
from accord_protocols.tasks.pieces import Numbers, pieces, rows_of
from accord_protocols.tasks.registry import Context, Result, some
from accord_schemas.blob import loaded
from accord_schemas.errors import ProtocolError


def warmed(context: Context) -> Result:
    """Have the inner loops compiled before they are needed, where the own set will need them."""
    if len(context.rows.ids) >= LARGE:
        warm()
    return Result({})


def hashed(context: Context) -> Result:
    """Hashes of this part's ids. Inputs: sid."""
    return Result({"hashes": hash_ids(context.ids, context.inputs["sid"], len(context.rows.ids))})


def bucketed(context: Context) -> Result:
    """The own hashes by bucket, which rows they are of, and where each bucket ends. Inputs: leader, code, hashes."""
    hashes = context.inputs["hashes"]
    order, ends = _shape(context).order(hashes)
    return Result({"hashes": some_of(hashes, order), "order": order.astype(np.int64), "ends": ends.astype(np.int64)})


def solved(context: Context) -> Result:
    """Leader of several servers: this part's buckets of its table. Inputs: sid, leader, code, buckets, hashes, ends."""
    inputs, shape = context.inputs, _shape(context)
    buckets = inputs["buckets"].tolist()
    found = np.empty((len(buckets) * shape.bucket_rows, shape.code.words), np.uint64)

    def solve(at: int) -> None:
        found[shape.rows_of(at)] = table.solve_bucket(_hashes(context, buckets[at]), inputs["sid"], shape)

    each(solve, range(len(buckets)), context.threads)
    return Result({"table": found})


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
    """Leader: a bucket of its table hidden, and of its own rows. Inputs: leader, code, bucket, leaves, and the table;
    of a single server, whom alone it is for, what it is solved from instead: sid, hashes, ends.
    """
    inputs, shape, bucket = context.inputs, _shape(context), context.inputs["bucket"]
    if "table" in inputs:
        rows = some(inputs["table"], shape.rows_of(bucket))
    else:
        rows = table.solve_bucket(_hashes(context, bucket), inputs["sid"], shape)
    hidden, own = oprf.mask(rows, inputs["leaves"], _first(shape, bucket), shape.size, context.threads)
    return Result({"table": hidden, "rows": own})


def tagged(context: Context) -> Result:
    """Leader: tags of its ids of a bucket, in their order there. Inputs: sid, edge, leader, code, bucket, hashes, ends,
    rows.
    """
    return Result({"tags": _tags(context, context.inputs["rows"])})


def read(context: Context) -> Result:
    """Server: the same of its ids, from the masked bucket. Inputs besides, but for rows: table, low, high, leaves."""
    inputs, shape = context.inputs, _shape(context)
    low, high = np.asarray(inputs["low"]), np.asarray(inputs["high"])
    secret = seeds.Secret(Factors(low, high) if len(high) else Bits(low), inputs["leaves"])
    rows = oprf.unmask(inputs["table"], secret, _first(shape, inputs["bucket"]), shape.size, context.threads)
    return Result({"tags": _tags(context, rows, secret)})


def joined(context: Context) -> Result:
    """The tags of all buckets, by the own rows. Inputs: order, and by number of bucket: tags."""
    order = context.inputs["order"]
    found, at = np.empty((len(order), oprf.TAG), np.uint8), 0
    target = as_items(found)
    for part in _parts(context):
        target[order[at : at + len(part)]] = as_items(part)
        at += len(part)
    return Result({"tags": found})


def marked(context: Context) -> Result:
    """Server of two parties: the beginnings of its tags, sorted. Inputs: size, and by number of bucket: tags."""
    beginnings = np.concatenate([part[:, : context.inputs["size"]] for part in _parts(context)])
    return Result({"tags": in_order(beginnings, context.threads)})


def matched(context: Context) -> Result:
    """Leader of two parties: rows whose tags begin with one of the server's marks, in a random order, and these tags.

    Inputs, by server P: tags, marks.
    """
    ((name, tags),) = ((name, value) for name, value in context.inputs.items() if name.startswith("tags."))
    marks = context.inputs[name.replace("tags", "marks", 1)]
    rows = np.flatnonzero(find(marks, _beginnings(tags, marks.shape[1]), context.threads) >= 0)
    rows = rows[context.xof.permutation(len(rows))]
    return Result({"rows": rows, name: rows_of(tags, rows)})


def _beginnings(tags: Numbers, size: int) -> NDArray[np.uint8]:
    """The first bytes of every row."""
    found, at = np.empty((len(tags), size), np.uint8), 0
    for piece in pieces(tags):
        found[at : at + len(piece)] = piece[:, :size]
        at += len(piece)
    return found


def _tags(context: Context, rows: NDArray[np.uint64], secret: seeds.Secret | None = None) -> NDArray[np.uint8]:
    inputs, shape = context.inputs, _shape(context)
    if len(rows) != shape.bucket_rows:
        raise ProtocolError("a masked table is not of the announced size")
    session, factors = oprf.Session(inputs["sid"], inputs["edge"], shape), secret.factors if secret else None
    hashes = _hashes(context, inputs["bucket"])
    return oprf.evaluate_bucket(hashes, rows, session, factors, threads=context.threads)


def _hashes(context: Context, bucket: int) -> NDArray[np.uint8]:
    """Those of a bucket."""
    ends = context.inputs["ends"]
    return some(context.inputs["hashes"], slice(int(ends[bucket - 1]) if bucket else 0, int(ends[bucket])))


def _parts(context: Context) -> Iterator[NDArray[np.uint8]]:
    """The tags of every bucket, in the buckets' order, one at a time."""
    found = {int(name.partition(".")[2]): part for name, part in context.inputs.items() if name.startswith("tags.")}
    return (loaded(found[bucket]) for bucket in sorted(found))


def _first(shape: Shape, bucket: int) -> int:
    """The chunk of the streams with which a bucket begins: each has its own, so that it follows from its number."""
    return bucket * oprf.chunks(shape.bucket_rows)


def _shape(context: Context) -> Shape:
    return Shape(context.inputs["leader"], _code(context))


def _code(context: Context) -> Code:
    return CODES[context.inputs["code"]]
