from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from accord_protocols.primitives.paillier.jobs import (
    answer_masks,
    decrypt_products,
    encrypt_masks,
    masked_products,
)
from accord_protocols.primitives.paillier.keys import PrivateKey
from accord_protocols.primitives.paillier.packing import pack, slot_bits, slots, unpack
from accord_protocols.primitives.ring import Ring
from accord_protocols.primitives.xof import Xof
from accord_schemas.bigints import from_block, to_block
from accord_schemas.errors import ProtocolError

X_BITS = 22
TOP = 1 << (X_BITS - 1)
entries = st.one_of(st.sampled_from([0, 1, -1, TOP, -TOP]), st.integers(-TOP, TOP))


def whole_job(
    key: PrivateKey, ring: Ring, X: NDArray[np.int64], D: NDArray[np.uint64], length: int, label: str = "masks"
) -> NDArray[np.int64]:
    """By how many units each slot of each column differs from the exact product: ``(m, s)``."""
    count, columns = D.shape[1], X.shape[1]
    ciphertexts = encrypt_masks(key, D, length, Xof(bytes(32), "pads"))
    masks, offsets = answer_masks(key.public, columns, count, length, ring.bits, Xof(bytes(32), label))
    products = masked_products(key.public, ciphertexts, X, masks, X_BITS)
    assert ciphertexts.shape == (len(X), key.public.width)
    assert products.shape == masks.shape == (columns, key.public.width)
    V = decrypt_products(key, products, count, length, ring.bits)
    assert V.shape == offsets.shape == (columns, count, ring.words)
    exact = np.stack([ring.matvec(X, D[:, t]) for t in range(count)], axis=1)
    return np.array(ring.to_ints(ring.sub(ring.sub(V, offsets), exact))).reshape(columns, count)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from([64, 128]), st.integers(1, 6), st.integers(1, 3), st.data())
def test_shares_of_the_product(key: PrivateKey, bits: int, rows: int, columns: int, data: st.DataObject) -> None:
    ring, length = Ring(bits), slot_bits(bits, X_BITS, rows)
    count = slots(key.public.bits, length, 100 * columns)
    X = np.array(data.draw(st.lists(entries, min_size=rows * columns, max_size=rows * columns)), np.int64).reshape(
        rows, columns
    )
    D = ring.random(Xof(data.draw(st.binary(min_size=32, max_size=32))), rows, count)
    assert np.abs(whole_job(key, ring, X, D, length)).max() <= 1


@pytest.mark.parametrize("bits", [64, 128])
@pytest.mark.parametrize("seed", range(5))
def test_extreme_sums_reach_a_neighbour_by_a_carry_at_most(key: PrivateKey, bits: int, seed: int) -> None:
    rows = 16  # a power of two: the logarithm in L rounds nothing up
    ring, length = Ring(bits), slot_bits(bits, X_BITS, rows)
    X = np.tile(np.array([[TOP, -TOP]]), (rows, 1))
    D = np.full((rows, slots(key.public.bits, length, 100), ring.words), (1 << 64) - 1, np.uint64)
    assert np.abs(whole_job(key, ring, X, D, length, f"masks {seed}")).max() <= 1


def test_the_lowest_slot_is_exact_and_the_others_take_a_carry(key: PrivateKey) -> None:
    ring, length = Ring(128), slot_bits(128, X_BITS, 8)
    X = np.tile(np.array([[TOP, -TOP, 1000]]), (8, 1))
    D = ring.random(Xof(bytes(32), "D"), 8, 5)
    apart = np.concatenate([whole_job(key, ring, X, D, length, f"masks {k}") for k in range(20)])
    assert not apart[:, 0].any() and {*apart[:, 1:].ravel().tolist()} == {-1, 0, 1}
    assert (apart == 0).mean() > 0.5


def test_columns_of_zeros_are_answered_with_the_mask(key: PrivateKey) -> None:
    ring, length = Ring(128), slot_bits(128, X_BITS, 3)
    assert not whole_job(key, ring, np.zeros((3, 2), np.int64), ring.random(Xof(bytes(32)), 3, 4), length).any()


def test_a_party_without_columns_answers_nothing(key: PrivateKey) -> None:
    masks, offsets = answer_masks(key.public, 0, 4, 160, 128, Xof(bytes(32)))
    assert masks.shape == (0, key.public.width) and offsets.shape == (0, 4, 2)
    none = masked_products(key.public, to_block([2, 3], key.public.width), np.zeros((2, 0), np.int64), masks, X_BITS)
    assert none.shape == masks.shape


