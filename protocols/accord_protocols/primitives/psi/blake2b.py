"""Keyed BLAKE2b with a digest of 8 bytes (RFC 7693) of many short messages, compiled; `hashlib` has the same bytes.

Loaded where there are so many messages that it pays: numba takes half a second to start.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.compiling import kernel, read_only

Array = NDArray[Any]
U = np.uint64
_LANES = 8  # messages at a time: a vector of AVX-512, two of AVX2
_BLOCK = 128
_STATE, _MESSAGE, _COUNTS, _LAST, _WORDS = 0, 8 * _LANES, 24 * _LANES, 25 * _LANES, 26 * _LANES
"""Where each lane's state of 8 words is, word by word; its block of 16; how many bytes there were with this block; and
all ones in the last block of a message. Behind them the end."""
_IV = np.array(
    [
        0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1,
        0x510E527FADE682D1, 0x9B05688C2B3E6C1F, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179,
    ],
    np.uint64,
)  # fmt: skip


def hashes(key: bytes, person: bytes, offsets: NDArray[np.int64], data: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """``(n,)``, the digest of each message as a little-endian number.

    Args:
        key: 1 to 64 bytes.
        person: At most 16 bytes.
        offsets: ``(n + 1,)``, where each message begins in `data`, and the last one ends; none is empty.
        data: The messages, one after the other.
    """
    parameters = np.zeros(8, np.uint64)
    parameters[0] = 8 | len(key) << 8 | 1 << 16 | 1 << 24
    parameters[6:] = np.frombuffer(person.ljust(16, b"\0"), "<u8")
    out = np.empty(len(offsets) - 1, np.uint64)
    lanes, first = np.zeros(_WORDS, "<u8"), np.frombuffer(key.ljust(_BLOCK, b"\0"), "<u8").copy()
    _all(_IV ^ parameters, first, read_only(offsets), read_only(data), out, lanes, lanes.view(np.uint8))
    return out


@kernel
def _mix(a: Any, b: Any, c: Any, d: Any, x: Any, y: Any) -> Any:
    a = a + b + x
    d = d ^ a
    d = (d >> U(32)) | (d << U(32))
    c = c + d
    b = b ^ c
    b = (b >> U(24)) | (b << U(40))
    a = a + b + y
    d = d ^ a
    d = (d >> U(16)) | (d << U(48))
    c = c + d
    b = b ^ c
    return a, (b >> U(63)) | (b << U(1)), c, d


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
def _compress(lanes: Array) -> None:
    """One block of each lane, see `_STATE`; one array with fixed places is what LLVM makes vectors of."""
    i0, i1, i2, i3, i4, i5, i6, i7 = _IV[0], _IV[1], _IV[2], _IV[3], _IV[4], _IV[5], _IV[6], _IV[7]
    for x in range(_LANES):
        a, b, c, d, e, f, g, i = (
            lanes[64 + x],
            lanes[72 + x],
            lanes[80 + x],
            lanes[88 + x],
            lanes[96 + x],
            lanes[104 + x],
            lanes[112 + x],
            lanes[120 + x],
        )
        j, k, s, n, o, p, q, r = (
            lanes[128 + x],
            lanes[136 + x],
            lanes[144 + x],
            lanes[152 + x],
            lanes[160 + x],
            lanes[168 + x],
            lanes[176 + x],
            lanes[184 + x],
        )
        h0, h1, h2, h3, h4, h5, h6, h7 = (
            lanes[0 + x],
            lanes[8 + x],
            lanes[16 + x],
            lanes[24 + x],
            lanes[32 + x],
            lanes[40 + x],
            lanes[48 + x],
            lanes[56 + x],
        )
        v = (h0, h1, h2, h3, h4, h5, h6, h7, i0, i1, i2, i3, i4 ^ lanes[_COUNTS + x], i5, i6 ^ lanes[_LAST + x], i7)
        v = _round(v, a, b, c, d, e, f, g, i, j, k, s, n, o, p, q, r)
        v = _round(v, q, s, e, j, k, r, p, g, b, o, a, c, n, i, f, d)
        v = _round(v, n, j, o, a, f, c, r, p, s, q, d, g, i, b, k, e)
        v = _round(v, i, k, d, b, p, o, n, q, c, g, f, s, e, a, r, j)
        v = _round(v, k, a, f, i, c, e, s, r, q, b, n, o, g, j, d, p)
        v = _round(v, c, o, g, s, a, n, j, d, e, p, i, f, r, q, b, k)
        v = _round(v, o, f, b, r, q, p, e, s, a, i, g, d, k, c, j, n)
        v = _round(v, p, n, i, q, o, b, d, k, f, a, r, e, j, g, c, s)
        v = _round(v, g, r, q, k, n, d, a, j, o, c, p, i, b, e, s, f)
        v = _round(v, s, c, j, e, i, g, b, f, r, n, k, q, d, o, p, a)
        v = _round(v, a, b, c, d, e, f, g, i, j, k, s, n, o, p, q, r)
        v = _round(v, q, s, e, j, k, r, p, g, b, o, a, c, n, i, f, d)
        lanes[0 + x], lanes[8 + x], lanes[16 + x], lanes[24 + x] = (
            h0 ^ v[0] ^ v[8],
            h1 ^ v[1] ^ v[9],
            h2 ^ v[2] ^ v[10],
            h3 ^ v[3] ^ v[11],
        )
        lanes[32 + x], lanes[40 + x], lanes[48 + x], lanes[56 + x] = (
            h4 ^ v[4] ^ v[12],
            h5 ^ v[5] ^ v[13],
            h6 ^ v[6] ^ v[14],
            h7 ^ v[7] ^ v[15],
        )


@kernel
def _all(start: Array, key: Array, offsets: Array, data: Array, out: Array, lanes: Array, raw: Array) -> None:
    for x in range(_LANES):
        lanes[_COUNTS + x], lanes[_LAST + x] = U(_BLOCK), U(0)
        for w in range(8):
            lanes[_LANES * w + x] = start[w]
        for w in range(16):
            lanes[_MESSAGE + _LANES * w + x] = key[w]
    _compress(lanes)
    keyed, n = lanes[:_MESSAGE].copy(), len(offsets) - 1
    for first in range(0, n, _LANES):
        some, most = min(_LANES, n - first), 1
        for x in range(some):
            most = max(most, (offsets[first + x + 1] - offsets[first + x] + _BLOCK - 1) // _BLOCK)
        lanes[:_MESSAGE] = keyed
        for number in range(most):
            lanes[_MESSAGE:_COUNTS] = U(0)
            for x in range(some):
                size = offsets[first + x + 1] - offsets[first + x]
                here = min(max(size - number * _BLOCK, 0), _BLOCK)
                _put(raw, x, data, offsets[first + x] + number * _BLOCK, here)
                lanes[_COUNTS + x] = U(_BLOCK + number * _BLOCK + here)
                lanes[_LAST + x] = ~U(0) if size <= (number + 1) * _BLOCK else U(0)
            _compress(lanes)
            for x in range(some):  # of messages that end here
                size = offsets[first + x + 1] - offsets[first + x]
                if number * _BLOCK < size <= (number + 1) * _BLOCK:
                    out[first + x] = lanes[x]


@kernel
def _put(raw: Array, x: int, data: Array, at: int, size: int) -> None:
    """Some bytes as the words of a lane, eight at a time as far as they go."""
    whole = size // 8
    for w in range(whole):
        place = 8 * (_MESSAGE + _LANES * w + x)
        for k in range(8):
            raw[place + k] = data[at + 8 * w + k]
    place = 8 * (_MESSAGE + _LANES * whole + x)
    for k in range(size - 8 * whole):
        raw[place + k] = data[at + 8 * whole + k]
