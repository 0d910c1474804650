from __future__ import annotations

import hashlib
import math
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.support.transfers import both

from accord_protocols.primitives.psi import ristretto
from accord_protocols.primitives.psi.ot import base, code, extension, f4, oprf, seeds, table
from accord_protocols.primitives.psi.ot.code import Items, Shape
from accord_protocols.primitives.xof import Xof
from accord_schemas.errors import ProtocolError

SID, EDGE = bytes(range(32)), bytes(range(32, 64))
GENERATOR = ristretto.multiply_base([(1).to_bytes(32, "little")])
MINUS_ONE = (ristretto.ORDER - 1).to_bytes(32, "little")
IDENTITY = np.zeros((1, 32), np.uint8)
NOT_CANONICAL = np.full((1, 32), 255, np.uint8)
KNOWN = "7d7d2cd60d39a423ff22a85fab58471058cd6b3a957450acc34df73633eca72c"  # of this program: no exchange may change it


@cache
def pair(label: int = 0) -> tuple[seeds.Leaves, seeds.Secret]:
    """Both ends of an edge: the leader's leaves, the server's secret."""
    server = seeds.Server(EDGE, Xof(bytes(32), "server", label))
    answer, leaves = seeds.answer(server.points, EDGE, Xof(bytes(32), "leader", label))
    return leaves, server.learn(answer)


def items_of(ids: list[str], sid: bytes, shape: Shape) -> Items:
    return Items.of(code.hash_ids(ids, sid), sid, shape)


