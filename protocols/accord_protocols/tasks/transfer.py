"""Tasks of entity alignment by OT extension, see `accord_protocols.phases.alignment.transfer`.

Of a party: ``sid`` is the session that all share, ``edge`` that of leader and server, ``leader`` the announced size of
the leader's set, by which its table is cut, and ``code`` what ids become. Of a bucket: ``bucket`` is its number, and
``ends`` says where each one's hashes end.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.psi.ot import oprf, seeds, table
from accord_protocols.primitives.psi.ot.code import Shape, hash_ids
from accord_protocols.primitives.psi.ot.codes import CODES, Code
from accord_protocols.primitives.psi.ot.f4 import Bits, Factors
from accord_protocols.primitives.psi.ot.loops import LARGE, warm
from accord_protocols.primitives.psi.star import UNACCEPTABLE
from accord_protocols.primitives.psi.tags import as_items, find, packed, sorting, unpacked
from accord_protocols.primitives.threads import each
from accord_protocols.tasks.registry import Context, Result, some
from accord_schemas.blob import loaded
from accord_schemas.errors import ProtocolError
from accord_schemas.payload import raw

_IDS = 1 << 17
"""Ids that a thread hashes at a time."""
_NOWHERE = np.uint32(0xFFFFFFFF)


def warmed(context: Context) -> Result:
    """Have the inner loops compiled before they are needed, where the own set will need them."""
    if len(context.rows.ids) >= LARGE:
        warm()
    return Result({})


def hashed(context: Context) -> Result:
    """Hashes of the own ids, by bucket, see `bucketed`. Inputs: sid, leader, code."""
    ids, sid = context.rows.ids, context.inputs["sid"]
    hashes = np.empty((len(ids), 16), np.uint8)

    def some(start: int) -> None:
        hashes[start : start + _IDS] = hash_ids(ids[start : start + _IDS], sid, len(ids))

    each(some, range(0, len(ids), _IDS), context.threads)
    return _bucketed(context, hashes)


def bucketed(context: Context) -> Result:
    """Hashes by bucket, which rows they are of, and where each bucket ends. Inputs: leader, code, hashes by row."""
    return _bucketed(context, context.inputs["hashes"])


def _bucketed(context: Context, hashes: NDArray[np.uint8]) -> Result:
    order, ends = _shape(context).order(hashes)
    return Result({"hashes": hashes.take(order, axis=0), "order": packed(order), "ends": ends.astype(np.int64)})


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
    """Leader: a bucket of its table hidden. Inputs: leader, code, bucket, leaves, and the table; of a single server,
    whom alone it is for, what it is solved from instead: sid, hashes, ends.
    """
    inputs, shape, bucket = context.inputs, _shape(context), context.inputs["bucket"]
    if "table" in inputs:
        rows = some(inputs["table"], shape.rows_of(bucket))
    else:
        rows = table.solve_bucket(_hashes(context, bucket), inputs["sid"], shape)
    return Result({"table": oprf.mask(rows, inputs["leaves"], _first(shape, bucket), shape.size, context.threads)})


def tagged(context: Context) -> Result:
    """Leader: tags of its ids of a bucket, in their order there. Inputs: sid, edge, leader, code, bucket, hashes, ends,
    leaves. Its rows are drawn here: that takes less than a file.
    """
    inputs, shape = context.inputs, _shape(context)
    first = _first(shape, inputs["bucket"])
    rows = oprf.own(shape.bucket_rows, inputs["leaves"], first, shape.size, context.threads)
    return Result({"tags": _tags(context, rows)})


def read(context: Context) -> Result:
    """Server: the same of its ids, from the masked bucket. Inputs besides: table, low, high."""
    inputs, shape = context.inputs, _shape(context)
    low, high = np.asarray(inputs["low"]), np.asarray(inputs["high"])
    secret = seeds.Secret(Factors(low, high) if len(high) else Bits(low), inputs["leaves"])
    rows = oprf.unmask(inputs["table"], secret, _first(shape, inputs["bucket"]), shape.size, context.threads)
    return Result({"tags": _tags(context, rows, secret)})


def joined(context: Context) -> Result:
    """Among several: the tags of all buckets, by the own rows. Inputs: order, and by number of bucket: tags."""
    order = unpacked(context.inputs["order"])
    found, at = np.empty((len(order), oprf.TAG), np.uint8), 0
    target = as_items(found)
    for part in _parts(context):
        target[order[at : at + len(part)]] = as_items(part)
        at += len(part)
    return Result({"tags": found})


def marked(context: Context) -> Result:
    """Server of two parties: the beginnings of its tags, sorted, and where they stand among those of all buckets.

    Inputs: size, order, and by number of bucket: tags.
    """
    beginnings = _beginnings(context, context.inputs["size"])
    places = sorting(beginnings, context.threads)
    return Result({"tags": beginnings.take(places, axis=0), "places": packed(places)})


def matched(context: Context) -> Result:
    """Leader of two parties: rows whose tags begin with one of the server's marks, in the marks' order.

    A bit for each mark says which, and the digest of these tags that they are the leader's: a mark is not all of one.
    Inputs: marks, order, and by number of bucket: tags.
    """
    marks = context.inputs["marks"]
    at = find(marks, _beginnings(context, marks.shape[1]), context.threads)
    own = np.flatnonzero(at >= 0)
    places = np.full(len(marks), _NOWHERE, np.uint32)
    places[at[own]] = own
    del at, own
    bits, places = np.packbits(places != _NOWHERE), places[places != _NOWHERE]
    rows = unpacked(context.inputs["order"].take(places, axis=0))
    return Result({"rows": rows, "bits": bits, "digest": _digest(context, places)})


def found(context: Context) -> Result:
    """Server of two parties: its rows that are common. Inputs: bits, digest, places, order, and by bucket: tags.

    Raises:
        ProtocolError: They are not of its marks, or the leader does not know their tags.
    """
    inputs, count = context.inputs, len(context.inputs["order"])
    flags = np.unpackbits(np.asarray(inputs["bits"]))
    if len(flags) != 8 * -(-count // 8) or flags[count:].any():
        raise ProtocolError(UNACCEPTABLE)
    places = unpacked(inputs["places"].take(np.flatnonzero(flags), axis=0))
    if not hmac.compare_digest(inputs["digest"], _digest(context, places)):
        raise ProtocolError(UNACCEPTABLE)
    return Result({"rows": unpacked(inputs["order"].take(places, axis=0))})


def by_row(context: Context) -> NDArray[np.uint8]:
    """The tags of all buckets, by row."""
    tags: NDArray[np.uint8] = joined(context).fields["tags"]
    return tags


def _digest(context: Context, places: NDArray[np.integer]) -> bytes:
    """Of the tags at some places, in this order."""
    found = hashlib.sha256(b"accord common tags")
    found.update(raw(_at(context, places)))
    return found.digest()


def _beginnings(context: Context, size: int) -> NDArray[np.uint8]:
    """The first bytes of every tag, bucket by bucket."""
    found, at = np.empty((len(context.inputs["order"]), size), np.uint8), 0
    for part in _parts(context):
        found[at : at + len(part)] = part[:, :size]
        at += len(part)
    return found


def _at(context: Context, places: NDArray[np.integer]) -> NDArray[np.uint8]:
    """The tags at some places among those of all buckets, with no more in memory than a bucket's and these."""
    turns, first = np.argsort(places), 0
    found, ascending = np.empty((len(places), oprf.TAG), np.uint8), places[turns]
    target = as_items(found)
    for part in _parts(context):
        low, high = np.searchsorted(ascending, np.array([first, first + len(part)], ascending.dtype))
        target[turns[low:high]] = as_items(part).take(ascending[low:high] - first)
        first += len(part)
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
