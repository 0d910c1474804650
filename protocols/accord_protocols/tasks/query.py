"""Tasks of hidden queries, see `accord_protocols.phases.query`.

All of them are given the sizes ``keys``, ``value`` and ``chunk``, from which `Layout` follows, and ``setup``, 32 bytes
of this table alone. Of a batch: ``ids`` where the own people named them, otherwise ``count`` own ids from ``first``.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.pir import loops, matrix, question, table
from accord_protocols.primitives.pir.cells import is_packed
from accord_protocols.primitives.pir.layout import Layout
from accord_protocols.primitives.pir.matrix import SEED
from accord_protocols.primitives.pir.parameters import DIMENSION
from accord_protocols.primitives.pir.sealing import groups_of
from accord_protocols.primitives.psi import ecdh, groups
from accord_protocols.tasks.registry import Context, Result, some
from accord_protocols.tasks.results.queries import THERE, UNREADABLE
from accord_schemas.blob import Blob
from accord_schemas.canonical import digest

_GROUPS = {group.name: group for group in (groups.RISTRETTO, groups.SM2)}
_STEP = 1 << 16  # rows that are read at a time
Bytes = NDArray[np.uint8]


def build(context: Context) -> Result:
    """One column group of the server's table, and its part of the hint.

    Inputs: groups ``(1,)``, its number; tags ``(keys, 32)``: the OPRF of the own ids.
    """
    layout, setup, (number,) = _layout(context), context.inputs["setup"], context.inputs["groups"].tolist()
    found, tags, rows = [np.empty((0, 32), np.uint8)], context.inputs["tags"], list[int]()
    for start in range(0, layout.keys, _STEP):
        part = some(tags, slice(start, start + _STEP))
        here = np.flatnonzero(groups_of(part, setup, layout.groups) == number)
        found.append(part[here])
        rows += (here + start).tolist()
    cells = context.rows.cells
    values = [cells[row] for row in rows]
    salt, filled = table.build(layout, setup, np.concatenate(found), values, context.xof)
    hint = matrix.hint(_seed(setup), filled)
    return Result({"table": filled, "salts": np.frombuffer(salt, np.uint8)[None], "hint": _raw(hint)})


def warmed(context: Context) -> Result:
    """Have the loop compiled, and the table in memory, before the first question. Inputs: table."""
    loops.warm()
    _held(context.inputs["table"])
    return Result({})


def blind(context: Context) -> Result:
    """Client: the ids of a batch, blinded. Inputs: sid, scheme."""
    group, sid = _GROUPS[context.inputs["scheme"]], context.inputs["sid"]
    return Result({"numbers": ecdh.blind(group, _ids(context), sid, context.xof.fork("blind"))})


def ask(context: Context) -> Result:
    """Client, with the key of its `blind`: questions. Inputs: sid, scheme, numbers (evaluated), salts, masks.

    `masks` is the key of secrets and errors, of which every batch has its own.
    """
    layout, setup, sid = _layout(context), context.inputs["setup"], context.inputs["sid"]
    group, evaluated = _GROUPS[context.inputs["scheme"]], context.inputs["numbers"]
    tags = ecdh.finalise(group, _ids(context), sid, evaluated, context.xof.fork("blind"))
    masks = context.xof.fork("masks", context.inputs["masks"])
    asked = question.ask(layout, _seed(setup), setup, context.inputs["salts"], tags, masks)
    return Result({"vectors": _raw(asked), "tags": tags})


def answered(context: Context) -> Result:
    """Server: a batch's answers. Inputs: table, vectors."""
    layout = _layout(context)
    sums = question.answer(layout, _held(context.inputs["table"]), _words(context.inputs["vectors"]))
    return Result({"sums": _raw(sums)})


def read(context: Context) -> Result:
    """Client, with the key of its `ask`: what was answered. Inputs: tags, hint, sums, masks, columns (their number).

    A value that is none of so many cells is `UNREADABLE`, and ends nothing: a server that gave one key such a value
    would see by that whether it was asked for.
    """
    layout, setup, tags = _layout(context), context.inputs["setup"], context.inputs["tags"]
    sums = _words(context.inputs["sums"]).reshape(len(tags), layout.groups, layout.width)
    masks = context.xof.fork("masks", context.inputs["masks"])
    found = np.zeros(len(tags), np.uint8)
    values = np.zeros((len(tags), layout.value), np.uint8)
    for k, group in enumerate(groups_of(tags, setup, layout.groups).tolist()):
        span = slice(group * layout.width, (group + 1) * layout.width)
        hints = _words(some(context.inputs["hint"], span)).reshape(-1, DIMENSION)
        value = question.read(layout, setup, tags[k].tobytes(), hints, sums[k, group], masks, k)
        if value is None:
            continue
        readable = is_packed(value, context.inputs["columns"])
        found[k], values[k] = THERE if readable else UNREADABLE, np.frombuffer(value, np.uint8)
    return Result({"found": found, "values": values})


def _layout(context: Context) -> Layout:
    return Layout.of(*(context.inputs[name] for name in ("keys", "value", "chunk")))


def _seed(setup: bytes) -> bytes:
    """Of the public matrix: of nobody's choice."""
    return digest(b"accord query matrix", setup)[:SEED]


def _ids(context: Context) -> Sequence[str]:
    if "ids" in context.inputs:
        named: Sequence[str] = context.inputs["ids"]
        return named
    first = context.inputs["first"]
    return context.rows.ids[first : first + context.inputs["count"]]


def _raw(words: NDArray[np.uint32]) -> Bytes:
    """Rows of numbers as bytes, little-endian."""
    return words.astype("<u4", copy=False).view(np.uint8)


def _words(raw: Bytes) -> NDArray[np.uint32]:
    return np.ascontiguousarray(raw).view("<u4")


def _held(value: Bytes | Blob) -> Bytes:
    """The table: it stays in a worker's memory, as every question passes over all of it."""
    return _loaded(value) if isinstance(value, Blob) else value


@functools.lru_cache(maxsize=1)
def _loaded(blob: Blob) -> Any:
    whole = np.empty(blob.shape, np.uint8)
    for start in range(0, len(blob), _STEP):
        part = blob.rows(slice(start, start + _STEP))
        whole[start : start + len(part)] = part
    return whole
