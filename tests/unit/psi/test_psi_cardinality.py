from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from accord_protocols.primitives.psi import cardinality, ristretto
from accord_protocols.primitives.xof import Xof
from accord_schemas.errors import ProtocolError

DST = b"QUUX-V01-CS02-with-expander-SHA512-256"
A, B = (ristretto.random_scalar(Xof(bytes(32), party)) for party in "AB")

# RFC 9380, appendix K.3: expand_message_xmd(SHA-512)
XMD = [
    (b"", 32, "6b9a7312411d92f921c6f68ca0b6380730a1a4d982c507211a90964c394179ba"),
    (b"abc", 32, "0da749f12fbe5483eb066a5f595055679b976e93abe9be6f0f6318bce7aca8dc"),
    (b"abcdef0123456789", 32, "087e45a86e2939ee8b91100af1583c4938e0f5fc6c9db4b107b83346bc967f58"),
    (b"q128_" + b"q" * 128, 32, "7336234ee9983902440f6bc35b348352013becd88938d2afec44311caf8356b3"),
    (b"a512_" + b"a" * 512, 32, "57b5f7e766d5be68a6bfe1768e3c2b7f1228b3e4b3134956dd73a59b954c66f4"),
    (
        b"",
        128,
        (
            "41b037d1734a5f8df225dd8c7de38f851efdb45c372887be655212d07251b921b052b62eaed99b46f72f2ef4cc96bfaf"
            "254ebbbec091e1a3b9e4fb5e5b619d2e0c5414800a1d882b62bb5cd1778f098b8eb6cb399d5d9d18f5d5842cf5d13d7e"
            "b00a7cff859b605da678b318bd0e65ebff70bec88c753b159a805d2c89c55961"
        ),
    ),
    (
        b"abc",
        128,
        (
            "7f1dddd13c08b543f2e2037b14cefb255b44c83cc397c1786d975653e36a6b11bdd7732d8b38adb4a0edc26a0cef4bb4"
            "5217135456e58fbca1703cd6032cb1347ee720b87972d63fbf232587043ed2901bce7f22610c0419751c065922b48843"
            "1851041310ad659e4b23520e1772ab29dcdeb2002222a363f0c2b1c972b3efe1"
        ),
    ),
]

# RFC 9496, appendix A.3: the one-way map at SHA-512 of these texts
ONE_WAY_MAP = {
    "Ristretto is traditionally a short shot of espresso coffee": (
        "3066f82a1a747d45120d1740f14358531a8f04bbffe6a819f86dfe50f44a0a46"
    ),
    "made with the normal amount of ground coffee but extracted with": (
        "f26e5b6f7d362d2d2a94c5d0e7602cb4773c95a2e5c31a64f133189fa76ed61b"
    ),
    "about half the amount of water in the same amount of time": (
        "006ccd2a9e6867e6a2c5cea83d3302cc9de128dd2a9a57dd8ee7b9d7ffe02826"
    ),
    "by using a finer grind.": "f8f0c87cf237953c5890aec3998169005dae3eca1fbb04548c635953c817f92a",
}

# RFC 9496, appendix A.1: small multiples of the generator
MULTIPLES = [
    "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76",
    "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919",
    "94741f5d5d52755ece4f23f044ee27d5d1ea1e2bd196b462166b16152a9d0259",
]

