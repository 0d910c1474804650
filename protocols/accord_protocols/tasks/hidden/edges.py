"""Over an edge: sums of several vectors, and bits of the holder times numbers of the sender.

Every vector and every product has a nonce that follows from a secret of whoever says it, its history and what it is
used with, see `accord_protocols.primitives.onehot.ledger`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_protocols.boosting import misses
from accord_protocols.boosting.walking import goes_left
from accord_protocols.primitives.onehot import cot, products, seeds
from accord_protocols.primitives.onehot.blocks import ROWS
from accord_protocols.primitives.onehot.ledger import nonce
from accord_protocols.primitives.onehot.words import Place, receive_sums, send_sums
from accord_protocols.tasks.registry import Context, Result
from accord_schemas.canonical import digest

Words = NDArray[np.uint64]


def sent(context: Context) -> Result:
    """Sender: vectors under the pads of a block of rows, and its shares of their sums by bin.

    Inputs: sid, depth, delta, q ``(n, m · depth · 2)``, words ``(n, vectors)``, number (of the first vector). Fields:
    nonces ``(vectors, 16)``, told ``(rows, vectors · m)``, shares ``(1, vectors, m, W)``.
    """
    inputs = context.inputs
    words = inputs["words"]
    nonces = [
        nonce(context.key, ("vector", inputs["sid"], inputs["number"] + k, context.part), one.tobytes())
        for k, one in enumerate(words.T)
    ]
    told, shares = send_sums(_place(context), inputs["q"], _delta(context), nonces)
    told += words[:, :, None]
    flat = np.frombuffer(b"".join(nonces), np.uint8).reshape(-1, 16)
    return Result({"nonces": flat, "told": told.reshape(len(told), -1), "shares": shares[None]})


def received(context: Context) -> Result:
    """Holder: its shares of the sums by bin of both parties' parts, of a block of rows.

    Inputs: sid, depth, kept, bins ``(n, m)``, told ``(n, vectors · m)``, words ``(n, vectors)`` (its own parts, if it
    has any), nonces ``(blocks · vectors, 16)``. Fields: shares ``(1, vectors, m, W)``.
    """
    inputs = context.inputs
    rows, columns = inputs["bins"].shape
    count = inputs["told"].shape[1] // columns if columns else inputs["words"].shape[1]
    told = np.ascontiguousarray(inputs["told"]).reshape(rows, count, columns)
    if "words" in inputs:
        told = told + inputs["words"][:, :, None]
    nonces = [row.tobytes() for row in inputs["nonces"][context.part * count : (context.part + 1) * count]]
    kept, bins = inputs["kept"], np.ascontiguousarray(inputs["bins"])
    shares = receive_sums(_place(context), kept, bins, told, nonces)
    return Result({"shares": shares[None]})


def chosen(context: Context) -> Result:
    """Holder: which side of its own splits rows are on, all rows of every split, as choices of further transfers.

    Inputs: sid, exchange, seeds, number (of the extension), bins ``(rows, m)``, splits ``(s, 3)``. Fields: nonce,
    check, choices ``(bytes,)``; bits ``(s · rows,)`` and t ``(s · rows, 2)``.
    """
    inputs = context.inputs
    sides = [goes_left(inputs["bins"], *split) for split in inputs["splits"].tolist()]
    return _said(context, np.concatenate(sides).astype(np.uint8))


def tested(context: Context) -> Result:
    """The second: bits of its shares of TEST scores, likewise.

    Inputs: sid, exchange, seeds, number, scores ``(n + k,)``, n, bits. Fields as of `chosen`, of k rows for each bit.
    """
    inputs = context.inputs
    shares = inputs["scores"][inputs["n"] :]
    return _said(context, misses.digits(shares, misses.bits_for(inputs["bits"], len(shares))))


def _said(context: Context, bits: NDArray[np.uint8]) -> Result:
    inputs = context.inputs
    label = ("bits", inputs["sid"], inputs["number"])
    once = nonce(context.key, label, bits.tobytes())
    said, t = cot.choose(inputs["seeds"], _extension(context), once, bits, context.xof.bytes(cot.SPARE // 8))
    fields = {"nonce": said.nonce, "check": said.check, "choices": said.corrections.reshape(-1)}
    return Result({**fields, "bits": bits, "t": t})


def accepted(context: Context) -> Result:
    """Sender: its half of these transfers, once their check has passed.

    Inputs: sid, exchange, delta, seeds, number, nonce, check, choices, count. Fields: q ``(count, 2)``.

    Raises:
        ProtocolError: The check fails.
    """
    inputs = context.inputs
    secret = seeds.Secret(inputs["delta"], inputs["seeds"])
    choices = np.ascontiguousarray(inputs["choices"]).reshape(seeds.GROUPS, -1)
    said = cot.Extension(inputs["nonce"], choices, inputs["check"])
    return Result({"q": cot.accept(secret, _extension(context), said, inputs["count"])})


def given(context: Context) -> Result:
    """Sender: numbers under the pads of bits.

    Inputs: sid, number, said (the holder's nonce), delta, q ``(k, 2)``, x ``(rows, s)``, a column for each split, k = s
    · rows. Fields: nonce, told ``(k, 1)``, share ``(rows, s)``.
    """
    inputs, x = context.inputs, np.ascontiguousarray(context.inputs["x"].T)
    label = ("product", inputs["sid"], inputs["number"])
    once = nonce(context.key, label, x.tobytes(), inputs["said"])
    told, share = np.empty(x.size, np.uint64), np.empty(x.size, np.uint64)
    for block, span in _blocks(x.size):
        q, numbers = inputs["q"][span], x.reshape(-1)[span]
        told[span], share[span] = products.send(inputs["sid"], _at(context, block), q, _delta(context), once, numbers)
    return Result({"nonce": once, "told": told[:, None], "share": np.ascontiguousarray(share.reshape(x.shape).T)})


def multiplied(context: Context) -> Result:
    """Holder: its share of its bits times both parties' numbers.

    Inputs: sid, number, nonce, t ``(k, 2)``, bits ``(k,)``, told ``(k, 1)``, x ``(rows, s)`` (its own numbers), or rows
    where it has none. Fields: share ``(rows, s)``.
    """
    inputs = context.inputs
    bits, told = inputs["bits"], inputs["told"][:, 0]
    rows = len(inputs["x"]) if "x" in inputs else inputs["rows"]
    share = np.empty(len(bits), np.uint64)
    for block, span in _blocks(len(bits)):
        t = inputs["t"][span]
        share[span] = products.receive(inputs["sid"], _at(context, block), t, bits[span], inputs["nonce"], told[span])
    if "x" in inputs:
        share += np.where(bits == 1, np.ascontiguousarray(inputs["x"].T).reshape(-1), np.uint64(0))
    return Result({"share": np.ascontiguousarray(share.reshape(-1, rows).T)})


def _at(context: Context, block: int) -> int:
    """Number of a block of products: extension and block, each in bits of its own."""
    return int((context.inputs["number"] << 32) + block)


def _blocks(count: int) -> list[tuple[int, slice]]:
    return [(k, slice(start, start + ROWS)) for k, start in enumerate(range(0, count, ROWS))]


def _place(context: Context) -> Place:
    return Place(context.inputs["sid"], context.part, context.inputs["depth"])


def _delta(context: Context) -> Words:
    return seeds.Secret(context.inputs["delta"], np.zeros(0, np.uint8)).block


def _extension(context: Context) -> bytes:
    inputs: Any = context.inputs
    return digest(b"accord onehot bits", inputs["sid"], inputs["exchange"], inputs["number"].to_bytes(8, "big"))
