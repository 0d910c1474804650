"""The inner loops of an exchange, compiled by numba; numpy has the same beside where each is used, with the same bytes.

Loaded for sets of `LARGE` ids and more: numba takes half a second to start, in which smaller ones are done.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.compiling import kernel

Array = NDArray[Any]
U, U32 = np.uint64, np.uint32
_WORDS = 5  # of a code, as `f4.WORDS`: known when the loops are compiled
_LANES = 16  # messages at a time: two vectors of eight words
_START, _END_ROOT, _KEYED = 1, 10, 16  # flags of BLAKE3
_HALF = U(32)


# ---- what an id stands for


@kernel
def blocks(hashes: Array, out: Array) -> None:
    """Four inputs of AES for every hash: ``(n, 16)`` to ``(n, 4, 16) uint8``."""
    for i in range(len(hashes)):
        for number in range(4):
            for k in range(15):
                out[i, number, k] = hashes[i, k]
            out[i, number, 15] = (hashes[i, 15] & 0x3F) | (number << 6)


@kernel
def items(words: Array, sparse: int, dense: int, codes: Array, masks: Array, slots: Array) -> None:
    """What the cipher gave, ``(n, 8)``, as codes ``(n, 5)``, masks ``(n,)`` and slots ``(n, 3)``."""
    low, first, second, third = U(0xFFFFFFFF), U(sparse), U(sparse - 1), U(sparse - 2)
    for i in range(len(words)):
        for w in range(_WORDS):
            codes[i, w] = words[i, w]
        masks[i] = words[i, _WORDS] >> U(64 - dense)
        a = np.int64(((words[i, 6] & low) * first) >> _HALF)
        b = np.int64(((words[i, 6] >> _HALF) * second) >> _HALF)
        c = np.int64(((words[i, 7] & low) * third) >> _HALF)
        b += b >= a  # each skips those before it
        c += c >= min(a, b)
        c += c >= max(a, b)
        slots[i, 0], slots[i, 1], slots[i, 2] = a, b, c


# ---- the table


@kernel
def peel(positions: Array, rows: int, keys: Array, slots: Array, peeled: Array) -> int:
    """As `accord_protocols.primitives.psi.peeling.peel`: the layers' keys and slots one after the other; how many."""
    n, done, alone = len(positions), 0, 0
    count, owners = np.zeros(rows, np.int32), np.zeros(rows, np.int32)
    candidates = np.empty(max(3 * n, rows), np.int32)
    for key in range(n):
        for j in range(3):
            count[positions[key, j]] += 1
            owners[positions[key, j]] ^= key
    for slot in range(rows):
        if count[slot] == 1:
            candidates[alone] = slot
            alone += 1
    while alone:
        first = done
        for t in range(alone):
            key = owners[candidates[t]]
            if not peeled[key]:
                peeled[key] = True
                j = 0
                while count[positions[key, j]] != 1:
                    j += 1
                keys[done], slots[done] = key, positions[key, j]
                done += 1
        for t in range(first, done):
            for j in range(3):
                count[positions[keys[t], j]] -= 1
                owners[positions[keys[t], j]] ^= keys[t]
        alone = 0
        for t in range(first, done):
            for j in range(3):
                if count[positions[keys[t], j]] == 1:
                    candidates[alone] = positions[keys[t], j]
                    alone += 1
    return done


@kernel
def fill(positions: Array, codes: Array, masks: Array, dense: Array, keys: Array, slots: Array, table: Array) -> None:
    """Each key's slot from what else it reads, the last one first; the own slot is still zero."""
    for t in range(len(keys) - 1, -1, -1):
        key, slot = keys[t], slots[t]
        a, b, c = positions[key, 0], positions[key, 1], positions[key, 2]
        for w in range(_WORDS):
            table[slot, w] = codes[key, w] ^ table[a, w] ^ table[b, w] ^ table[c, w]
        for number in range(len(dense)):
            byte = (masks[key] >> U(8 * number)) & U(255)
            for w in range(_WORDS):
                table[slot, w] ^= dense[number, byte, w]


