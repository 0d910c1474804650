from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from accord_protocols.primitives.psi import tags
from accord_protocols.primitives.psi.sharing import shares_of_hashes
from accord_protocols.primitives.psi.tags import distinct, find, in_order
from accord_protocols.primitives.xof import Xof

Rows = NDArray[np.uint8]


def rows(count: int, width: int, label: int = 0) -> Rows:
    return np.frombuffer(Xof(bytes(32), label).bytes(count * width), np.uint8).reshape(count, width).copy()


@pytest.mark.parametrize("width", [5, 8, 10, 16, 32])
@pytest.mark.parametrize("alike", [0, 8], ids=["first words differ", "first words are all alike"])
def test_rows_are_found_where_they_stand(width: int, alike: int) -> None:
    known = rows(200, width)
    known[:, : min(alike, width - 2)] = 7
    wanted = np.concatenate([known[::-3], rows(5, width, 1)])
    known, at = np.unique(known, axis=0), find(np.unique(known, axis=0), wanted)
    assert np.array_equal(known[at[:-5]], wanted[:-5])
    assert (at[-5:] == -1).all()
    assert distinct(known) and not distinct(np.concatenate([known, known[:1]]))


@pytest.mark.parametrize("width", [9, 11, 32])
def test_rows_that_only_begin_alike_are_not_found(width: int) -> None:
    known = rows(50, width)
    wanted = known.copy()
    wanted[::2, -1] ^= 1
    assert find(known, wanted).tolist() == [-1 if k % 2 == 0 else k for k in range(50)]


@pytest.mark.parametrize("alike", [0, 8])
@pytest.mark.parametrize("part", [20, 4], ids=["in one part", "in several"])
def test_their_order_says_nothing_of_the_one_before(alike: int, part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tags, "_PART", part)
    known = rows(200, 10)
    known[:, :alike] = 7
    again = known[Xof(bytes(32)).permutation(200)]
    assert np.array_equal(in_order(known), in_order(again, threads=3))
    assert np.array_equal(np.unique(in_order(known), axis=0), np.unique(known, axis=0))
    assert np.array_equal(in_order(known)[find(in_order(known), known)], known)


def test_nothing_is_found_in_nothing() -> None:
    assert np.array_equal(find(rows(0, 32), rows(2, 32)), [-1, -1])
    assert len(find(rows(2, 32), rows(0, 32))) == 0 and distinct(rows(0, 16)) and distinct(rows(1, 16))


def test_one_of_equal_rows_is_found() -> None:
    known = np.concatenate([rows(3, 10), rows(3, 10)])
    assert np.array_equal(find(known, rows(3, 10)) % 3, [0, 1, 2])


def test_shares_of_a_hash_that_all_have_add_up_to_nothing() -> None:
    hashes = rows(50, 16)
    keys = {pair: bytes([i]) * 32 for i, pair in enumerate(("ab", "ac", "bc"))}
    shares = [shares_of_hashes([key for pair, key in keys.items() if me in pair], hashes) for me in "abc"]
    assert not (shares[0] ^ shares[1] ^ shares[2]).any()
    assert all(len(np.unique(share, axis=0)) == 50 for share in shares)
    assert abs(np.unpackbits(shares[0]).mean() - 0.5) < 0.03
    assert not (shares[0] == shares_of_hashes([bytes(32)], hashes)).all(axis=1).any()
