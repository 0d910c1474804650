"""The server's table: in each column group a binary fuse filter of encrypted values under addition modulo 256."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from accord_protocols.primitives.pir.layout import Layout
from accord_protocols.primitives.pir.sealing import Tags, seal
from accord_protocols.primitives.psi.peeling import peel
from accord_protocols.primitives.xof import Xof

SALT = 16
_ATTEMPTS = 100  # a salt fails about one time in ten


def build(layout: Layout, setup: bytes, tags: Tags, values: Sequence[bytes], xof: Xof) -> tuple[bytes, Tags]:
    """One group's filter: the three slots of a key sum up to its encrypted value; free ones are random.

    Args:
        layout: Of the whole table.
        setup: 32 bytes, of this table alone.
        tags: ``(n, 32)``: the OPRF of this group's keys.
        values: Their values, at most `layout.value` bytes.
        xof: Draws salts and free slots.

    Returns:
        The salt of its slots, and ``(layout.rows, layout.width) uint8``.

    Raises:
        ValueError: It has more keys than there is room for.
    """
    sealed = np.frombuffer(b"".join(seal(tags, setup, values, layout.value)), np.uint8).reshape(-1, layout.width)
    for _ in range(_ATTEMPTS):
        salt = xof.bytes(SALT)
        positions = layout.geometry.positions(tags, salt)
        layers, core = peel(positions, layout.rows)
        if not core.size:
            break
    else:
        raise ValueError("a column group has more keys than it has room for")
    table = np.frombuffer(xof.bytes(layout.rows * layout.width), np.uint8).reshape(layout.rows, -1).copy()
    for keys, slots in reversed(layers):
        near = positions[keys]
        table[slots] = 0
        table[slots] = sealed[keys] - table[near[:, 0]] - table[near[:, 1]] - table[near[:, 2]]
    return salt, table
