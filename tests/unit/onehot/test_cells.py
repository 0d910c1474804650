"""Base transfers, extensions and half-trees: what each end has, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.support.onehot import CONTEXT, ONCE, SID, SPARE, ends, exchange, stream

from accord_protocols.primitives.onehot import cot, halftree, portable, seeds
from accord_protocols.primitives.onehot.blocks import Permutation
from accord_protocols.primitives.onehot.transposing import transpose
from accord_schemas.errors import ProtocolError

RNG = np.random.default_rng(7)
SECRET, LEAVES = exchange()


def extension(bits: np.ndarray, nonce: bytes = ONCE) -> tuple[cot.Extension, np.ndarray]:
    return cot.choose(LEAVES, CONTEXT, nonce, bits, SPARE)


def test_bit_columns_become_rows() -> None:
    bits = RNG.integers(0, 2, (128, 192), np.uint8)
    rows = transpose(np.packbits(bits, axis=1, bitorder="little").view("<u8"))
    assert np.array_equal(np.unpackbits(rows.view(np.uint8), axis=1, bitorder="little"), bits.T)


def test_the_sender_misses_one_seed_of_each_group_and_that_is_delta() -> None:
    same = (SECRET.seeds == LEAVES).all(axis=2)
    assert (same.sum(axis=1) == seeds.LEAVES - 1).all()
    assert np.array_equal(np.argmin(same, axis=1), SECRET.missing)
    assert not SECRET.seeds[np.arange(seeds.GROUPS), SECRET.missing].any()


@pytest.mark.parametrize("count", [1, 63, 64, 1000])
def test_transfers_differ_by_delta_where_chosen(count: int) -> None:
    bits = RNG.integers(0, 2, count, np.uint8)
    said, t = extension(bits)
    q = cot.accept(SECRET, CONTEXT, said, count)
    assert q.shape == (count, 2)
    assert np.array_equal(q ^ t, bits[:, None] * SECRET.block)


@pytest.mark.parametrize("group", range(seeds.GROUPS))
def test_one_flipped_bit_of_corrections_is_caught(group: int) -> None:
    bits = RNG.integers(0, 2, 500, np.uint8)
    said, _ = extension(bits)
    corrections = said.corrections.copy()
    corrections[group, 7] ^= 4
    with pytest.raises(ProtocolError, match=seeds.INCONSISTENT):
        cot.accept(SECRET, CONTEXT, replace(said, corrections=corrections), 500)


@pytest.mark.parametrize("part", ["nonce", "check"])
def test_what_binds_an_extension_cannot_be_changed(part: str) -> None:
    said, _ = extension(RNG.integers(0, 2, 500, np.uint8))
    changed = bytes([getattr(said, part)[0] ^ 1]) + getattr(said, part)[1:]
    with pytest.raises(ProtocolError, match=seeds.INCONSISTENT):
        cot.accept(SECRET, CONTEXT, replace(said, **{part: changed}), 500)
    with pytest.raises(ProtocolError, match=seeds.INCONSISTENT):
        cot.accept(SECRET, b"another extension", said, 500)


def test_a_holder_that_guesses_bits_of_delta_is_caught_unless_it_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """The attack of the review: flip a correction, and make the check of that. It passes where Δ is 0 in the group."""
    bits, caught, honest = RNG.integers(0, 2, 200, np.uint8), 0, cot._key
    for group in range(seeds.GROUPS):

        def key(context: bytes, nonce: bytes, corrections: np.ndarray, group: int = group) -> bytes:
            corrections[group, 3] ^= 1  # before the check is made, as who cheats would
            return honest(context, nonce, corrections)

        monkeypatch.setattr(cot, "_key", key)
        said, _ = extension(bits)
        monkeypatch.setattr(cot, "_key", honest)
        guessed = not SECRET.delta.reshape(seeds.GROUPS, -1)[group].any()
        try:
            cot.accept(SECRET, CONTEXT, said, 200)
        except ProtocolError:
            caught += 1
            assert not guessed
        else:
            assert guessed
    assert caught >= seeds.GROUPS * 3 // 4


def test_seeds_that_are_not_consistent_are_caught() -> None:
    sender = seeds.Sender(SID, stream("sender"))
    answer, _ = seeds.answer(sender.points, SID, stream("holder"))
    for name in ("corrections", "proofs"):
        wrong = getattr(answer, name).copy()
        wrong[3] ^= 1
        with pytest.raises(ProtocolError, match=seeds.INCONSISTENT):
            sender.learn(replace(answer, **{name: wrong}))
    with pytest.raises(ProtocolError):
        sender.learn(replace(answer, point=np.zeros((1, 32), np.uint8)))  # the identity
    points = sender.points.copy()
    points[5] = 0
    with pytest.raises(ProtocolError):
        seeds.answer(points, SID, stream("holder"))
    points[5] = 255  # no canonical encoding
    with pytest.raises(ProtocolError):
        seeds.answer(points, SID, stream("holder"))


def test_another_history_or_another_edge_has_another_delta() -> None:
    found = {seeds.Sender(SID, stream(name))._delta.tobytes() for name in ("a", "b", "c")}
    assert len(found) == 3
    assert np.array_equal(seeds.Sender(SID, stream("a")).points, seeds.Sender(SID, stream("a")).points)


@pytest.mark.parametrize("depth", [2, 3, 5, 6])
def test_the_holder_has_all_leaves_but_that_at_its_bin(depth: int) -> None:
    bins = RNG.integers(0, 1 << depth, (40, 3)).astype(np.uint8)
    both = ends(bins, depth)
    assert np.array_equal(np.bitwise_xor.reduce(both.leaves, axis=1), np.tile(both.secret.block, (120, 1)))
    own = portable.others(Permutation(SID, "grow", 0), both.kept.reshape(-1, depth, 2), bins.reshape(-1))
    own = own[portable.places(depth)].swapaxes(0, 1)
    cells = np.arange(120)
    assert not own[cells, bins.reshape(-1)].any()
    known = np.ones(own.shape[:2], bool)
    known[cells, bins.reshape(-1)] = False
    assert np.array_equal(own[known], both.leaves[known])
    # the leaf that it lacks is Δ and the sum of the others: one leaf, and all labels are open
    lacking = both.leaves[cells, bins.reshape(-1)]
    assert np.array_equal(lacking, np.bitwise_xor.reduce(own, axis=1) ^ both.secret.block)


def test_permutations_differ_by_use_block_and_edge() -> None:
    x = np.zeros((1, 2), np.uint64)
    keys = [(SID, "grow", 0), (SID, "leaf", 0), (SID, "bit", 0), (SID, "grow", 1), (b"t" * 32, "grow", 0)]
    assert len({Permutation(sid, use, number)(x).tobytes() for sid, use, number in keys}) == len(keys)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="bins"):
        halftree.depth_of(33)
