"""Products of sparse matrices with encrypted vectors: exact, hidden, and added up by one for all."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.graph.test_graph_arithmetic import edges

from accord_protocols.graph import encrypted
from accord_protocols.graph.adjacency import Adjacency
from accord_protocols.primitives.paillier.jobs import decrypt_products, encrypt_masks
from accord_protocols.primitives.paillier.keys import generate
from accord_protocols.primitives.sharing import RING
from accord_protocols.primitives.xof import Xof
from accord_schemas.errors import ProtocolError

KEY = generate(1024, Xof(bytes(32), "key"))
N, SLOTS, BITS = 9, 5, 180


def matrix(seed: int, twos: int = 0) -> Adjacency:
    rng = np.random.default_rng(seed)
    ends = rng.integers(0, N - 1, (14, 2))  # the last vertex has no edge
    ends = ends[ends[:, 0] != ends[:, 1]]
    own = edges([(int(a), int(b), 1.0) for a, b in ends])
    return Adjacency.of(own, N, rng.integers(1, 9, len(ends)) << twos)


def vectors() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 1 << 64, (N, SLOTS, 2), np.uint64)


@pytest.mark.parametrize("twos", [0, 19])
def test_the_sum_of_all_products_is_exact(twos: int) -> None:
    own, other, D = matrix(1, twos), matrix(2, twos), vectors()
    numbers = encrypt_masks(KEY, D, BITS, Xof(bytes(32), "encrypt"))
    hiding, offsets = encrypted.masks(KEY.public, N, SLOTS, BITS, Xof(bytes(32), "mask"))
    part = encrypted.products(KEY.public, numbers, own, range(N), hiding)
    helped = encrypted.products(
        KEY.public, numbers, other, range(N), encrypted.blinds(KEY.public, N, Xof(bytes(32), "blind"))
    )
    answer = encrypted.combined(KEY.public, (part, helped))
    found = RING.sub(decrypt_products(KEY, answer, SLOTS, BITS, 128), offsets)
    for slot in range(SLOTS):
        vector = np.ascontiguousarray(D[:, slot])
        want = RING.add(own.times(vector), other.times(vector))
        assert RING.to_ints(RING.sub(np.ascontiguousarray(found[:, slot]), want)) == [0] * N


def test_parts_of_the_rows_are_the_rows_of_the_whole() -> None:
    numbers = encrypt_masks(KEY, vectors(), BITS, Xof(bytes(32), "encrypt"))
    hiding = encrypted.blinds(KEY.public, N, Xof(bytes(32), "blind"))
    whole = encrypted.products(KEY.public, numbers, matrix(1), range(N), hiding)
    some = encrypted.products(KEY.public, numbers, matrix(1), range(3, 6), hiding[3:6])
    assert (whole[3:6] == some).all()


def test_who_adds_up_cannot_tell_edges_by_computing_them_itself() -> None:
    """Without what hides it, a helper's product would follow from pads and a guess; with it no guess fits."""
    numbers = encrypt_masks(KEY, vectors(), BITS, Xof(bytes(32), "encrypt"))
    ones = np.zeros((N, KEY.public.width), np.uint8)
    ones[:, -1] = 1
    guess = encrypted.products(KEY.public, numbers, matrix(1), range(N), ones)
    hidden = encrypted.products(
        KEY.public, numbers, matrix(1), range(N), encrypted.blinds(KEY.public, N, Xof(bytes(32), "blind"))
    )
    assert not (guess == hidden).all(axis=1).any()
    assert guess[-1, -1] == 1 and not guess[-1, :-1].any(), "a row without edges would show"


@pytest.mark.parametrize("value", [0, 255])
def test_what_is_no_ciphertext_is_refused(value: int) -> None:
    numbers = encrypt_masks(KEY, vectors(), BITS, Xof(bytes(32), "encrypt")).copy()
    numbers[2] = value
    hiding = encrypted.blinds(KEY.public, N, Xof(bytes(32), "blind"))
    with pytest.raises(ProtocolError, match="not of the agreed form"):
        encrypted.products(KEY.public, numbers, matrix(1), range(N), hiding)
    with pytest.raises(ProtocolError, match="not of the agreed form"):
        encrypted.combined(KEY.public, (hiding, numbers))
