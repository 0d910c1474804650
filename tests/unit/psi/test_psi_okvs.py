from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from accord_protocols.primitives.psi.okvs import Geometry, Store, build
from accord_protocols.primitives.xof import Xof
from accord_schemas.errors import ProtocolError

Block = NDArray[np.uint8]


def tags_of(count: int, label: int = 0) -> Block:
    raw = b"".join(hashlib.sha256(b"%d/%d" % (label, i)).digest() for i in range(count))
    return np.frombuffer(raw, np.uint8).reshape(-1, 32)


def values_of(count: int) -> Block:
    return tags_of(count, -1)[:, :16]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 400), st.integers(0, 1 << 30))
def test_every_value_comes_back(count: int, label: int) -> None:
    tags, values = tags_of(count, label), values_of(count)
    store = build(tags, values, Xof(bytes(32), label))
    assert np.array_equal(store.get(tags), values)
    assert np.array_equal(Store.decode(count, *store.encode()).get(tags[::-1]), values[::-1])


@pytest.mark.parametrize("count", [0, 1, 2, 3, 20_000])
def test_sizes(count: int) -> None:
    store = build(tags_of(count), values_of(count), Xof(bytes(32)))
    assert np.array_equal(store.get(tags_of(count)), values_of(count))
    assert store.table.shape == (Geometry.of(count).rows, 16)


def test_equal_streams_give_equal_stores() -> None:
    one, two, other = (build(tags_of(50), values_of(50), Xof(bytes(32), label)) for label in (1, 1, 2))
    assert one.salt == two.salt
    assert np.array_equal(one.table, two.table)
    assert not np.array_equal(one.table, other.table)


def test_the_order_of_the_keys_does_not_show() -> None:
    tags, values = tags_of(300), values_of(300)
    order = Xof(bytes(32), "order").permutation(300)
    assert np.array_equal(
        build(tags, values, Xof(bytes(32))).table, build(tags[order], values[order], Xof(bytes(32))).table
    )


def test_non_members_and_free_slots_look_random() -> None:
    store = build(tags_of(2000), values_of(2000), Xof(bytes(32)))
    assert store.table.any(axis=1).all()
    strangers = store.get(tags_of(20_000, 1))
    assert strangers.any(axis=1).all()
    assert abs(np.unpackbits(strangers).mean() - 0.5) < 0.005
    assert abs(np.unpackbits(store.table).mean() - 0.5) < 0.01


def test_a_tampered_table_changes_what_is_read() -> None:
    store = build(tags_of(200), values_of(200), Xof(bytes(32)))
    wrong = Store.decode(200, store.salt, store.table ^ np.uint8(1))  # three slots: an odd number of flips shows
    assert (wrong.get(tags_of(200)) != values_of(200)).any(axis=1).all()
    salted = Store.decode(200, bytes(16), store.table)
    assert (salted.get(tags_of(200)) != values_of(200)).any(axis=1).all()


def test_a_failed_build_takes_a_new_salt() -> None:
    # Every 1000-key build fails with probability of a few per cent; among 200 streams some need a second salt.
    tags, values = tags_of(1000), values_of(1000)
    stores = [(build(tags, values, Xof(bytes(32), i)), Xof(bytes(32), i).bytes(16)) for i in range(200)]
    assert any(store.salt != first for store, first in stores)
    assert all(np.array_equal(store.get(tags), values) for store, _ in stores)


@pytest.mark.parametrize("row", [0, 57, 98])
def test_repeated_tags_are_an_error(row: int) -> None:
    tags = tags_of(100).copy()
    tags[99] = tags[row]
    with pytest.raises(ValueError, match="distinct"):
        build(tags, values_of(100), Xof(bytes(32)))


def test_received_geometry_must_match_the_announced_size() -> None:
    store = build(tags_of(100), values_of(100), Xof(bytes(32)))
    salt, table = store.encode()
    bad: list[tuple[int, bytes, Block]] = [
        (1000, salt, table),
        (100, salt[:-1], table),
        (100, salt + b"x", table),
        (100, salt, table[:-1]),
        (100, salt, np.concatenate([table, table])),
        (100, salt, table[:, :15]),
        (100, salt, table.reshape(-1)),
        (100, salt, np.array(0, np.uint8)),
        (100, salt, table.view("<u8").reshape(-1, 2)),
        (100, salt, table[:0]),
    ]
    for size, s, t in bad:
        with pytest.raises(ProtocolError, match=r"^a key-value store is not of the announced size$"):
            Store.decode(size, s, t)


@given(st.integers(0, 2_000_000_000))
def test_geometry(size: int) -> None:
    geometry = Geometry.of(size)
    assert geometry.segment & (geometry.segment - 1) == 0
    assert 8 <= geometry.segment <= 1 << 18
    assert geometry.segments >= 3
    assert geometry.rows >= size * 9 // 8
    assert geometry.rows <= 1.15 * size + 0.3 * 19.94 / max(3, size.bit_length() - 1) * size + 3 * geometry.segment + 40


def test_geometry_is_pinned() -> None:
    sizes = {0: 40, 10: 64, 100: 320, 1000: 1792, 10_000: 14_336, 100_000: 126_976, 1_000_000: 1_179_648}
    assert {size: Geometry.of(size).rows for size in sizes} == sizes
