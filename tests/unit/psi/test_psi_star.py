from __future__ import annotations

import hashlib
from functools import cache
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from accord_protocols.primitives.psi import okvs, rsa, sharing, star
from accord_protocols.primitives.psi.rsa_key import PrivateKey
from accord_protocols.primitives.xof import Xof
from accord_schemas.errors import ProtocolError

SID = bytes(range(32))
UNIVERSE = [f"u{i}" for i in range(12)]


@cache
def key(party: int, bits: int = 512) -> PrivateKey:
    return PrivateKey.generate(bits, Xof(bytes(32), "star", party, bits))


def kappas(parties: int) -> list[list[bytes]]:
    """Per party its keys with all others."""
    pairs = {pair: hashlib.sha256(repr(pair).encode()).digest() for pair in combinations(range(parties), 2)}
    return [[kappa for pair, kappa in pairs.items() if party in pair] for party in range(parties)]


def align(sets: list[list[str]], bits: int = 512) -> tuple[list[str], list[list[str]]]:
    """A whole star in this process: the leader's intersection, and the rows in order at every other party."""
    keys, leader, edges, own = kappas(len(sets)), sets[0], [], []
    for party in range(1, len(sets)):
        private, ids = key(party, bits), sets[party]
        rsa.verify_public(private.n, rsa.public_proof(private, SID), SID, bits)
        tags = rsa.own_tags(private, SID, ids)
        store = okvs.build(tags, sharing.shares(keys[party], ids), Xof(bytes(32), "store", party))
        stream = Xof(bytes(32), "blind", party)
        signed = rsa.evaluate(private, rsa.blind(leader, private.n, SID, stream.fork()))
        edges.append((store, rsa.finalise(leader, private.n, SID, signed, stream.fork()).__getitem__))
        own.append(tags)
    found = star.intersect(sharing.shares(keys[0], leader), edges)
    found = found[Xof(bytes(32), "order").permutation(len(found))]
    rows = [star.locate([tags], edge[1](found)) for tags, edge in zip(own, edges, strict=True)]
    return [leader[i] for i in found], [[ids[i] for i in at] for ids, at in zip(sets[1:], rows, strict=True)]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.sampled_from(UNIVERSE), unique=True, max_size=10), min_size=2, max_size=5))
def test_the_star_finds_the_intersection(sets: list[list[str]]) -> None:
    found, others = align(sets)
    assert sorted(found) == sorted(set.intersection(*map(set, sets)))
    assert all(rows == found for rows in others)


def test_the_star_at_full_key_size() -> None:
    found, others = align([UNIVERSE[:8], UNIVERSE[4:], UNIVERSE[2:7]], bits=2048)
    assert sorted(found) == ["u4", "u5", "u6"]
    assert others == [found, found]


def test_pairwise_intersections_stay_hidden() -> None:
    # "b" is at the leader and at party 1, not at party 2: what the leader sees for it is noise, as for "c".
    keys = kappas(3)
    ids = [["a", "b", "c"], ["a", "b"], ["a"]]
    total = sharing.shares(keys[0], ids[0])
    for party in (1, 2):
        tags = rsa.own_tags(key(party), SID, ids[party])
        store = okvs.build(tags, sharing.shares(keys[party], ids[party]), Xof(bytes(32), party))
        total = total ^ store.get(rsa.own_tags(key(party), SID, ids[0]))
        assert total.any(axis=1).tolist() == ([True] * 3 if party == 1 else [False, True, True])


@given(st.integers(2, 6), st.text(st.characters(exclude_categories=["Cs"]), max_size=9))
def test_shares_of_a_common_id_cancel(parties: int, identifier: str) -> None:
    per_party = [sharing.shares(keys, [identifier]) for keys in kappas(parties)]
    assert not np.bitwise_xor.reduce(per_party).any()
    assert np.bitwise_xor.reduce(per_party[1:]).any()


def test_shares_differ_by_key_and_id() -> None:
    values = np.concatenate([sharing.pair_values(kappa, ["a", "b", ""]) for kappa in (bytes(32), bytes([1] * 32))])
    assert values.shape == (6, 16)
    assert len({v.tobytes() for v in values}) == 6
    assert np.array_equal(sharing.shares([bytes(32)], ["a"]), sharing.pair_values(bytes(32), ["a"]))
    assert sharing.shares([bytes(32)], []).shape == (0, 16)


def tags(count: int) -> NDArray[np.uint8]:
    raw = b"".join(hashlib.sha256(b"%d" % i).digest() for i in range(count))
    return np.frombuffer(raw, np.uint8).reshape(-1, 32)


@given(st.permutations(range(30)), st.integers(0, 30))
def test_locate(order: list[int], count: int) -> None:
    rows = star.locate([tags(30)[:20], tags(30)[20:]], tags(30)[order[:count]])
    assert rows.tolist() == order[:count]


def test_locate_tells_trailing_zeros_apart() -> None:
    own = np.zeros((3, 32), np.uint8)
    own[1, 0], own[2, 31] = 1, 1
    assert star.locate([own], own[[2, 0, 1]]).tolist() == [2, 0, 1]
    with pytest.raises(ProtocolError):
        star.locate([own[1:]], own[:1])


def test_locate_refuses() -> None:
    own = tags(10)
    altered = own[:3].copy()
    altered[1, 31] ^= 1
    bad: list[NDArray[np.uint8]] = [
        altered,
        tags(11)[10:],
        own[[0, 1, 0]],
        np.concatenate([own, own[:1]]),
        own[:2, :31],
        own[0],
        np.array(0, np.uint8),
        own[:2].view("<u8"),
        np.full((1, 32), 255, np.uint8),
    ]
    for announced in bad:
        with pytest.raises(ProtocolError, match=r"^the announced intersection is not acceptable$"):
            star.locate([own], announced)
    with pytest.raises(ProtocolError):
        star.locate([own[:0]], own[:1])
    assert star.locate([own[:0]], own[:0]).shape == (0,)