@kernel
def spread(positions: Array, words: Array, keys: Array, slots: Array, table: Array) -> None:
    """Each key's slot of a store from its value, ``(n, 2)``, and its two other slots, the last key first."""
    for t in range(len(keys) - 1, -1, -1):
        key, slot = keys[t], slots[t]
        low, high = words[key, 0], words[key, 1]
        for j in range(3):
            other = positions[key, j]
            if other != slot:
                low, high = low ^ table[other, 0], high ^ table[other, 1]
        table[slot, 0], table[slot, 1] = low, high


@kernel
def read(table: Array, positions: Array, masks: Array, dense: Array, values: Array) -> None:
    """What each item reads of a bucket."""
    for item in range(len(positions)):
        a, b, c = positions[item, 0], positions[item, 1], positions[item, 2]
        for w in range(_WORDS):
            values[item, w] = table[a, w] ^ table[b, w] ^ table[c, w]
        for number in range(len(dense)):
            byte = (masks[item] >> U(8 * number)) & U(255)
            for w in range(_WORDS):
                values[item, w] ^= dense[number, byte, w]


@kernel
def add_products(rows: Array, straight: Array, crossed: Array, sums: Array) -> None:
    """Rows over F4 times fixed factors, see `f4.Factors`, added to `sums`."""
    for i in range(len(rows)):
        for w in range(_WORDS):
            x = rows[i, w]
            sums[i, w] ^= (x & straight[w]) ^ (((x << _HALF) | (x >> _HALF)) & crossed[w])


# ---- bits into rows


@kernel
def transpose(columns: Array, steps: Array, rows: Array, word: int) -> None:
    """Bit columns ``(64, k)`` as word `word` of ``64·k`` rows; as `extension._transpose`."""
    square = np.empty((64, 8), np.uint64)
    for start in range(0, columns.shape[1], 8):
        for i in range(64):
            for lane in range(8):
                square[i, lane] = columns[i, start + lane]
        side = 32
        for step in range(6):
            mask, shift = steps[step], U(side)
            for base in range(0, 64, 2 * side):
                for i in range(base, base + side):
                    for lane in range(8):
                        upper, lower = square[i, lane], square[i + side, lane]
                        swapped = ((upper >> shift) ^ lower) & mask
                        square[i, lane] = upper ^ (swapped << shift)
                        square[i + side, lane] = lower ^ swapped
            side //= 2
        for lane in range(8):
            for i in range(64):
                rows[64 * (start + lane) + i, word] = square[i, lane]


# ---- BLAKE3


@kernel
def pad(data: Array, offsets: Array, padded: Array) -> None:
    """Texts that lie one after the other, as rows with zeros behind."""
    for i in range(len(padded)):
        start, size = offsets[i], offsets[i + 1] - offsets[i]
        for k in range(padded.shape[1]):
            padded[i, k] = data[start + k] if k < size else 0


@kernel
def _turned(x: Any, right: Any) -> Any:
    return U32(U32(x >> U32(right)) | U32(x << U32(32 - right)))


@kernel
def _mix(a: Any, b: Any, c: Any, d: Any, x: Any, y: Any) -> Any:
    a = U32(a + b + x)
    d = _turned(U32(d ^ a), 16)
    c = U32(c + d)
    b = _turned(U32(b ^ c), 12)
    a = U32(a + b + y)
    d = _turned(U32(d ^ a), 8)
    c = U32(c + d)
    b = _turned(U32(b ^ c), 7)
    return a, b, c, d


@kernel
def _round(
    v: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, g: Any, h: Any,
    i: Any, j: Any, k: Any, s: Any, m: Any, n: Any, o: Any, p: Any,
) -> Any:  # fmt: skip
    v0, v4, v8, vc = _mix(v[0], v[4], v[8], v[12], a, b)
    v1, v5, v9, vd = _mix(v[1], v[5], v[9], v[13], c, d)
    v2, v6, va, ve = _mix(v[2], v[6], v[10], v[14], e, f)
    v3, v7, vb, vf = _mix(v[3], v[7], v[11], v[15], g, h)
    v0, v5, va, vf = _mix(v0, v5, va, vf, i, j)
    v1, v6, vb, vc = _mix(v1, v6, vb, vc, k, s)
    v2, v7, v8, vd = _mix(v2, v7, v8, vd, m, n)
    v3, v4, v9, ve = _mix(v3, v4, v9, ve, o, p)
    return v0, v1, v2, v3, v4, v5, v6, v7, v8, v9, va, vb, vc, vd, ve, vf


