"""The exchange as an oblivious PRF between the leader, who has inputs, and a server, who has the key.

The leader sends its table P, which reads R(y) for each of its ids, hidden by u of the extension. With
Q = w + Δ·(u + P) = v + Δ·P the server computes the function everywhere: ``F(x) = H(h(x), Q[x] + Δ·R(x))``. The leader
has it from v alone where Q[y] = v[y] + Δ·R(y), which is on its own ids; elsewhere the difference of two random vectors
times the secret Δ stays. Semi-honest. The shape is that of SpOT-light (Pinkas, Rosulek, Trieu, Yanai, CRYPTO 2019) and
PaXoS (EUROCRYPT 2020); correlations over F4 and the table are from later papers, and the whole has no paper of its own.

    server                                  leader
    `seeds.Server.points`        ->
                                 <-         `seeds.answer`, then `mask` of its table, chunk by chunk
    `unmask`, `evaluate`                    `evaluate` on v
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.psi.blake3 import BLOCK, keyed
from accord_protocols.primitives.psi.ot.code import Items, Shape
from accord_protocols.primitives.psi.ot.extension import CHUNK, leader_rows, own_rows, server_rows, words_of
from accord_protocols.primitives.psi.ot.f4 import Rows
from accord_protocols.primitives.psi.ot.f4 import Secret as Factors
from accord_protocols.primitives.psi.ot.loops import loops
from accord_protocols.primitives.psi.ot.seeds import Leaves, Secret
from accord_protocols.primitives.psi.ot.table import Reader
from accord_protocols.primitives.threads import each
from accord_schemas.canonical import digest
from accord_schemas.errors import ProtocolError

TAG = 32
"""Bytes of a whole tag."""
_STATISTICAL = 40
_AT_ONCE = 1 << 13  # ids


def mask(table: Rows, leaves: Leaves, first: int = 0, of: int = 0, threads: int = 1) -> Rows:
    """Leader: rows of its table hidden.

    Args:
        table: ``(n, words) uint64``, from row ``first · CHUNK`` of the streams on.
        leaves: Of this edge.
        first: Number of the first chunk.
        of: Ids of the leader, which decides by what this is done.
        threads: How many shares of the chunks are done side by side.
    """
    masked = np.empty_like(table)

    def some(chunks: range) -> None:
        for chunk, u in zip(chunks, leader_rows(leaves, first + chunks.start, of), strict=False):
            rows = table[_chunk(chunk)]
            np.bitwise_xor(rows, u[: len(rows)], out=masked[_chunk(chunk)])

    each(some, _shares(len(table), threads), threads)
    return masked


def own(rows: int, leaves: Leaves, first: int = 0, of: int = 0, threads: int = 1) -> Rows:
    """Leader: so many rows of its v, which go with those that it masked."""
    found = np.empty((rows, words_of(leaves)), np.uint64)

    def some(chunks: range) -> None:
        for chunk, v in zip(chunks, own_rows(leaves, first + chunks.start, of), strict=False):
            span = _chunk(chunk)
            found[span] = v[: len(found[span])]

    each(some, _shares(rows, threads), threads)
    return found


def unmask(masked: Rows, secret: Secret, first: int = 0, of: int = 0, threads: int = 1) -> Rows:
    """Server: rows of Q, of which it cannot tell what P was.

    Args:
        masked: ``(n, words) uint64`` from the leader, from row ``first · CHUNK`` on.
        secret: Of this edge.
        first: Number of the first chunk.
        of: Ids of the leader, which decides by what this is done.
        threads: How many shares of the chunks are done side by side.

    Raises:
        ProtocolError: Another shape.
    """
    if masked.dtype != np.uint64 or masked.ndim != 2 or masked.shape[1] != secret.words:
        raise ProtocolError("a masked table is not acceptable")
    rows, fast = np.empty_like(masked), loops(of)

    def some(chunks: range) -> None:
        for chunk, w in zip(chunks, server_rows(secret.leaves, first + chunks.start, of), strict=False):
            span = _chunk(chunk)
            rows[span] = w[: len(rows[span])]
            secret.factors.add(masked[span], rows[span], fast)

    each(some, _shares(len(masked), threads), threads)
    return rows


def chunks(rows: int) -> int:
    """How many chunks of the streams so many rows take."""
    return -(-rows // CHUNK)


@dataclass(frozen=True, slots=True)
class Session:
    """What all hashes of an exchange are bound to.

    Args:
        sid: 32 bytes, that all parties share.
        edge: 32 bytes, of leader and server.
        shape: Of the leader's table.
    """

    sid: bytes
    edge: bytes
    shape: Shape


def evaluate(
    hashes: NDArray[np.uint8], rows: Rows, session: Session, factors: Factors | None = None, size: int = TAG
) -> NDArray[np.uint8]:
    """The function at ids: the leader's from v, the server's from Q and its factors.

    Args:
        hashes: Of ids of the party, ``(n, 16) uint8``.
        rows: ``(shape.rows, words) uint64``.
        session: Of the exchange.
        factors: The server's; None at the leader.
        size: Bytes of a tag, up to `TAG`.

    Returns:
        ``(n, size) uint8``.

    Raises:
        ProtocolError: The rows are not as many as announced.
    """
    if len(rows) != session.shape.rows:
        raise ProtocolError("a masked table is not of the announced size")
    tags = np.empty((len(hashes), size), np.uint8)
    for span, members in session.shape.parts(hashes):
        tags[members] = evaluate_bucket(hashes.take(members, axis=0), rows[span], session, factors, size)
    return tags


def evaluate_bucket(
    hashes: NDArray[np.uint8],
    rows: Rows,
    session: Session,
    factors: Factors | None = None,
    size: int = TAG,
    threads: int = 1,
) -> NDArray[np.uint8]:
    """As `evaluate`, of the ids of one bucket and its rows; up to `threads` blocks of ids side by side."""
    shape = session.shape
    fast, reader = loops(shape.size), Reader(rows, shape)
    key, tags = digest(b"accord psi ot tag", session.edge), np.empty((len(hashes), size), np.uint8)

    def read(some: slice) -> None:
        items = Items.of(hashes[some], session.sid, shape)
        values = reader.read(items)
        if factors is not None:
            factors.add(items.codes, values, fast)
        tags[some] = _tags(key, items, values, size, fast)

    each(read, (slice(start, start + _AT_ONCE) for start in range(0, len(hashes), _AT_ONCE)), threads)
    return tags


def _tags(key: bytes, items: Items, values: Rows, size: int, fast: Any) -> NDArray[np.uint8]:
    hashed = items.hashes.shape[1]
    used = hashed + 8 * values.shape[1]
    message = np.zeros((len(items), -(-used // BLOCK) * BLOCK), np.uint8)
    message[:, :hashed] = items.hashes
    message[:, hashed:used] = values.astype("<u8", copy=False).view(np.uint8)
    return keyed(key, message, np.full(len(items), used), size, fast)


def tag_bytes(leader: int, server: int) -> int:
    """Bytes of a tag with which two sets of these sizes have a false match with probability below 2^-40."""
    return -(-(_STATISTICAL + max(leader * server - 1, 0).bit_length()) // 8)


def _chunk(number: int) -> slice:
    return slice(number * CHUNK, (number + 1) * CHUNK)


def _shares(rows: int, threads: int) -> list[range]:
    """The chunks of so many rows, for so many threads."""
    count = chunks(rows)
    each_has = max(1, -(-count // threads))
    return [range(start, min(start + each_has, count)) for start in range(0, count, each_has)]
