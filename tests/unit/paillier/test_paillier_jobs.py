from __future__ import annotations

import gmpy2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from accord_protocols.primitives.paillier.cipher import decrypt
from accord_protocols.primitives.paillier.jobs import decrypt_products, encrypt_masks, masked_products
from accord_protocols.primitives.paillier.keys import PrivateKey
from accord_protocols.primitives.paillier.packing import offset, pack, slot_bits, slots, unpack
from accord_protocols.primitives.ring import Ring
from accord_protocols.primitives.xof import Xof
from accord_schemas.bigints import from_block, to_block
from accord_schemas.errors import ProtocolError

X_BITS = 22
TOP = 1 << (X_BITS - 1)
entries = st.one_of(st.sampled_from([0, 1, -1, TOP, -TOP]), st.integers(-TOP, TOP))


def whole_job(
    key: PrivateKey, ring: Ring, X: NDArray[np.int64], D: NDArray[np.uint64], offsets: list[list[int]], length: int
) -> NDArray[np.uint64]:
    ciphertexts = encrypt_masks(key, D, length, Xof(bytes(32), "masks"))
    products = masked_products(key.public, ciphertexts, X, offsets, length, X_BITS, Xof(bytes(32), "products"))
    assert ciphertexts.shape == (len(X), key.public.width)
    assert products.shape == (X.shape[1], key.public.width)
    return decrypt_products(key, products, D.shape[1], length, ring.bits)


def draw_offsets(columns: int, count: int, length: int) -> list[list[int]]:
    xof = Xof(bytes(32), "offsets")
    return [[offset(xof, length) for _ in range(count)] for _ in range(columns)]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from([64, 128]), st.integers(1, 6), st.integers(1, 3), st.data())
def test_shares_of_the_product(key: PrivateKey, bits: int, rows: int, columns: int, data: st.DataObject) -> None:
    ring, length = Ring(bits), slot_bits(bits, X_BITS, rows, columns, 100)
    count = slots(key.public.bits, length)
    X = np.array(data.draw(st.lists(entries, min_size=rows * columns, max_size=rows * columns)), np.int64).reshape(
        rows, columns
    )
    D = ring.random(Xof(data.draw(st.binary(min_size=32, max_size=32))), rows, count)
    offsets = draw_offsets(columns, count, length)
    V = whole_job(key, ring, X, D, offsets, length)
    for t in range(count):
        rho = ring.from_ints([row[t] for row in offsets])
        assert np.array_equal(ring.sub(V[:, t], rho), ring.matvec(X, D[:, t]))


@pytest.mark.parametrize("bits", [64, 128])
@pytest.mark.parametrize("smallest", [True, False])
def test_extreme_sums_never_reach_a_neighbour(key: PrivateKey, bits: int, smallest: bool) -> None:
    rows, columns = 16, 2  # a power of two: the logarithm in L rounds nothing up
    ring, length = Ring(bits), slot_bits(bits, X_BITS, rows, columns, 1)
    count = slots(key.public.bits, length)
    X = np.tile(np.array([[TOP, -TOP]]), (rows, 1))
    D = np.full((rows, count, ring.words), (1 << 64) - 1, np.uint64)
    rho = 1 << (length - 2) if smallest else (1 << (length - 2)) + (1 << (length - 3)) - 1
    products = masked_products(
        key.public,
        encrypt_masks(key, D, length, Xof(bytes(32), "m")),
        X,
        [[rho] * count] * columns,
        length,
        X_BITS,
        Xof(bytes(32), "p"),
    )
    total = rows * TOP * ((1 << bits) - 1)
    for plaintext, sign in zip(decrypt(key, map(gmpy2.mpz, from_block(products))), (1, -1), strict=True):
        assert plaintext >> (length * count) == 0
        slot_values = unpack(plaintext, length, count)
        assert slot_values == [rho + sign * total] * count
        assert all(0 < value < 1 << (length - 1) for value in slot_values)
    # what the offset hides is smaller than its range by 40 bits and the number of offsets in the run
    assert total * 2 * columns << 40 <= 1 << (length - 3)


def test_zero_columns_are_fresh_encryptions_of_the_offset(key: PrivateKey) -> None:
    ring, length = Ring(128), slot_bits(128, X_BITS, 3, 2, 10)
    count = slots(key.public.bits, length)
    D = ring.random(Xof(bytes(32), "D"), 3, count)
    offsets = draw_offsets(2, count, length)
    V = whole_job(key, ring, np.zeros((3, 2), np.int64), D, offsets, length)
    assert ring.to_ints(V, signed=False) == [rho % (1 << 128) for row in offsets for rho in row]


def test_slots_of_the_protocol() -> None:
    assert slot_bits(128, 22, 10_000, 13, 50) == 128 + 22 + 14 + 40 + 11 + 2
    assert slots(2048, slot_bits(128, 22, 10_000, 13, 50)) == 9
    assert slot_bits(64, 22, 1, 1, 1) == 64 + 22 + 0 + 40 + 1 + 2


