"""Sums over a one-hot matrix and products with bits, in shares; what repeats no pad."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import pytest
from tests.support.onehot import CONTEXT, ONCE, SID, SPARE, ends, exchange

from accord_protocols.primitives.onehot import compiled, cot, portable, products, words
from accord_protocols.primitives.onehot.blocks import Permutation
from accord_protocols.primitives.onehot.ledger import Ledger, nonce
from accord_protocols.primitives.onehot.recent import Recent
from accord_schemas.errors import ProtocolError

RNG = np.random.default_rng(8)
ROWS, COLUMNS, DEPTH = 300, 3, 4
BINS = RNG.integers(0, 1 << DEPTH, (ROWS, COLUMNS)).astype(np.uint8)
EDGE = ends(BINS, DEPTH)
PLACE = words.Place(SID, 0, DEPTH)
VECTOR = RNG.integers(0, 2**64, ROWS, np.uint64)
SLOTS = RNG.integers(0, 3, ROWS).astype(np.uint8)


def both(vector: np.ndarray, once: bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What is told, and the shares of the sums at the sender and at the holder."""
    rows = np.arange(ROWS)
    pads = words.send(PLACE, EDGE.sent, EDGE.secret.block, once)
    told = pads.sum(axis=2, dtype=np.uint64) + vector[:, None]
    taken = words.receive(PLACE, EDGE.kept, BINS, told, once)
    return told, np.uint64(0) - words.totals(pads, rows, SLOTS, 3), words.totals(taken, rows, SLOTS, 3)


def test_shares_add_up_to_the_sums_by_bin() -> None:
    _, given, taken = both(VECTOR, ONCE)
    wanted = np.zeros_like(given)
    for column in range(COLUMNS):
        np.add.at(wanted[:, column], (SLOTS, BINS[:, column]), VECTOR)
    assert np.array_equal(given + taken, wanted)
    assert len(zlib.compress(given.tobytes())) >= given.nbytes  # each alone is noise


def test_the_largest_sums_of_ten_million_rows_leave_no_half_of_a_word() -> None:
    """The words of ten million rows, all g = ±2^F or all h at most 2^F, by their sums."""
    n = 10_000_000
    bits = 31 - n.bit_length()
    for g in (-(1 << bits), 1 << bits):
        total = (n * g % 2**32 * 2**32 + n * (1 << bits)) % 2**64
        assert total % 2**32 == n << bits
        assert ((total >> 32) + 2**31) % 2**32 - 2**31 == n * g


def test_another_vector_or_another_history_gets_another_pad() -> None:
    """A sender that was set back to an earlier state: the differences of what it tells are noise, not d − d'."""
    key, other = bytes(32), bytes([1]) * 32
    changed = VECTOR.copy()
    changed[5] += np.uint64(1)
    label = ("vector", SID, 0)
    once = nonce(key, label, VECTOR.tobytes())
    assert once == nonce(key, label, VECTOR.tobytes())
    others = {nonce(key, label, changed.tobytes()), nonce(other, label, VECTOR.tobytes())}
    others.add(nonce(key, ("vector", SID, 1), VECTOR.tobytes()))
    assert len(others) == 3 and once not in others
    first = both(VECTOR, once)[0]
    for vector, again in zip((changed, VECTOR, VECTOR), sorted(others), strict=True):
        difference = first - both(vector, again)[0]
        assert len(zlib.compress(difference.tobytes())) >= difference.nbytes
    assert np.array_equal(first, both(VECTOR, once)[0])


def test_nothing_is_used_twice() -> None:
    ledger, seen = Ledger(), set()
    for tree in range(200):
        once = nonce(bytes(32), ("vector", SID, tree), VECTOR.tobytes())
        seen.add(once)
        ledger = ledger.used(tree, [once])
    assert ledger.number == len(seen) == 200
    with pytest.raises(ProtocolError, match="a second time"):
        ledger.used(199, [b"x" * 16])
    with pytest.raises(ProtocolError, match="a second time"):
        ledger.used(200, [sorted(seen)[0]])
    with pytest.raises(ProtocolError, match="a second time"):
        ledger.used(200, [b"x" * 16, b"x" * 16])
    with pytest.raises(ProtocolError, match="a second time"):
        ledger.used(201, [b"x" * 16])
    assert "x" not in repr(Ledger(0, frozenset({b"x"})))


def test_labels_are_joined_without_ambiguity() -> None:
    """The prototype's labels repeated: tree 1 + path "0" was the root of tree 10."""
    labels = [("v", a, b) for a in ("1", "10", "") for b in ("0", "", "00")]
    assert len({nonce(bytes(32), label) for label in labels}) == len(labels)


