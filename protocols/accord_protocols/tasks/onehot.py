"""Tasks of an edge of all-but-one transfers, see `accord_protocols.primitives.onehot`.

``sid`` is that of the edge. The rows of an edge are worked on in blocks of `ROWS`, each of which is an extension of its
own with a check of its own, and has permutations of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.onehot import cot, halftree, seeds, words
from accord_protocols.primitives.onehot.blocks import ROWS, Permutation
from accord_protocols.primitives.onehot.ledger import nonce
from accord_protocols.primitives.onehot.recent import Recent
from accord_protocols.tasks.registry import Context, Result, some
from accord_schemas.blob import Blob
from accord_schemas.canonical import digest

Words = NDArray[np.uint64]
Made = Callable[[NDArray[np.int64]], Words]
"""Makes the pads of some rows."""
_RECENT = Recent()


def offered(context: Context) -> Result:
    """Sender: public keys of the base transfers. Inputs: sid."""
    return Result({"points": seeds.Sender(context.inputs["sid"], context.xof).points})


def answered(context: Context) -> Result:
    """Holder: its half of the base transfers, and all seeds. Inputs: sid, points."""
    points = context.inputs["points"]
    answer, leaves = seeds.answer(points, context.inputs["sid"], context.xof)
    return Result(
        {
            "point": answer.point,
            "corrections": answer.corrections.reshape(-1, 16),
            "proofs": answer.proofs,
            "seeds": leaves,
            "exchange": answer.digest(points),
        }
    )


def learned(context: Context) -> Result:
    """Sender, with the key of `offered`: Δ and all seeds but one of each group.

    Inputs: sid, point, corrections, proofs.
    """
    inputs = context.inputs
    answer = seeds.Answer(inputs["point"], inputs["corrections"].reshape(-1, 2, 16), inputs["proofs"])
    sender = seeds.Sender(inputs["sid"], context.xof)
    secret = sender.learn(answer)
    return Result({"delta": secret.delta, "seeds": secret.seeds, "exchange": answer.digest(sender.points)})


def chosen(context: Context) -> Result:
    """Holder: what it chooses for the cells of a block of rows, and what it keeps of their transfers.

    Inputs: sid, exchange, seeds, depth, bins ``(n, m)``. Fields: nonces ``(1, 16)``, checks ``(1, CHECK)``, choices
    ``(bytes,)``, kept ``(rows, m · depth · 2)``.
    """
    inputs, depth = context.inputs, context.inputs["depth"]
    bins = inputs["bins"]
    bits = halftree.choices(bins.reshape(-1), depth).reshape(-1)
    label = ("cells", inputs["sid"], context.part)
    once = nonce(context.key, label, bits.tobytes())
    spare = context.xof.bytes(cot.SPARE // 8)
    said, t = cot.choose(inputs["seeds"], _extension(context), once, bits, spare)
    return Result(
        {
            "nonces": np.frombuffer(said.nonce, np.uint8).reshape(1, -1),
            "checks": np.frombuffer(said.check, np.uint8).reshape(1, -1),
            "choices": said.corrections.reshape(-1),
            "kept": t.reshape(len(bins), -1),
        }
    )


def grown(context: Context) -> Result:
    """Sender: a block of rows, whose choices are checked before anything is made of them.

    Inputs: sid, exchange, delta, seeds, depth, rows, columns, nonces and checks (a row a block), choices. Fields: q
    ``(rows, m · depth · 2)``, and blocks ``(rows, m · (depth - 1) · 2)`` for the holder.

    Raises:
        ProtocolError: The check fails.
    """
    inputs, depth = context.inputs, context.inputs["depth"]
    secret = seeds.Secret(inputs["delta"], inputs["seeds"])
    first, columns = context.part * ROWS, inputs["columns"]
    rows = min(ROWS, inputs["rows"] - first)
    start, size = context.part * block_bytes(ROWS, columns, depth), block_bytes(rows, columns, depth)
    said = cot.Extension(
        inputs["nonces"][0].tobytes(),
        np.ascontiguousarray(some(inputs["choices"], slice(start, start + size))).reshape(seeds.GROUPS, -1),
        inputs["checks"][0].tobytes(),
    )
    q = cot.accept(secret, _extension(context), said, rows * columns * depth)
    told = halftree.grow(_growing(context), q.reshape(-1, depth, 2), secret.block)
    return Result({"q": q.reshape(rows, -1), "blocks": told.reshape(rows, -1)})


def kept(context: Context) -> Result:
    """Holder: what it keeps of a block of rows, with what the sender told it.

    Inputs: sid, kept ``(n, m · depth · 2)``, blocks ``(n, m · (depth - 1) · 2)``, bins ``(n, m)``, depth.
    """
    inputs, depth = context.inputs, context.inputs["depth"]
    t, told = inputs["kept"].reshape(-1, depth, 2), inputs["blocks"].reshape(-1, depth - 1, 2)
    found = halftree.siblings(_growing(context), t, told, inputs["bins"].reshape(-1))
    return Result({"kept": found.reshape(inputs["kept"].shape)})


def sent(context: Context) -> Result:
    """Sender: a vector under the pads of a block of rows, and its share of sums by bin.

    Inputs: sid, depth, delta, nonce, q ``(n, ...)`` (of all parts), slots ``(n,)`` (a row's total, from 1; 0 for rows
    left out), sampled ``(n,)``, totals (their number), columns (numbers of those that are used), words ``(n,)``.
    Fields: words ``(rows, m')``, shares ``(1, totals, m', W)``.
    """
    pads, rows, totals = _sent(context)
    told = pads[rows].sum(axis=2, dtype=np.uint64) + context.inputs["words"][context.inputs["slots"] > 0][:, None]
    return Result({"words": told, "shares": totals[None]})


def summed(context: Context) -> Result:
    """Sender: its share of sums by bin, of a vector that it has sent. Inputs: those of `sent`, but for words."""
    return Result({"shares": _sent(context)[2][None]})


def received(context: Context) -> Result:
    """Holder: its share of sums by bin of a block of rows.

    Inputs: sid, depth, nonce, kept ``(n, ...)`` (of all parts), bins ``(n, m)``, slots, totals, columns, told ``(k,
    m')`` (of the sampled rows alone), sampled ``(n,)``, starts (by block, how many sampled rows come before it).
    Fields: shares.
    """
    inputs, columns = context.inputs, context.inputs["columns"]
    sampled = np.flatnonzero(inputs["sampled"])
    start = int(inputs["starts"][context.part])

    def made(rows: NDArray[np.int64]) -> NDArray[np.uint64]:
        told = some(inputs["told"], slice(start, start + len(sampled)))[np.searchsorted(sampled, rows)]
        cells = _of(_cells(context, "kept"), rows, columns, inputs["depth"])
        return words.receive(_place(context), cells, inputs["bins"][np.ix_(rows, columns)], told, inputs["nonce"])

    return Result({"shares": _total(context, "kept", made)[2][None]})


def _sent(context: Context) -> tuple[Words, NDArray[np.int64], Words]:
    inputs = context.inputs
    delta = seeds.Secret(inputs["delta"], np.zeros(0, np.uint8)).block

    def made(rows: NDArray[np.int64]) -> NDArray[np.uint64]:
        cells = _of(_cells(context, "q"), rows, inputs["columns"], inputs["depth"])
        return words.send(_place(context), cells, delta, inputs["nonce"])

    pads, rows, totals = _total(context, "q", made)
    return pads, rows, np.uint64(0) - totals


def _total(
    context: Context, cells: str, made: Made
) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.uint64]]:
    """Pads of this part's rows that count, or of more; which of them these are; and their sums by slot.

    Those of all sampled rows are kept for the next levels.
    """
    inputs, slots = context.inputs, context.inputs["slots"]
    rows = np.flatnonzero(slots)
    head = (inputs["sid"], context.part.to_bytes(8, "big"), inputs["nonce"], cells)
    whole = inputs[cells]
    edge = whole.digest if isinstance(whole, Blob) else whole.tobytes()
    key = digest(*head, edge, *(inputs[name].tobytes() for name in ("columns", "sampled")))
    known, pads = _RECENT.find(key) or (rows, None)
    if pads is None:
        pads = made(rows)
        if len(rows) == np.count_nonzero(inputs["sampled"]):
            _RECENT.keep(key, inputs["sid"] + inputs["nonce"], rows, pads)
    at = np.searchsorted(known, rows)
    return pads, at, words.totals(pads, at, slots[rows] - 1, inputs["totals"])


def block_bytes(rows: int, columns: int, depth: int) -> int:
    """Of the corrections of a block of rows."""
    return seeds.GROUPS * cot.width(rows * columns * depth)


def _cells(context: Context, name: str) -> Words:
    """This part's, of an edge."""
    start = context.part * ROWS
    cells: Words = some(context.inputs[name], slice(start, start + len(context.inputs["slots"])))
    return cells


def _of(cells: NDArray[np.uint64], rows: NDArray[np.int64], columns: Any, depth: int) -> NDArray[np.uint64]:
    """Some rows of some columns, ``(rows, m' · depth · 2)``."""
    chosen = cells.reshape(len(cells), -1, 2 * depth)[np.ix_(rows, columns)]
    return np.ascontiguousarray(chosen).reshape(len(rows), 2 * depth * len(columns))


def _growing(context: Context) -> Permutation:
    return Permutation(context.inputs["sid"], "grow", context.part)


def _place(context: Context) -> words.Place:
    return words.Place(context.inputs["sid"], context.part, context.inputs["depth"])


def _extension(context: Context) -> bytes:
    inputs = context.inputs
    return digest(b"accord onehot cells", inputs["sid"], inputs["exchange"], context.part.to_bytes(8, "big"))
