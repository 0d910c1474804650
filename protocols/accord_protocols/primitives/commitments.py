"""Commitments to what a party computes with: hiding by a secret salt, binding, the same bytes on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_schemas.canonical import canonical_json, digest, framed

_ROWS = 1 << 14  # ids, or rows of numbers, that are encoded at a time


def of_table(
    salt: bytes,
    ids: Sequence[str],
    columns: Sequence[str],
    values: NDArray[np.float64],
    labels: NDArray[np.float64] | None,
    further: Mapping[str, NDArray[np.float64] | None] | None = None,
    meanings: Mapping[str, Any] | None = None,
) -> bytes:
    """To a party's rows as they were read: ids, columns, values, labels and what else there is (32 bytes).

    Args:
        salt: 32 secret bytes; whoever knows them can test guesses.
        ids: n normalised ids.
        columns: m names.
        values: ``(n, m)``; every NaN counts as the same, and zeros without their sign.
        labels: ``(n,)``, or None.
        further: ``(n,)`` each, by name; those that are None are not there.
        meanings: What numbers of the values stand for, as JSON values.
    """
    others = {name: array for name, array in sorted((further or {}).items()) if array is not None}
    said: dict[str, Any] = {"ids": len(ids), "columns": list(columns), "labels": labels is not None}
    said |= {name: value for name, value in {"further": list(others), "meanings": meanings}.items() if value}
    head, arrays = canonical_json(said), (values, labels, *others.values())
    numbers = (_plain(array) for array in arrays if array is not None)
    return _hashed(salt, b"table", head, texts(ids), *numbers)


def of_arrays(salt: bytes, **arrays: NDArray[Any]) -> bytes:
    """To numbers under names: of each its type, its shape and every bit (32 bytes)."""
    kinds = [[name, a.dtype.newbyteorder("<").str, list(a.shape)] for name, a in sorted(arrays.items())]
    return _hashed(salt, b"arrays", canonical_json(kinds), *(_blocks(a) for _, a in sorted(arrays.items())))


def texts(ids: Iterable[str]) -> Iterator[bytes]:
    """Ids in their order, each behind its length, some thousand at a time."""
    rest = iter(ids)
    while block := list(islice(rest, _ROWS)):
        yield b"".join(framed(*block))


def _hashed(salt: bytes, kind: bytes, head: bytes, *bodies: Iterable[bytes]) -> bytes:
    h = hashlib.sha256(digest(b"accord commitment", salt, kind, head))
    for body in bodies:  # of a length that the head gives
        for part in body:
            h.update(part)
    return h.digest()


def _plain(numbers: NDArray[np.float64]) -> Iterator[bytes]:
    for start in range(0, len(numbers), _ROWS):
        block = numbers[start : start + _ROWS]
        yield from _blocks(np.where(np.isnan(block), np.nan, block + 0.0))


def _blocks(numbers: NDArray[Any]) -> Iterator[bytes]:
    for start in range(0, len(numbers), _ROWS):
        yield numbers[start : start + _ROWS].astype(numbers.dtype.newbyteorder("<")).tobytes()