def test_a_bit_times_a_number() -> None:
    secret, leaves = exchange()
    bits, x = RNG.integers(0, 2, 400, np.uint8), RNG.integers(0, 2**64, 400, np.uint64)
    said, t = cot.choose(leaves, CONTEXT, ONCE, bits, SPARE)
    q = cot.accept(secret, CONTEXT, said, 400)
    told, given = products.send(SID, 0, q, secret.block, b"t" * 16, x)
    taken = products.receive(SID, 0, t, bits, b"t" * 16, told)
    assert np.array_equal(given + taken, bits * x)
    again, _ = products.send(SID, 0, q, secret.block, b"u" * 16, x)
    assert len(zlib.compress((told - again).tobytes())) >= told.nbytes


def draw(*shape: int) -> np.ndarray:
    """Random words."""
    return RNG.integers(0, 2**64, shape, np.uint64)


@pytest.mark.parametrize("depth", [2, 5, 6])
def test_compiled_loops_give_the_same_bytes(depth: int) -> None:
    """Whatever they are given: a cell at a time in registers, or many at once through OpenSSL."""
    rows, columns, vectors = 7, 3, 2
    keys = (Permutation(SID, "grow", 1), Permutation(SID, "leaf", 1))
    cells, delta, tweaks = draw(rows, columns, depth, 2), draw(2), draw(vectors, 2)
    bins, told = RNG.integers(0, 1 << depth, (rows, columns)).astype(np.uint8), draw(rows, vectors, columns)
    flat, own = cells.reshape(-1, depth, 2), bins.reshape(-1)
    calls: dict[str, tuple[Any, ...]] = {
        "grow": (keys[0], flat, delta),
        "siblings": (keys[0], flat, draw(len(flat), depth - 1, 2), own),
        "give": (*keys, flat, delta, tweaks[0]),
        "take": (*keys, flat, own, told[:, 0].reshape(-1), tweaks[0]),
        "give_sums": (*keys, cells, delta, tweaks),
        "take_sums": (*keys, cells, bins, told, tweaks),
    }
    for name, arguments in calls.items():
        one, other = (getattr(module, name)(*arguments) for module in (compiled, portable))
        pairs = zip(one, other, strict=True) if isinstance(one, tuple) else [(one, other)]
        assert all(np.array_equal(a, b) for a, b in pairs), name
    pads, at, slots = draw(5, 3, 8), np.array([4, 0, 2, 3]), np.array([0, 1, 1, 0], np.uint8)
    totals = np.zeros((2, 2, 3, 8), np.uint64)
    compiled.gather(pads, at, slots, totals[0])
    portable.gather(pads, at, slots, totals[1])
    assert np.array_equal(*totals)


def test_several_vectors_have_the_words_of_each_alone() -> None:
    bins = RNG.integers(0, 8, (700, 3)).astype(np.uint8)
    edge = ends(bins, 3)
    place, nonces, d = words.Place(SID, 0, 3), [b"t" * 16, b"u" * 16], draw(2, 700)
    pads, given = words.send_sums(place, edge.sent, edge.secret.block, nonces)
    told = pads + d.T[:, :, None]
    taken = words.receive_sums(place, edge.kept, bins, told, nonces)
    for k, one in enumerate(nonces):
        alone = words.send(place, edge.sent, edge.secret.block, one)
        assert np.array_equal(alone.sum(axis=2, dtype=np.uint64), pads[:, k])
        assert np.array_equal(given[k] + alone.sum(axis=0, dtype=np.uint64), np.zeros_like(given[k]))
        received = words.receive(place, edge.kept, bins, told[:, k], one)
        assert np.array_equal(received.sum(axis=0, dtype=np.uint64), taken[k])
        for column in range(3):
            wanted = [int(d[k][bins[:, column] == b].sum(dtype=np.uint64)) for b in range(8)]
            assert (given + taken)[k, column].tolist() == wanted


def test_pads_are_kept_up_to_a_number_of_bytes_and_those_of_one_vector_stay_until_another_comes() -> None:
    recent, rows = Recent(2000), np.arange(2)
    pads = [RNG.integers(0, 2**64, (2, 5, 8), np.uint64) for _ in range(5)]  # 640 bytes each

    def there() -> list[bool]:
        return [recent.find(bytes([number])) is not None for number in range(5)]

    for _ in range(2):  # as the levels of a tree go through all blocks
        for number, one in enumerate(pads):
            recent.keep(bytes([number]), b"first", rows, one)
        assert there() == [True, True, True, False, False]
    recent.keep(bytes([4]), b"second", rows, pads[4])
    assert there() == [False, True, True, False, True]
    recent.keep(b"large", b"third", rows, np.zeros((9, 5, 8), np.uint64))
    assert recent.find(b"large") is None
