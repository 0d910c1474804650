"""Secure comparison: right for every sign, and nothing but uniform bits before the last step."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.support.onehot import CONTEXT, ONCE, SID, SPARE, exchange, stream

from accord_protocols.primitives.comparison import circuit, lookup
from accord_protocols.primitives.comparison.circuit import LAST, STEPS
from accord_protocols.primitives.onehot import cot
from accord_protocols.primitives.onehot.blocks import Permutation

Words = NDArray[np.uint64]
Bits = NDArray[np.uint8]
SECRET, SEEDS = exchange("comparison")
RING = 1 << 49
TWEAK = b"t" * 16


def product(a: int, b: int) -> int:
    """In GF(2^128), as a schoolbook has it."""
    out = 0
    for bit in range(128):
        out ^= (a << bit) if b >> bit & 1 else 0
    for bit in range(255, 127, -1):
        out ^= (1 << bit | 0x87 << (bit - 128)) if out >> bit & 1 else 0
    return out


def blocks(*numbers: int) -> Words:
    return np.frombuffer(b"".join(n.to_bytes(16, "little") for n in numbers), "<u8").reshape(-1, 2).astype(np.uint64)


def numbers(found: Words) -> list[int]:
    return [int.from_bytes(row.tobytes(), "little") for row in found.reshape(-1, 2)]


def looked_up(step: int, choice: Bits, entries: Bits) -> Bits:
    """Both sides of some lookups."""
    width = STEPS[step].width
    bits = lookup.choices(choice, width)
    said, t = cot.choose(SEEDS, CONTEXT, ONCE, bits, SPARE)
    q = cot.accept(SECRET, CONTEXT, said, len(bits))
    told = lookup.send(Permutation(SID, "table", step), lookup.joined(q, width), SECRET.block, TWEAK, entries)
    assert told.shape == (len(choice), lookup.told_bytes(width, STEPS[step].bits))
    pads = Permutation(SID, "table", step)
    return lookup.receive(pads, lookup.joined(t, width), choice, TWEAK, told, STEPS[step].bits)


def compared(a: Words, b: Words, name: str = "masks") -> tuple[Bits, list[Bits]]:
    """Keys that the chooser gets, and what it reads before."""
    random, seen = stream(name), []
    held, asked = circuit.begun(a, chooser=True), circuit.begun(b, chooser=False)
    for step in range(LAST):
        at = STEPS[step]
        size = len(a) * at.lookups * at.bits
        raw = np.frombuffer(random.bytes(-(-size // 8)), np.uint8)
        masks = np.unpackbits(raw, count=size).reshape(len(a), at.lookups, at.bits)
        got = looked_up(step, held[:, : at.lookups].reshape(-1), circuit.entries(step, asked, masks))
        seen.append(got)
        held = circuit.continued(step, held, got.reshape(masks.shape))
        asked = circuit.continued(step, asked, masks)
    keys = np.frombuffer(b"".join(hashlib.sha256(b"%d" % i).digest()[:16] for i in range(len(a))), np.uint8)
    found = looked_up(LAST, held[:, 0], circuit.keyed(asked, keys.reshape(-1, 16)))
    return np.packbits(found, axis=1, bitorder="little"), seen


def test_doubling_and_joining_are_products_in_the_field() -> None:
    some = [1, 1 << 127, 0x87, int.from_bytes(hashlib.sha256(b"x").digest()[:16], "big")]
    assert numbers(lookup.doubled(blocks(*some))) == [product(2, n) for n in some]
    assert numbers(lookup.multiples(blocks(some[3])[0], 4)) == [product(i, some[3]) for i in range(16)]
    joined = lookup.joined(blocks(*some), 4)
    assert numbers(joined) == [some[0] ^ product(2, some[1]) ^ product(4, some[2]) ^ product(8, some[3])]


def test_the_sign_of_every_sum_is_found() -> None:
    values = [0, 1, -1, 15, -16, (1 << 48) - 1, -(1 << 48), 1 << 44, -(1 << 44), 123_456_789, -123_456_789]
    own = stream("shares").words(len(values) * 8) % np.uint64(RING)
    sums = np.array([v % RING for v in values for _ in range(8)], np.uint64)
    own[:4] = 0, RING - 1, RING >> 1, (RING >> 1) - 1
    found, _ = compared(own, (sums - own) % np.uint64(RING))
    expected = np.array([v < 0 for v in values for _ in range(8)])
    assert np.array_equal(found.any(axis=1), expected)
    keys = [hashlib.sha256(b"%d" % i).digest()[:16] for i in np.flatnonzero(expected)]
    assert [row.tobytes() for row in found[expected]] == keys


def test_shares_of_more_bits_are_compared_by_their_low_ones() -> None:
    own = stream("more").words(16)
    found, _ = compared(own, np.uint64(0) - own - np.uint64(3))
    assert found.any(axis=1).all()


@pytest.mark.parametrize("value", [5, -5], ids=["not negative", "negative"])
def test_what_is_read_before_the_key_is_uniform(value: int) -> None:
    """400 comparisons of one value by one share: each bit that the chooser reads is 1 about half the time."""
    own = np.full(400, 77, np.uint64)
    other = np.full(400, (value - 77) % RING, np.uint64)
    _, seen = compared(own, other, f"uniform {value}")
    for got in seen:
        ones = got.reshape(400, -1).mean(axis=0)
        assert abs(ones - 0.5).max() < 0.125  # five standard deviations


def test_other_entries_than_the_chosen_one_stay_under_their_pads() -> None:
    choice = np.zeros(64, np.uint8)
    entries = np.zeros((64, 2, 128), np.uint8)
    entries[:, 1] = 1
    bits = lookup.choices(choice, 1)
    said, t = cot.choose(SEEDS, CONTEXT, ONCE, bits, SPARE)
    q = lookup.joined(cot.accept(SECRET, CONTEXT, said, 64), 1)
    told = lookup.send(Permutation(SID, "table", 9), q, SECRET.block, TWEAK, entries)
    other = lookup.receive(Permutation(SID, "table", 9), t, choice + 1, TWEAK, told, 128)
    assert abs(other.mean() - 0.5) < 0.05
    again = lookup.send(Permutation(SID, "table", 9), q, SECRET.block, b"u" * 16, entries)
    assert not (told == again).all(axis=1).any()


def test_known_answers() -> None:
    """What is said and read for fixed seeds: a change of it is another version of the machine."""
    found, seen = compared(np.array([3, 4], np.uint64), np.array([RING - 4, 1], np.uint64), "known")
    read = hashlib.sha256(found.tobytes() + b"".join(part.tobytes() for part in seen)).hexdigest()
    q, entries = blocks(*range(1, 9)), np.zeros((2, 16, 2), np.uint8)
    told = lookup.send(Permutation(SID, "table", 1), lookup.joined(q, 4), blocks(1 << 127 | 5)[0], TWEAK, entries)
    assert (read[:16], told.tobytes().hex()) == ("54dd42545b00c195", "5bb75ee9f1239c09")