BAD_POINTS = [
    bytes(32).hex(),  # the identity
    "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",  # RFC 9496, appendix A.2, and on
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
    "3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]


def points(*hexes: str) -> NDArray[np.uint8]:
    return np.frombuffer(bytes.fromhex("".join(hexes)), np.uint8).reshape(-1, 32)


@pytest.mark.parametrize(("message", "length", "expected"), XMD)
def test_expand_message_xmd(message: bytes, length: int, expected: str) -> None:
    assert ristretto.expand_message_xmd(message, DST, length).hex() == expected


@pytest.mark.parametrize(("dst", "length"), [(b"", 32), (b"x" * 256, 32), (b"x", 0), (b"x", 255 * 64 + 1)])
def test_expand_message_xmd_refuses(dst: bytes, length: int) -> None:
    with pytest.raises(ValueError, match="out of range"):
        ristretto.expand_message_xmd(b"", dst, length)


@pytest.mark.parametrize("text", ONE_WAY_MAP)
def test_hash_to_group_uses_the_one_way_map(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ristretto, "expand_message_xmd", lambda message, dst, length: hashlib.sha512(message).digest())
    assert ristretto.hash_to_group(text.encode(), DST).hex() == ONE_WAY_MAP[text]


def test_multiples_of_the_generator() -> None:
    for factor, expected in enumerate(MULTIPLES, start=1):
        assert ristretto.multiply(factor.to_bytes(32, "little"), points(MULTIPLES[0])).tobytes().hex() == expected


@pytest.mark.parametrize("bad", BAD_POINTS)
def test_bad_points_are_refused(bad: str) -> None:
    with pytest.raises(ProtocolError, match=r"^points of the group are not acceptable$"):
        cardinality.reblind(points(MULTIPLES[0], bad, MULTIPLES[1]), A, Xof(bytes(32)))


@pytest.mark.parametrize(
    "block",
    [points(MULTIPLES[0])[:, :31], points(MULTIPLES[0])[0], np.array(0, np.uint8), points(*MULTIPLES).view("<u8")],
)
def test_other_shapes_are_refused(block: NDArray[np.uint8]) -> None:
    with pytest.raises(ProtocolError):
        cardinality.reblind(block, A, Xof(bytes(32)))
    with pytest.raises(ProtocolError):
        cardinality.count(block, points(*MULTIPLES))


def test_repeated_points_are_refused() -> None:
    repeated = points(MULTIPLES[0], MULTIPLES[1], MULTIPLES[0])
    with pytest.raises(ProtocolError, match="distinct"):
        cardinality.reblind(repeated, A, Xof(bytes(32)))
    for pair in ((repeated, points(*MULTIPLES)), (points(*MULTIPLES), repeated)):
        with pytest.raises(ProtocolError, match="distinct"):
            cardinality.count(*pair)


def test_scalars() -> None:
    values = [int.from_bytes(ristretto.random_scalar(Xof(bytes(32), i)), "little") for i in range(50)]
    assert all(0 < value < ristretto.ORDER for value in values)
    assert len(set(values)) == 50
    assert max(values) > ristretto.ORDER // 2


def gate(own: list[str], other: list[str], domains: tuple[bytes, bytes] = (b"ids", b"ids")) -> int:
    """B holds `own`; A holds `other`."""
    from_b = cardinality.blind(own, B, domains[0], Xof(bytes(32), 1))
    returned = cardinality.reblind(from_b, A, Xof(bytes(32), 2))
    from_a = cardinality.blind(other, A, domains[1], Xof(bytes(32), 3))
    return cardinality.count(returned, cardinality.reblind(from_a, B, Xof(bytes(32), 4)))


names = st.lists(st.sampled_from([f"n{i}" for i in range(15)]), unique=True, max_size=12)


@settings(max_examples=40, deadline=None)
@given(names, names)
def test_the_count_is_that_of_common_ids(own: list[str], other: list[str]) -> None:
    assert gate(own, other) == len(set(own) & set(other))


def test_domains_are_separate() -> None:
    assert gate(["a", "b"], ["a", "b"]) == 2
    assert gate(["a", "b"], ["a", "b"], (b"ids", b"columns")) == 0


def test_the_order_is_shuffled_and_repeats_with_its_stream() -> None:
    ids = [f"u{i}" for i in range(20)]
    one, again, other = (cardinality.blind(ids, B, b"d", Xof(bytes(32), label)) for label in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert {p.tobytes() for p in one} == {p.tobytes() for p in other}
    moved = cardinality.reblind(one, A, Xof(bytes(32)))
    assert not np.array_equal(moved, ristretto.multiply(A, one))
    assert {p.tobytes() for p in moved} == {p.tobytes() for p in ristretto.multiply(A, one)}


def test_small_sets_are_not_sampled() -> None:
    ids = [f"u{i}" for i in range(3000)]
    assert cardinality.sample(ids, bytes(32), (3000, 2000)) == ids
    assert not cardinality.is_sampled((3000, 2000))
    assert cardinality.is_sampled((3000, 2001))
    assert len(cardinality.sample(ids, bytes(32), (3000, 2001))) < 3000


@pytest.mark.sweep
def test_both_parties_sample_alike() -> None:
    ids = [f"u{i}" for i in range(20_000)]
    chosen = cardinality.sample(ids, bytes(32), (20_000, 15_000))
    assert len(chosen) == pytest.approx(20_000 * 2000 / 15_000, abs=250)
    assert cardinality.sample(ids[5000:], bytes(32), (15_000, 20_000)) == [x for x in chosen if x in set(ids[5000:])]
    assert cardinality.sample(ids, bytes([1] * 32), (20_000, 15_000)) != chosen


def test_no_process_leaves_a_library_in_the_temporary_folder(tmp_path: Path) -> None:
    program = "import os; from accord_protocols.primitives.psi.ristretto import sodium; sodium(); os._exit(0)"
    subprocess.run([sys.executable, "-c", program], env=os.environ | {"TMPDIR": str(tmp_path)}, check=True)
    assert not list(tmp_path.iterdir())