@kernel
def _compress(h: Array, m: Array, filled: Array, flags: Array, out: Array) -> None:
    """The compression function with counter 0, a lane per message; words of the block are permuted from round to round.

    ``h (8, lanes)``, ``m (16, lanes)``, ``out (8, lanes)``.
    """
    iv0, iv1, iv2, iv3, zero = U32(0x6A09E667), U32(0xBB67AE85), U32(0x3C6EF372), U32(0xA54FF53A), U32(0)
    for x in range(_LANES):
        a, b, c, d, e, f, g, i = m[0, x], m[1, x], m[2, x], m[3, x], m[4, x], m[5, x], m[6, x], m[7, x]
        j, k, s, n, o, p, q, r = m[8, x], m[9, x], m[10, x], m[11, x], m[12, x], m[13, x], m[14, x], m[15, x]
        h0, h1, h2, h3, h4, h5, h6, h7 = h[0, x], h[1, x], h[2, x], h[3, x], h[4, x], h[5, x], h[6, x], h[7, x]
        v = (h0, h1, h2, h3, h4, h5, h6, h7, iv0, iv1, iv2, iv3, zero, zero, filled[x], flags[x])
        v = _round(v, a, b, c, d, e, f, g, i, j, k, s, n, o, p, q, r)
        v = _round(v, c, g, d, s, i, a, e, p, b, n, o, f, k, q, r, j)
        v = _round(v, d, e, s, o, p, c, i, q, g, f, k, a, n, r, j, b)
        v = _round(v, s, i, o, k, q, d, p, r, e, a, n, c, f, j, b, g)
        v = _round(v, o, p, k, n, r, s, q, j, i, c, f, d, a, b, g, e)
        v = _round(v, k, q, n, f, j, o, r, b, p, d, a, s, c, g, e, i)
        v = _round(v, n, r, f, a, b, k, j, g, q, s, c, o, d, e, i, p)
        out[0, x], out[1, x] = U32(v[0] ^ v[8]), U32(v[1] ^ v[9])
        out[2, x], out[3, x] = U32(v[2] ^ v[10]), U32(v[3] ^ v[11])
        out[4, x], out[5, x] = U32(v[4] ^ v[12]), U32(v[5] ^ v[13])
        out[6, x], out[7, x] = U32(v[6] ^ v[14]), U32(v[7] ^ v[15])


@kernel
def digests(key: Array, words: Array, lengths: Array, out: Array) -> None:
    """Keyed BLAKE3 of messages of one chunk: ``(n, 16·blocks)`` words to ``(n, 8)``."""
    n = len(words)
    h, m, made = (np.zeros((8, _LANES), np.uint32), np.zeros((16, _LANES), np.uint32), np.zeros((8, _LANES), np.uint32))
    filled, flags, blocks = np.zeros(_LANES, np.uint32), np.zeros(_LANES, np.uint32), np.zeros(_LANES, np.int64)
    for start in range(0, n, _LANES):
        some, most = min(_LANES, n - start), 1
        for x in range(some):
            blocks[x] = max((lengths[start + x] + 63) // 64, 1)
            most = max(most, blocks[x])
            for w in range(8):
                h[w, x] = key[w]
        for number in range(most):
            for x in range(some):
                last = blocks[x] == number + 1
                filled[x] = lengths[start + x] - 64 * number if last else 64
                flags[x] = _KEYED + (_START if number == 0 else 0) + (_END_ROOT if last else 0)
                for w in range(16):
                    m[w, x] = words[start + x, 16 * number + w]
            _compress(h, m, filled, flags, made)
            for x in range(some):
                if number < blocks[x]:
                    for w in range(8):
                        h[w, x] = made[w, x]
        for x in range(some):
            for w in range(8):
                out[start + x, w] = h[w, x]