def test_slots_of_the_protocol() -> None:
    ciphertexts = 2 * 20 * 61  # two parties, 20 columns, 60 rounds
    assert slot_bits(128, 22, 24_000) == 128 + 22 + 15
    assert slots(3072, slot_bits(128, 22, 24_000), ciphertexts) == 18
    assert slots(3072, slot_bits(128, 29, 10**7), 2 * 200 * 61) == 16
    assert slots(3072, 165, 1) == (3072 - 40) // 165 == 18
    assert slots(40 + 12 + 5 * 165, 165, 1 << 12) == 5
    assert slots(40 + 12 + 5 * 165 - 1, 165, 1 << 12) == 4


@given(st.integers(4, 300), st.lists(st.integers(0), max_size=6))
def test_packing_round_trip(length: int, values: list[int]) -> None:
    values = [value % (1 << length) for value in values]
    assert unpack(pack(values, length), length, len(values)) == values


def test_work_split_into_parts_gives_correct_parts(key: PrivateKey) -> None:
    ring, length = Ring(128), slot_bits(128, X_BITS, 8)
    D = ring.random(Xof(bytes(32), "D"), 8, 2)
    xof = Xof(bytes(32), "parts")
    parts = [encrypt_masks(key, D[at : at + 4], length, xof.fork(at)) for at in (0, 4)]
    again = [encrypt_masks(key, D[at : at + 4], length, xof.fork(at)) for at in (4, 0)]
    assert np.array_equal(np.concatenate(parts), np.concatenate(again[::-1]))
    X = np.arange(16).reshape(8, 2) - 7
    masks, offsets = zip(
        *(answer_masks(key.public, 1, 2, length, 128, xof.fork("mask", a)) for a in (0, 1)), strict=True
    )
    products = masked_products(key.public, np.concatenate(parts), X, np.concatenate(masks), X_BITS)
    V = decrypt_products(key, products, 2, length, 128)
    for t in (0, 1):
        apart = ring.sub(ring.sub(V[:, t], np.concatenate(offsets)[:, t]), ring.matvec(X, D[:, t]))
        assert max(map(abs, ring.to_ints(apart))) <= 1


def test_answers_follow_their_definition(key: PrivateKey) -> None:
    """``E = Π C^x · (1 + R·n) · r^n mod n²`` by plain powers, with R and r drawn again; and the bytes, for ever."""
    n, n_squared, X = key.public.n, key.public.n**2, np.array([[3, 0], [-5, TOP], [0, -1]])
    C = [pow(7, k, n_squared) for k in (11, 12, 13)]
    masks, offsets = answer_masks(key.public, 2, 4, 200, 128, Xof(bytes(32), "masks"))
    products = masked_products(key.public, to_block(C, key.public.width), X, masks, X_BITS)
    xof, expected = Xof(bytes(32), "masks"), []
    for a in (0, 1):
        R, r = xof.below(n), xof.below(n)
        power = [pow(c, x, n_squared) for c, x in zip(C, X[:, a].tolist(), strict=True)]
        expected.append(power[0] * power[1] * power[2] * (1 + R * n) * pow(r, n, n_squared) % n_squared)
        assert Ring(128).to_ints(offsets[a], signed=False) == [R >> 200 * t & (1 << 128) - 1 for t in range(4)]
    assert from_block(products) == expected
    digest = hashlib.sha256(products.tobytes() + offsets.tobytes()).hexdigest()
    assert digest == "fdab46b5514f393503e3ce4bcc0becbafa9df24324b75d9b72d4b933e56a5938"


def test_bad_ciphertexts_are_refused(key: PrivateKey) -> None:
    bad = to_block([2, key.p], key.public.width)
    with pytest.raises(ProtocolError):
        masked_products(key.public, bad, np.ones((2, 1), np.int64), to_block([1], key.public.width), X_BITS)
    with pytest.raises(ProtocolError):
        decrypt_products(key, bad, 1, 200, 128)


@pytest.mark.parametrize(
    ("X", "masks", "reason"),
    [
        ([[1], [TOP + 1]], 1, "too large"),
        ([[1], [-TOP - 1]], 1, "too large"),
        ([[1]], 1, "shapes"),
        ([[1], [1]], 2, "shapes"),
        ([[1, 1], [1, 1]], 1, "shapes"),
    ],
)
def test_local_mistakes_are_refused(key: PrivateKey, X: list[list[int]], masks: int, reason: str) -> None:
    ciphertexts, masking = to_block([2, 3], key.public.width), to_block([1] * masks, key.public.width)
    with pytest.raises(ValueError, match=reason):
        masked_products(key.public, ciphertexts, np.array(X), masking, X_BITS)


def test_more_masks_than_slots_are_refused(key: PrivateKey) -> None:
    with pytest.raises(ValueError, match="more slots"):
        encrypt_masks(key, np.zeros((1, 6, 2), np.uint64), 200, Xof(bytes(32)))