@given(st.integers(4, 300), st.lists(st.integers(0), max_size=6))
def test_packing_round_trip(length: int, values: list[int]) -> None:
    values = [value % (1 << length) for value in values]
    assert unpack(pack(values, length), length, len(values)) == values


@given(st.binary(min_size=32, max_size=32), st.integers(4, 300))
def test_offsets_lie_in_their_range(seed: bytes, length: int) -> None:
    assert 1 << (length - 2) <= offset(Xof(seed), length) < (1 << (length - 2)) + (1 << (length - 3))


def test_work_split_into_parts_gives_correct_parts(key: PrivateKey) -> None:
    ring, length = Ring(128), slot_bits(128, X_BITS, 8, 2, 10)
    D = ring.random(Xof(bytes(32), "D"), 8, 2)
    xof = Xof(bytes(32), "parts")
    parts = [encrypt_masks(key, D[at : at + 4], length, xof.fork(at)) for at in (0, 4)]
    again = [encrypt_masks(key, D[at : at + 4], length, xof.fork(at)) for at in (4, 0)]
    assert np.array_equal(np.concatenate(parts), np.concatenate(again[::-1]))
    X = np.arange(16).reshape(8, 2) - 7
    offsets = draw_offsets(2, 2, length)
    products = [
        masked_products(
            key.public, np.concatenate(parts), X[:, a : a + 1], offsets[a : a + 1], length, X_BITS, xof.fork("X", a)
        )
        for a in (0, 1)
    ]
    V = decrypt_products(key, np.concatenate(products), 2, length, 128)
    for t in (0, 1):
        rho = ring.from_ints([row[t] for row in offsets])
        assert np.array_equal(ring.sub(V[:, t], rho), ring.matvec(X, D[:, t]))


def test_a_product_cannot_be_recognised_by_who_guesses_x(key: PrivateKey) -> None:
    ring, length = Ring(128), slot_bits(128, X_BITS, 4, 1, 10)
    n, n_squared = key.public.n, key.public.n_squared
    D = ring.random(Xof(bytes(32), "D"), 4, 1)
    ciphertexts = encrypt_masks(key, D, length, Xof(bytes(32), "m"))
    X, rho = np.array([[3], [-5], [0], [TOP]]), offset(Xof(bytes(32), "o"), length)
    one, two = (
        masked_products(key.public, ciphertexts, X, [[rho]], length, X_BITS, Xof(bytes(32), label))
        for label in ("one", "two")
    )
    assert not np.array_equal(one, two)
    for block in (one, two):
        rest = gmpy2.mpz(from_block(block)[0]) * gmpy2.invert(1 + rho * n, n_squared) % n_squared
        for c, x in zip(from_block(ciphertexts), X[:, 0].tolist(), strict=True):
            rest = rest * gmpy2.powmod(c, -x, n_squared) % n_squared
        assert rest != 1  # the right guess, with all else known, leaves an obfuscator nobody else has drawn
        assert decrypt(key, [rest]) == [0]


def test_products_are_obfuscated_beyond_the_sum_they_hide(key: PrivateKey, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    original = Xof.bits

    def recording(self: Xof, count: int) -> int:
        asked.append(count)
        return original(self, count)

    monkeypatch.setattr(Xof, "bits", recording)
    ciphertexts = to_block([2] * 5, key.public.width)
    masked_products(key.public, ciphertexts, np.ones((5, 2), np.int64), [[1], [1]], 200, X_BITS, Xof(bytes(32)))
    assert asked == [512 + X_BITS + 3 + 40] * 2


def test_bad_ciphertexts_are_refused(key: PrivateKey) -> None:
    bad = to_block([2, key.p], key.public.width)
    with pytest.raises(ProtocolError):
        masked_products(key.public, bad, np.ones((2, 1), np.int64), [[1]], 200, X_BITS, Xof(bytes(32)))
    with pytest.raises(ProtocolError):
        decrypt_products(key, bad, 1, 200, 128)


@pytest.mark.parametrize(
    ("X", "offsets", "reason"),
    [
        ([[1], [TOP + 1]], [[1]], "too large"),
        ([[1], [-TOP - 1]], [[1]], "too large"),
        ([[1]], [[1]], "shapes"),
        ([[1], [1]], [[1], [1]], "shapes"),
        ([[1], [1]], [[-1]], "exceeds"),
        ([[1], [1]], [[1 << 199]], "exceeds"),
        ([[1], [1]], [[1] * 6], "more slots"),
    ],
)
def test_local_mistakes_are_refused(key: PrivateKey, X: list[list[int]], offsets: list[list[int]], reason: str) -> None:
    ciphertexts = to_block([2, 3], key.public.width)
    with pytest.raises(ValueError, match=reason):
        masked_products(key.public, ciphertexts, np.array(X), offsets, 200, X_BITS, Xof(bytes(32)))


def test_more_masks_than_slots_are_refused(key: PrivateKey) -> None:
    with pytest.raises(ValueError, match="more slots"):
        encrypt_masks(key, np.zeros((1, 6, 2), np.uint64), 200, Xof(bytes(32)))
