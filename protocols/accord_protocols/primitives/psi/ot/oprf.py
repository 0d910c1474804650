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

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.psi.blake3 import BLOCK, keyed
from accord_protocols.primitives.psi.ot.code import Items, Shape
from accord_protocols.primitives.psi.ot.extension import CHUNK, leader_rows, server_rows
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


def mask(table: Rows, leaves: Leaves, first: int = 0, of: int = 0) -> tuple[Rows, Rows]:
    """Leader: rows of its table hidden, and the same rows of its own v.

    Args:
        table: ``(n, words) uint64``, from row ``first · CHUNK`` of the table on.
        leaves: Of this edge.
        first: Number of the first chunk.
        of: Ids of the leader, which decides by what this is done.
    """
    masked, own = np.empty_like(table), np.empty_like(table)
    for span, (u, v) in zip(_chunks(len(table)), leader_rows(leaves, first, of), strict=False):
        rows = table[span]
        masked[span], own[span] = rows ^ u[: len(rows)], v[: len(rows)]
    return masked, own


def unmask(masked: Rows, secret: Secret, first: int = 0, of: int = 0) -> Rows:
    """Server: rows of Q, of which it cannot tell what P was.

    Args:
        masked: ``(n, words) uint64`` from the leader, from row ``first · CHUNK`` on.
        secret: Of this edge.
        first: Number of the first chunk.
        of: Ids of the leader, which decides by what this is done.

    Raises:
        ProtocolError: Another shape.
    """
    if masked.dtype != np.uint64 or masked.ndim != 2 or masked.shape[1] != secret.words:
        raise ProtocolError("a masked table is not acceptable")
    rows, fast = np.empty_like(masked), loops(of)
    for span, w in zip(_chunks(len(masked)), server_rows(secret.leaves, first, of), strict=False):
        rows[span] = w[: len(rows[span])]
        secret.factors.add(masked[span], rows[span], fast)
    return rows


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
    return evaluate_by(hashes, lambda span: rows[span], session, factors, size)


def evaluate_by(
    hashes: NDArray[np.uint8],
    rows: Callable[[slice], Rows],
    session: Session,
    factors: Factors | None = None,
    size: int = TAG,
    threads: int = 1,
) -> NDArray[np.uint8]:
    """As `evaluate`, of rows that are read a bucket at a time; up to `threads` blocks of ids side by side."""
    shape = session.shape
    fast = loops(shape.size)
    key, tags = digest(b"accord psi ot tag", session.edge), np.empty((len(hashes), size), np.uint8)
    for span, members in shape.parts(hashes):
        reader = Reader(rows(span), shape)

        def read(some: NDArray[np.int64], reader: Reader = reader) -> None:
            items = Items.of(hashes[some], session.sid, shape)
            values = reader.read(items)
            if factors is not None:
                factors.add(items.codes, values, fast)
            tags[some] = _tags(key, items, values, size, fast)

        each(read, (members[start : start + _AT_ONCE] for start in range(0, len(members), _AT_ONCE)), threads)
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


def _chunks(rows: int) -> Iterator[slice]:
    return (slice(start, start + CHUNK) for start in range(0, rows, CHUNK))
