from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from accord_protocols.primitives.psi import ecdh, ristretto
from accord_protocols.primitives.psi.groups import RISTRETTO
from accord_protocols.primitives.xof import Xof
from accord_schemas.errors import ProtocolError

SID = bytes(range(32))
KNOWN = "b05f63d28559ced4546cd95349d19d485b492ea7ff49ac4aaa4f02a1fb5e3eda"
KEY = ristretto.random_scalar(Xof(bytes(32), "key"))
GENERATOR = ristretto.multiply_base([(1).to_bytes(32, "little")])
# RFC 9496, appendix A.2: encodings that are no points
BAD_ENCODINGS = [
    "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",  # not below p
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0100000000000000000000000000000000000000000000000000000000000000",  # negative
    "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ed57ffd8c914fb201471d1c3d245ce3c746fcbe63a3679d51b6a516ebebe0e20",
    "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",  # x² is no square
    "4eac077a713c57b4f4397629a4145982c661f48044dd3f96427d40b147d9742f",
    "3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e",  # xy is negative
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # s = −1: y = 0
    "0000000000000000000000000000000000000000000000000000000000000000",  # the identity, which no honest peer sends
    "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2df6",  # the generator with the highest bit
    # points of Ed25519 of order 4 and 8, and one of order 8 times the prime: of no group of prime order
    "0000000000000000000000000000000000000000000000000000000000000080",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
]


def client(ids: list[str], key: bytes = KEY, label: int = 0) -> NDArray[np.uint8]:
    xof = Xof(bytes(32), "client", label)
    blinded = ecdh.blind(RISTRETTO, ids, SID, Xof(bytes(32), "client", label))
    return ecdh.finalise(RISTRETTO, ids, SID, ecdh.evaluate(RISTRETTO, key, blinded), xof)


@settings(max_examples=10)
@given(st.lists(st.text(max_size=40), unique=True, max_size=6), st.integers(0, 1 << 30))
def test_client_and_owner_have_equal_tags(ids: list[str], label: int) -> None:
    assert np.array_equal(client(ids, label=label), ecdh.own_tags(RISTRETTO, KEY, SID, ids))


def test_known_answer() -> None:
    tags = ecdh.own_tags(RISTRETTO, KEY, SID, [f"user{i}" for i in range(5)])
    assert hashlib.sha256(tags.tobytes()).hexdigest() == KNOWN


def test_tags_differ_by_id_key_and_session() -> None:
    ids = ["a", "b", "aa"]
    other = ristretto.random_scalar(Xof(bytes(32), "other"))
    all_tags = np.concatenate(
        [
            ecdh.own_tags(RISTRETTO, KEY, SID, ids),
            ecdh.own_tags(RISTRETTO, other, SID, ids),
            ecdh.own_tags(RISTRETTO, KEY, bytes(32), ids),
        ]
    )
    assert len(np.unique(all_tags, axis=0)) == 9


def test_what_is_blinded_is_new_for_equal_ids() -> None:
    blinded = ecdh.blind(RISTRETTO, ["a", "a", "a"], SID, Xof(bytes(32)))
    assert len(np.unique(blinded, axis=0)) == 3
    assert not np.isin(
        blinded.view("S32"), ecdh.blind(RISTRETTO, ["a"], SID, Xof(bytes(32), "again")).view("S32")
    ).any()


def test_parts_give_the_tags_of_the_whole() -> None:
    ids = [f"user{i}" for i in range(7)]
    parts = [client(ids[span], label=number) for number, span in enumerate((slice(0, 3), slice(3, 7)))]
    assert np.array_equal(np.concatenate(parts), client(ids))


@pytest.mark.parametrize("encoding", BAD_ENCODINGS)
def test_bad_points_are_refused_by_both_and_by_every_operation(encoding: str) -> None:
    points = np.concatenate([GENERATOR, np.frombuffer(bytes.fromhex(encoding), np.uint8)[None], GENERATOR])
    for refuses in (
        lambda: ecdh.evaluate(RISTRETTO, KEY, points),
        lambda: ecdh.finalise(RISTRETTO, ["a", "b", "c"], SID, points, Xof(bytes(32))),
        lambda: ristretto.subtract(points, GENERATOR.repeat(3, axis=0)),
        lambda: ristretto.subtract(GENERATOR.repeat(3, axis=0), points),
        lambda: ristretto.check_points(points),
    ):
        with pytest.raises(ProtocolError, match="points of the group are not acceptable"):
            refuses()


def test_other_shapes_and_numbers_are_refused() -> None:
    blocks: list[NDArray[Any]] = [GENERATOR[0], GENERATOR[:, :31], GENERATOR.astype(np.int64), GENERATOR[None]]
    for block in blocks:
        with pytest.raises(ProtocolError, match="acceptable"):
            ecdh.evaluate(RISTRETTO, KEY, block)
        with pytest.raises(ProtocolError, match="acceptable"):
            ecdh.finalise(RISTRETTO, ["a"], SID, block, Xof(bytes(32)))
    for count in (0, 2):
        with pytest.raises(ProtocolError, match="as many"):
            ecdh.finalise(RISTRETTO, ["a"], SID, GENERATOR.repeat(count, axis=0), Xof(bytes(32)))


def test_a_wrong_server_makes_its_ids_not_be_found() -> None:
    other = ristretto.random_scalar(Xof(bytes(32), "other"))
    assert not np.any(np.all(client(["a", "b"], other) == ecdh.own_tags(RISTRETTO, KEY, SID, ["a", "b"]), axis=1))


def test_a_difference_is_that_of_the_logarithms() -> None:
    five, three, two, one = (ristretto.multiply_base([n.to_bytes(32, "little")]) for n in (5, 3, 2, 1))
    assert np.array_equal(ristretto.subtract(five, three), two)
    assert np.array_equal(
        ristretto.subtract(np.concatenate([two, three]), np.concatenate([one, two])), one.repeat(2, axis=0)
    )
    assert not ristretto.subtract(two, two).any()
