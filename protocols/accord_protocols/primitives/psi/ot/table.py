"""A linear system as a table: every id reads the XOR of three sparse rows and about half of the dense ones.

An oblivious key-value store of weight 3 (Garimella, Pinkas, Rosulek, Trieu, Yanai, CRYPTO 2021; sizes of Raghuraman and
Rindal, CCS 2022). Peeling solves almost all of it; the dense rows solve what is left. Reading is linear in the table,
on which the exchange rests. Rows that nobody needs are zero: the table never leaves without a mask.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.psi.ot.code import DENSE, Items, Shape
from accord_protocols.primitives.psi.ot.f4 import Rows
from accord_protocols.primitives.psi.peeling import peel

_BYTES = DENSE // 8


def solve(hashes: NDArray[np.uint8], sid: bytes, shape: Shape) -> Rows:
    """The table from which each id reads its code: ``(shape.rows, words) uint64``.

    Args:
        hashes: ``(shape.size, 16) uint8`` from `hash_ids`.
        sid: 32 bytes, the session that all parties share.
        shape: Of the table.

    Raises:
        ArithmeticError: It has no solution: ids are not distinct, or a chance of 2^-40 was met.
    """
    return np.concatenate([solve_bucket(hashes[members], sid, shape) for _, members in shape.parts(hashes)])


def solve_bucket(hashes: NDArray[np.uint8], sid: bytes, shape: Shape) -> Rows:
    """A bucket's rows of the table, ``(shape.bucket_rows, words) uint64``, of the hashes in it; see `solve`."""
    table = np.zeros((shape.bucket_rows, shape.code.words), np.uint64)
    _fill(Items.of(hashes, sid, shape), table, shape)
    return table


def _fill(items: Items, table: Rows, shape: Shape) -> None:
    if (fast := shape.loops) is not None:
        _solve_fast(fast, items, table, shape)
        return
    layers, core = peel(items.slots, shape.sparse)
    _solve_core(items, core, table, shape.sparse)
    dense = _combinations(table[shape.sparse :]) if core.size else None
    for keys, slots in reversed(layers):
        near, values = items.slots[keys], items.codes[keys]
        for column in near.T:  # the own slot is still zero
            values ^= table[column]
        if dense is not None:
            values ^= _combined(dense, items.masks[keys])
        table[slots] = values


def _solve_fast(fast: Any, items: Items, table: Rows, shape: Shape) -> None:
    n = len(items)
    keys, slots, peeled = np.empty(n, np.int64), np.empty(n, np.int64), np.zeros(n, bool)
    done = fast.peel(items.slots, shape.sparse, keys, slots, peeled)
    core = np.flatnonzero(~peeled)
    _solve_core(items, core, table, shape.sparse)
    dense = _combinations(table[shape.sparse :])[: _BYTES if core.size else 0]
    fast.fill(items.slots, items.codes, items.masks, dense, keys[:done], slots[:done], table)


class Reader:
    """Reads a bucket, whose rows of the table are ``(shape.bucket_rows, words) uint64``."""

    def __init__(self, table: Rows, shape: Shape) -> None:
        self._table, self._dense, self._fast = table, _combinations(table[shape.sparse :]), shape.loops

    def read(self, items: Items) -> Rows:
        """What each item reads: ``(n, words)``."""
        if self._fast is not None:
            read = np.empty((len(items), self._table.shape[1]), np.uint64)
            self._fast.read(self._table, items.slots, items.masks, self._dense, read)
            return read
        values = _combined(self._dense, items.masks)
        for column in items.slots.T:
            values ^= self._table.take(column, axis=0)
        return values


def _combinations(dense: Rows) -> Rows:
    """XORs of every subset of eight dense rows, ``(_BYTES, 256, words)``: a mask is read a byte at a time."""
    words = dense.shape[1]
    tables = np.zeros((_BYTES, 256, words), np.uint64)
    for bit in range(8):
        tables[:, 1 << bit : 2 << bit] = tables[:, : 1 << bit] ^ dense.reshape(_BYTES, 8, 1, words)[:, bit]
    return tables


def _combined(tables: Rows, masks: NDArray[np.uint64]) -> Rows:
    values = np.zeros((len(masks), tables.shape[2]), np.uint64)
    for number, table in enumerate(tables):
        values ^= table.take((masks >> np.uint64(8 * number)).astype(np.uint8), axis=0)
    return values


def _solve_core(items: Items, core: NDArray[np.int64], table: Rows, sparse: int) -> None:
    """Gauss-Jordan elimination for the keys of the core, which are few; free variables are zero.

    Variables are the dense rows, then the sparse ones of the core, as bits of an integer.
    """
    columns = {int(slot): DENSE + i for i, slot in enumerate(np.unique(items.slots[core]))}
    solved: dict[int, tuple[int, Rows]] = {}  # by the leading variable of an equation
    for key in core:
        bits, value = int(items.masks[key]), items.codes[key].copy()
        for slot in items.slots[key]:
            bits ^= 1 << columns[int(slot)]
        while bits and (lead := bits.bit_length() - 1) in solved:
            other, other_value = solved[lead]
            bits, value = bits ^ other, value ^ other_value
        if not bits:
            raise ArithmeticError("a table of alignment has no solution")
        solved[bits.bit_length() - 1] = bits, value
    rows = {column: slot for slot, column in columns.items()} | {i: sparse + i for i in range(DENSE)}
    for lead in sorted(solved):  # all other variables of an equation are below its leading one
        bits, value = solved[lead]
        for variable in range(lead):
            if bits >> variable & 1:
                value = value ^ table[rows[variable]]
        table[rows[lead]] = value
