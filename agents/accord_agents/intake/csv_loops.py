"""The loops over the bytes of a CSV file, compiled by numba; without it records are read one by one, alike."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.compiling import kernel, read_only

__all__ = ["LONGEST", "gather", "numbers", "read_only", "records"]
Array = NDArray[Any]
U = np.uint64
LONGEST = 131_072  # of a cell, as for the `csv` module
_FEWEST, _MOST = -60, 60
"""Powers of ten of what a cell spells in digits; beyond them cells are read by Python."""
_DIGITS = 19  # that fit into 64 bits
_LF, _CR, _SPACE, _MINUS, _PLUS, _ZERO, _NINE, _E = 0x0A, 0x0D, 0x20, 0x2D, 0x2B, 0x30, 0x39, 0x65


def _power(q: int) -> int:
    """The first 128 bits of 5^q, as the proof of `_nearest` wants them rounded."""
    five: int = 5 ** abs(q)
    size = five.bit_length()
    if q >= 0:
        return (five << 128) >> size
    if q >= -27:
        return (1 << size + 127) // five + 1
    found = (1 << 2 * size + 128) // five + 1
    return found >> (found.bit_length() - 128)


_POWERS = np.array([[p >> 64, p & (1 << 64) - 1] for p in map(_power, range(_FEWEST, _MOST + 1))], np.uint64)


@kernel
def records(data: Array, delimiter: int, quote: int, slots: Array, begins: Array, ends: Array) -> tuple[int, int]:
    """Where the cells of plain records are: (how many records, where the next one begins).

    A plain record is one line, whole, of ASCII, with as many cells as there are `slots`, and without quotes but around
    a cell.

    Args:
        data: ``(n,)`` bytes; the first record begins at 0.
        delimiter: What is between cells.
        quote: What may be around cells.
        slots: ``(width,)``, the column of `begins` and `ends` for each cell, or -1.
        begins: ``(columns, most)``, set to where cells begin.
        ends: Likewise.
    """
    width, most, size = len(slots), begins.shape[1], len(data)
    row, start = 0, 0
    while row < most:
        at, cell, begin, closed = start, 0, start, 0
        while at < size:
            c = data[at]
            if c == quote and at == begin:
                closed = at + 1
                while closed < size and data[closed] != quote and _SPACE <= data[closed] < 0x80:
                    closed += 1
                if closed + 1 >= size or data[closed] != quote or data[closed + 1] not in (delimiter, _LF, _CR):
                    return row, start
                at, c = closed + 1, data[closed + 1]
            if c == delimiter or c == _LF:  # noqa: SIM109  # a tuple costs
                end = at - 1 if c == _LF and at > begin and data[at - 1] == _CR else at
                if closed:
                    begin, end, closed = begin + 1, closed, 0
                if cell >= width or end - begin > LONGEST:
                    return row, start
                if slots[cell] >= 0:
                    begins[slots[cell], row], ends[slots[cell], row] = begin, end
                cell, begin = cell + 1, at + 1
                if c == _LF:
                    break
            elif c == quote or c >= 0x80 or c == 0 or (c == _CR and (at + 1 >= size or data[at + 1] != _LF)):
                return row, start
            at += 1
        if at >= size or cell != width or (width == 1 and data[start] in (_LF, _CR)):
            return row, start
        row, start = row + 1, at + 1
    return row, start


@kernel
def gather(data: Array, begins: Array, offsets: Array, out: Array) -> None:
    """Copies cells after one another, to where `offsets` says."""
    for row in range(len(begins)):
        start, to = begins[row], offsets[row]
        for k in range(offsets[row + 1] - to):
            out[to + k] = data[start + k]


@kernel
def numbers(data: Array, begins: Array, ends: Array, decimal: int, words: Array) -> bool:
    """Sets `words` to the bits of the float nearest to every cell, NaN for empty ones; whether that could be done."""
    for row in range(len(begins)):
        at, end = begins[row], ends[row]
        if at == end:
            words[row] = U(0x7FF8000000000000)
            continue
        negative = data[at] == _MINUS
        if negative or data[at] == _PLUS:
            at += 1
        mantissa, digits, seen, q = U(0), 0, 0, 0
        while at < end and _ZERO <= data[at] <= _NINE:
            mantissa = mantissa * U(10) + U(data[at] - _ZERO)
            digits += digits > 0 or data[at] != _ZERO
            seen, at = seen + 1, at + 1
        if at < end and data[at] == decimal:
            at += 1
            while at < end and _ZERO <= data[at] <= _NINE:
                mantissa = mantissa * U(10) + U(data[at] - _ZERO)
                digits += digits > 0 or data[at] != _ZERO
                seen, at, q = seen + 1, at + 1, q - 1
        if seen == 0 or digits > _DIGITS:
            return False
        if at < end and (data[at] | 0x20) == _E:
            at += 1
            down = at < end and data[at] == _MINUS
            if at < end and (down or data[at] == _PLUS):
                at += 1
            if end - at < 1 or end - at > 3:
                return False
            power = 0
            while at < end and _ZERO <= data[at] <= _NINE:
                power, at = power * 10 + (data[at] - _ZERO), at + 1
            q += -power if down else power
        if at != end or q < _FEWEST or q > _MOST:
            return False
        bits = _nearest(mantissa, q)
        if bits == ~U(0):
            return False
        words[row] = bits | (U(negative) << U(63))
    return True


@kernel
def _nearest(w: Any, q: int) -> Any:
    """The bits of the float nearest to w times 10^q, all ones where this cannot tell (Lemire, arXiv:2101.11408)."""
    if w == U(0):
        return U(0)
    zeros, shifted = 0, w
    for step in (32, 16, 8, 4, 2, 1):
        if shifted >> U(64 - step) == U(0):
            shifted, zeros = shifted << U(step), zeros + step
    high, low = _product(shifted, _POWERS[q - _FEWEST, 0])
    if high & U(0x1FF) == U(0x1FF):
        more, _ = _product(shifted, _POWERS[q - _FEWEST, 1])
        low = low + more
        if more > low:
            high = high + U(1)
    if low == ~U(0):
        return ~U(0)
    upper = high >> U(63)
    shift = upper + U(9)
    mantissa = high >> shift
    exponent = ((217706 * q) >> 16) + 63 + np.int64(upper) - zeros + 1023
    if low <= U(1) and -4 <= q <= 23 and mantissa & U(3) == U(1) and mantissa << shift == high:
        mantissa = mantissa & ~U(1)  # in the middle between two floats: to the even one
    mantissa = (mantissa + (mantissa & U(1))) >> U(1)
    if mantissa >= U(1) << U(53):
        mantissa, exponent = U(1) << U(52), exponent + 1
    return (mantissa & ~(U(1) << U(52))) | (U(exponent) << U(52))


@kernel
def _product(a: Any, b: Any) -> tuple[Any, Any]:
    """The upper and the lower 64 bits of a product."""
    mask = U(0xFFFFFFFF)
    a0, a1, b0, b1 = a & mask, a >> U(32), b & mask, b >> U(32)
    low, middle = a0 * b0, a1 * b0
    middle = middle + (low >> U(32))
    other = a0 * b1 + (middle & mask)
    return a1 * b1 + (middle >> U(32)) + (other >> U(32)), a * b