def tags(leader: list[str], server: list[str], size: int = oprf.TAG) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The whole exchange: what the leader and what the server have for their ids."""
    shape, (leaves, secret) = Shape(len(leader)), pair()
    session = oprf.Session(SID, EDGE, shape)
    mine, theirs = code.hash_ids(leader, SID), code.hash_ids(server, SID)
    masked, own = both(table.solve(mine, SID, shape), leaves)
    read = oprf.unmask(masked, secret)
    return (
        oprf.evaluate(mine, own, session, size=size),
        oprf.evaluate(theirs, read, session, secret.factors, size=size),
    )


def common(leader: list[str], server: list[str]) -> set[str]:
    one, other = tags(leader, server, oprf.tag_bytes(len(leader), len(server)))
    known = {row.tobytes() for row in other}
    return {identifier for identifier, row in zip(leader, one, strict=True) if row.tobytes() in known}


@pytest.mark.parametrize(
    ("leader", "server", "both"),
    [
        (0, 3, 0),
        (3, 0, 0),
        (1, 1, 1),
        (1, 1, 0),
        (2, 5, 1),
        (40, 40, 40),
        (30, 3000, 20),
        (3000, 30, 20),
        (500, 500, 0),
    ],
)
def test_both_have_equal_tags_for_common_ids_and_for_no_others(leader: int, server: int, both: int) -> None:
    one = [f"é{i}" for i in range(leader)]
    other = [f"é{i}" for i in range(leader - both, leader - both + server)][::-1]
    assert common(one, other) == set(one) & set(other)


@settings(max_examples=8)
@given(st.sets(st.text(max_size=90), max_size=40), st.sets(st.text(max_size=90), max_size=40))
def test_any_texts(leader: set[str], server: set[str]) -> None:
    leader |= {"\0", "\0\0", "both"}
    server |= {"\0", "both"}
    assert common(sorted(leader), sorted(server)) == leader & server


def test_known_answer() -> None:
    leader, server = ([f"user{i}" for i in span] for span in (range(100), range(50, 200)))
    one, other = tags(leader, server)
    assert hashlib.sha256(one.tobytes() + other.tobytes()).hexdigest() == KNOWN


def test_parts_by_chunks_give_the_bytes_of_the_whole() -> None:
    leaves, secret = pair()
    rows = Xof(bytes(32), "table").words(2 * extension.CHUNK + 100, f4.WORDS)
    masked, own = both(rows, leaves)
    whole = oprf.unmask(masked, secret)
    for first in range(3):
        span = slice(first * extension.CHUNK, (first + 1) * extension.CHUNK)
        some_masked, some_own = both(rows[span], leaves, first)
        assert np.array_equal(some_masked, masked[span])
        assert np.array_equal(some_own, own[span])
        assert np.array_equal(oprf.unmask(masked[span], secret, first), whole[span])
    assert np.array_equal(whole, own ^ secret.factors.times(rows))  # Q = v + Δ·P, on which all rests


def test_what_is_sent_looks_random_and_hides_the_table() -> None:
    leaves, secret = pair()
    zeros = np.zeros((20_000, f4.WORDS), np.uint64)
    masked, own = both(zeros, leaves)
    for sent in (masked, own, masked ^ own, oprf.unmask(masked, secret)):
        bits = np.unpackbits(sent.view(np.uint8), axis=1)
        assert abs(bits.mean() - 0.5) < 0.002
        assert np.abs(bits.mean(axis=0) - 0.5).max() < 6 * 0.5 / math.sqrt(len(bits))
    other = oprf.mask(zeros, pair(1)[0])
    assert not np.any(other == masked)


def test_tags_of_one_session_say_nothing_in_another() -> None:
    shape = Shape(20)
    ids = [f"user{i}" for i in range(20)]
    (leaves, _), items = pair(), items_of(ids, SID, shape)
    own = oprf.own(shape.rows, leaves)
    elsewhere = items_of(ids, EDGE, shape)
    assert not np.any(np.all(items.hashes == elsewhere.hashes, axis=1))
    assert not np.any(np.all(items.codes == elsewhere.codes, axis=1))
    here, there = (oprf.evaluate(items.hashes, own, oprf.Session(SID, edge, shape)) for edge in (EDGE, SID))
    assert not np.any(np.all(here == there, axis=1))


def test_vectors_are_far_apart() -> None:
    near = sum(math.comb(f4.SYMBOLS, w) * 3**w for w in range(64))
    assert near * 2**69 < 4**f4.SYMBOLS
    items = items_of([f"user{i}" for i in range(2000)], SID, Shape(2000))
    halves = items.codes[::2] ^ items.codes[1::2]
    places = ((halves | halves >> np.uint64(32)) & np.uint64(0xFFFFFFFF)).view(np.uint8)
    weights = np.unpackbits(places, axis=1).sum(axis=1)
    assert weights.min() > 90 and abs(weights.mean() - 120) < 1


def test_products_over_f4() -> None:
    low = np.tile(np.array([0, 1, 0, 1], np.uint8), 40)
    high = np.tile(np.array([0, 0, 1, 1], np.uint8), 40)
    times = [[0, 0, 0, 0], [0, 1, 2, 3], [0, 2, 3, 1], [0, 3, 1, 2]]
    for constant in range(4):
        ones = np.ones(f4.SYMBOLS, np.uint8)
        rows = f4.pack(ones * (constant & 1), ones * (constant >> 1))[None]
        products = [times[constant][x] for x in low + 2 * high]
        expected = f4.pack(
            np.array([p & 1 for p in products], np.uint8), np.array([p >> 1 for p in products], np.uint8)
        )
        assert np.array_equal(f4.Factors(low, high).times(rows), expected[None])


def test_slots_are_different_and_within_the_table() -> None:
    shape = Shape(3000)
    items = items_of([f"user{i}" for i in range(3000)], SID, shape)
    assert items.slots.min() >= 0 and items.slots.max() < shape.sparse
    assert (np.diff(np.sort(items.slots, axis=1), axis=1) > 0).all()
    for column in items.slots.T:
        assert abs(column.mean() / shape.sparse - 0.5) < 0.03
    assert abs(np.unpackbits(items.masks.view(np.uint8)).mean() * 64 / code.DENSE - 0.5) < 0.01


@pytest.mark.parametrize(("size", "more"), [(0, 3.0), (64, 2.7), (10**4, 1.31), (10**6, 1.26), (10**7, 1.26)])
def test_tables_have_at_least_the_published_size(size: int, more: float) -> None:
    shape = Shape(size)
    n, bits = shape.capacity, 40 + math.log2(shape.buckets)
    published = n * (1.223 + (bits + 9.2) / 2 ** (0.555 * math.log2(n) + 2.336))  # Raghuraman and Rindal, weight 3
    assert published <= shape.sparse
    assert math.ceil(bits / math.log2(1.223 * n)) + bits <= code.DENSE
    assert shape.rows <= more * max(size, 64) + code.DENSE


@pytest.mark.parametrize("size", [10**6, 10**7, 2 * 10**7])
def test_a_bucket_overflows_with_a_probability_below_2_to_the_minus_40(size: int) -> None:
    shape = Shape(size)
    share, more = size / shape.buckets, shape.capacity / (size / shape.buckets) - 1
    chernoff = share * ((1 + more) * math.log1p(more) - more) / math.log(2)
    assert chernoff > 40 + math.log2(shape.buckets)


def test_buckets_are_worked_on_apart_and_give_the_same_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code, "BUCKET", 100)
    ids = [f"user{i}" for i in range(1500)]
    shape = Shape(1000)
    assert shape.buckets == 10 and shape.rows == 10 * (shape.sparse + code.DENSE)
    parts = [members for _, members in shape.parts(code.hash_ids(ids[:1000], SID))]
    assert sorted(np.concatenate(parts).tolist()) == list(range(1000))
    assert all(60 < len(members) <= shape.capacity for members in parts)
    assert common(ids[:1000], ids[700:]) == set(ids[700:1000])
    assert common(ids[:1000], ids[:1]) == {ids[0]}


def test_threads_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oprf, "_AT_ONCE", 16)
    shape, hashes, (leaves, secret) = Shape(400), code.hash_ids([f"user{i}" for i in range(400)], SID), pair()
    rows, session = table.solve(hashes, SID, shape), oprf.Session(SID, SID, shape)
    alone, together = (oprf.evaluate_bucket(hashes, rows, session, threads=threads) for threads in (1, 3))
    assert np.array_equal(alone, together)
    long = Xof(bytes(32), "table").words(2 * extension.CHUNK + 100, f4.WORDS)
    masked, own = both(long, leaves, 5)
    for threads in (2, 3, 8):
        assert all(map(np.array_equal, both(long, leaves, 5, threads=threads), (masked, own)))
        assert np.array_equal(oprf.unmask(masked, secret, 5, threads=threads), oprf.unmask(masked, secret, 5))


def test_hashes_by_bucket_are_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code, "BUCKET", 100)
    hashes, shape = code.hash_ids([f"user{i}" for i in range(900)], SID), Shape(1000)  # a server's, of a leader's table
    order, ends = shape.order(hashes)
    assert sorted(order.tolist()) == list(range(900)) and len(ends) == shape.buckets and ends[-1] == 900
    for bucket, (start, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
        assert (shape.numbers(hashes[order[start:end]]) == bucket).all()
        assert (np.diff(order[start:end]) > 0).all()  # in the order of the rows


def test_a_core_is_solved_by_the_dense_rows() -> None:
    shape = Shape(64)  # for fewer ids: more than four fifths of the sparse rows always leave a core
    items = items_of([f"user{i}" for i in range(shape.sparse + 5)], SID, shape)
    solved = table.solve(items.hashes, SID, shape)
    assert solved[shape.sparse :].any()
    assert np.array_equal(table.Reader(solved, shape).read(items), items.codes)
    full = items_of([f"user{i}" for i in range(shape.rows + 1)], SID, shape)
    with pytest.raises(ArithmeticError, match="no solution"):
        table.solve(full.hashes, SID, shape)


@pytest.mark.parametrize("label", range(3))
def test_a_server_knows_all_leaves_but_the_one_of_its_factor(label: int) -> None:
    leaves, secret = pair(label)
    assert isinstance(secret.factors, f4.Factors)
    delta = secret.factors.low + 2 * secret.factors.high
    for symbol in range(f4.SYMBOLS):
        for x in range(1, 4):
            assert np.array_equal(secret.leaves[symbol, x - 1], leaves[symbol, x ^ delta[symbol]])
    assert len(np.unique(leaves.reshape(-1, base.KEY), axis=0)) == 4 * f4.SYMBOLS
    assert 0.3 < delta.mean() / 3 < 0.7


@pytest.mark.parametrize("bad", [IDENTITY, NOT_CANONICAL, GENERATOR[:, :31], GENERATOR.astype(np.int64)])
def test_points_that_are_none_are_refused(bad: NDArray[np.uint8]) -> None:
    server = seeds.Server(EDGE, Xof(bytes(32), "server"))
    points = server.points.copy()
    if bad.shape == (1, 32) and bad.dtype == np.uint8:
        points[17] = bad[0]
    else:
        points = bad
    with pytest.raises(ProtocolError, match="acceptable"):
        seeds.answer(points, EDGE, Xof(bytes(32)))
    answer, _ = seeds.answer(server.points, EDGE, Xof(bytes(32)))
    with pytest.raises(ProtocolError, match="acceptable"):
        server.learn(seeds.Answer(bad, answer.corrections))


def test_a_key_that_leaves_the_identity_for_the_other_is_refused() -> None:
    points = seeds.Server(EDGE, Xof(bytes(32))).points.copy()
    keys = [base.Receiver(np.full(1, choice, np.uint8), EDGE, Xof(bytes(32))).points for choice in (0, 1)]
    points[3] = ristretto.subtract(keys[0], ristretto.multiply(MINUS_ONE, keys[1]))  # the sum of both: one is all of it
    with pytest.raises(ProtocolError, match="base transfers"):
        seeds.answer(points, EDGE, Xof(bytes(32)))


def test_wrong_lengths_are_refused() -> None:
    server = seeds.Server(EDGE, Xof(bytes(32), "server"))
    with pytest.raises(ProtocolError, match="points of an exchange"):
        seeds.answer(server.points[1:], EDGE, Xof(bytes(32)))
    answer, _ = seeds.answer(server.points, EDGE, Xof(bytes(32)))
    bad: list[NDArray[Any]] = [
        answer.corrections[1:],
        answer.corrections.astype(np.int64),
        answer.corrections[:, :, :8],
    ]
    for corrections in bad:
        with pytest.raises(ProtocolError, match="corrections"):
            server.learn(seeds.Answer(answer.point, corrections))
    secret, shape = server.learn(answer), Shape(10)
    rows = np.zeros((shape.rows, f4.WORDS), np.uint64)
    bad = [rows[:, :4], rows.astype(np.int64), rows[0]]
    for masked in bad:
        with pytest.raises(ProtocolError, match="masked table"):
            oprf.unmask(masked, secret)
    with pytest.raises(ProtocolError, match="announced size"):
        oprf.evaluate(code.hash_ids(["a"], SID), rows[1:], oprf.Session(SID, EDGE, shape), secret.factors)


def test_an_answer_that_was_changed_gives_other_tags() -> None:
    server = seeds.Server(EDGE, Xof(bytes(32), "server"))
    answer, _ = seeds.answer(server.points, EDGE, Xof(bytes(32)))
    right = server.learn(answer)
    wrong = server.learn(seeds.Answer(answer.point, answer.corrections ^ np.uint8(1)))
    assert (right.leaves != wrong.leaves).any(axis=(1, 2)).all()


@pytest.mark.parametrize(
    ("leader", "server", "size"),
    [(0, 0, 5), (1, 1, 5), (2, 1, 6), (10**6, 10**6, 10), (2**20, 2**20, 10), (10**7, 10**7, 11)],
)
def test_tags_are_as_long_as_40_bits_ask_for(leader: int, server: int, size: int) -> None:
    assert oprf.tag_bytes(leader, server) == size


def test_no_secret_is_shown() -> None:
    leaves, secret = pair()
    shown = (
        repr(secret)
        + repr(secret.factors)
        + repr(seeds.Server(EDGE, Xof(bytes(32))))
        + repr(items_of(["a"], SID, Shape(1)))
    )
    assert "array" not in shown and leaves.dtype == np.uint8
