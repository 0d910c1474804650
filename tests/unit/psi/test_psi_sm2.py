"""The SM2 curve: its parameters, hashing to it, points that are none, and alignment by it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from gmalg.sm2 import SM2
from gmpy2 import is_prime, jacobi, mpz
from hypothesis import given, settings
from hypothesis import strategies as st

from accord_protocols.primitives import libcrypto
from accord_protocols.primitives.psi import ecdh, groups, sm2, xmd
from accord_protocols.primitives.psi.weierstrass import Curve
from accord_protocols.primitives.xof import Xof
from accord_schemas.errors import ProtocolError

SID = bytes(range(32))
KEY = sm2.random_scalar(Xof(bytes(32), "key"))
ONE = (1).to_bytes(32, "big")
GENERATOR = sm2.multiply_base([ONE])
LIBRARY = sm2.libcrypto()
needs_openssl = pytest.mark.skipif(LIBRARY is None, reason="no OpenSSL 3 with SM2 on this machine")
# GM/T 0003.5, appendix A: the example's private key and its public one
PRIVATE = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8"
PUBLIC = (
    "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)
KNOWN_POINTS = [
    (
        "80048bf6454de460598966bc3bc9a3213e8776668817d85cf447eda370991a41",
        "cf41fd9fa681d1416ddb5129e570bef4d74c4e0c1a5be8009717eb1c02e8e9e9",
    ),
    (
        "7cf8871dffcb584997d9b27cbc1b12308eec4544f38688f7b8c53531afb9fdcd",
        "e803123cc855d859d58857cbea53c0cf0187b160e3a4996a9260879a1b059203",
    ),
]
KNOWN_TAGS = "8fd819f0bb4bed96fb2674ac70904eab6b4c2b68a2c486ecbebf5a0d85e5ddd4"
P256 = Curve(
    p=mpz(2**256 - 2**224 + 2**192 + 2**96 - 1),
    b=mpz(0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B),
    order=0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    base=(
        mpz(0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296),
        mpz(0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5),
    ),
    z=mpz(-10),
)
BAD_ENCODINGS = {
    "the identity": bytes(33),
    "x is no point's": b"\2" + (5).to_bytes(32, "big"),
    "x is not below p": b"\2" + sm2.P.to_bytes(32, "big"),
    "x of the generator, and p": b"\3" + ((1 << 256) - 1).to_bytes(32, "big"),
    "another prefix": b"\4" + bytes(GENERATOR[0, 1:]),
    "a hybrid one": b"\6" + bytes(GENERATOR[0, 1:]),
}


def point(text: bytes, dst: bytes, curve: Curve, used: xmd.Hash) -> tuple[str, str]:
    found = curve.hash_to_curve(text, dst, partial(xmd.expand_message_xmd, used))
    assert found is not None
    return f"{int(found[0]):064x}", f"{int(found[1]):064x}"


# ---- the curve


def test_its_parameters_are_those_of_a_curve_of_prime_order() -> None:
    assert is_prime(sm2.P) and is_prime(sm2.ORDER) and sm2.P % 4 == 3
    assert abs(sm2.P + 1 - sm2.ORDER) < 2 * (1 << 128)  # Hasse
    assert sm2.CURVE.has(mpz(sm2.GX), mpz(sm2.GY))
    assert sm2.CURVE.multiply(sm2.ORDER, sm2.CURVE.base) is None


def test_z_is_the_least_that_simplified_swu_takes() -> None:
    """RFC 9380, appendix H.2: no square, not −1, g(x) − z without a root, g(b/(za)) a square."""

    def suits(z: int) -> bool:
        curve = sm2.CURVE
        if jacobi(z, curve.p) != -1 or z == -1:
            return False
        x = curve.b * pow(z * curve.a, -1, curve.p) % curve.p
        return bool(jacobi(curve.right(x), curve.p) == 1 and not has_root(curve, z))

    tried = [sign * k for k in range(1, 10) for sign in (1, -1)]
    assert next(z for z in tried if suits(z)) == sm2.CURVE.z == -9


def has_root(curve: Curve, z: int) -> bool:
    """Whether x³ + ax + b − z has a root: whether x^p − x has a factor in common with it."""
    p, a, c = curve.p, curve.a, (curve.b - z) % curve.p

    def times(left: list[mpz], right: list[mpz]) -> list[mpz]:
        wide = [mpz(0)] * 5
        for i, u in enumerate(left):
            for j, v in enumerate(right):
                wide[i + j] += u * v
        for at in (4, 3):  # x³ = −ax − c
            wide[at - 2] -= a * wide[at]
            wide[at - 3] -= c * wide[at]
        return [v % p for v in wide[:3]]

    power, base = [mpz(1), mpz(0), mpz(0)], [mpz(0), mpz(1), mpz(0)]
    for bit in bin(int(p))[2:]:
        power = times(power, power)
        power = times(power, base) if bit == "1" else power
    power[1] = (power[1] - 1) % p
    left, right = [c, a % p, mpz(0), mpz(1)], power
    while any(right):
        while right and right[-1] == 0:
            right.pop()
        while len(left) >= len(right):
            factor = left[-1] * pow(right[-1], -1, p) % p
            left = [
                (v - factor * right[k - len(left) + len(right)]) % p if k >= len(left) - len(right) else v
                for k, v in enumerate(left)
            ][:-1]
        left, right = right, left
    return len(left) > 1


def test_the_example_of_the_standard() -> None:
    found = sm2.multiply_base([bytes.fromhex(PRIVATE)])
    assert bytes(found[0]).hex() == "03" + PUBLIC[:64]
    assert sm2.decode(bytes(found[0])) == (int(PUBLIC[:64], 16), int(PUBLIC[64:], 16))


@settings(max_examples=5, deadline=None)
@given(st.integers(1, sm2.ORDER - 1))
def test_another_implementation_multiplies_alike(scalar: int) -> None:
    own = sm2.CURVE.multiply(scalar, sm2.CURVE.base)
    public = SM2(rnd_fn=lambda _: scalar).generate_keypair()[1] if scalar < sm2.ORDER - 1 else None
    assert own is not None
    assert public is None or public[1:] == b"".join(int(v).to_bytes(32, "big") for v in own)


# ---- hashing to it


def test_hashing_is_that_of_the_rfc_on_the_curve_it_has_vectors_for() -> None:
    """RFC 9380, appendix J.1.1: P256_XMD:SHA-256_SSWU_RO_; the two curves differ in p, b, z and hash alone."""
    dst = b"QUUX-V01-CS02-with-P256_XMD:SHA-256_SSWU_RO_"
    assert point(b"", dst, P256, xmd.SHA256) == (
        "2c15230b26dbc6fc9a37051158c95b79656e17a1a920b11394ca91c44247d3e4",
        "8a7a74985cc5c776cdfe4b1f19884970453912e9d31528c060be9ab5c43e8415",
    )
    assert point(b"abc", dst, P256, xmd.SHA256) == (
        "0bb8b87485551aa43ed54f009230450b492fead5f1cc91658775dac4a3388a0f",
        "5c41b3d0731a27a7b14bc0bf0ccded2d8751f83493404c84a88e71ffd424212e",
    )


def test_where_no_vectors_are_published_the_own_ones_stay() -> None:
    dst = b"QUUX-V01-CS02-with-SM2_XMD:SM3_SSWU_RO_"
    assert [point(text, dst, sm2.CURVE, xmd.SM3) for text in (b"", b"abc")] == KNOWN_POINTS


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=80))
def test_hashes_are_points(message: bytes) -> None:
    sm2.check_points(np.frombuffer(sm2.hash_to_group(message, b"test"), np.uint8)[None])


def test_the_exceptional_inputs_of_the_map_have_points_too() -> None:
    root = sm2.CURVE.root(-pow(sm2.CURVE.z, -1, sm2.P) % sm2.P)  # z·u² = −1
    assert root is not None
    for u in (mpz(0), root, sm2.P - root):
        assert sm2.CURVE.has(*sm2.CURVE.map_to_curve(u))


# ---- two engines


@needs_openssl
@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(1, sm2.ORDER - 1), st.binary(max_size=9)), max_size=3))
def test_both_engines_give_equal_bytes(work: list[tuple[int, bytes]]) -> None:
    assert LIBRARY is not None
    prepared = [(scalar.to_bytes(32, "big"), sm2.hash_to_group(text, b"test")) for scalar, text in work]
    assert list(sm2.openssl(LIBRARY, prepared)) == list(sm2.by_gmpy2(prepared))


@pytest.fixture(params=["openssl", "gmpy2"])
def engine(request: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "gmpy2":
        monkeypatch.setattr(sm2, "libcrypto", lambda: None)
    elif LIBRARY is None:
        pytest.skip("no OpenSSL 3 with SM2 on this machine")


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("encoding", BAD_ENCODINGS.values(), ids=BAD_ENCODINGS)
def test_what_is_no_point_is_refused_by_every_operation(encoding: bytes) -> None:
    points = np.concatenate([GENERATOR, np.frombuffer(encoding, np.uint8)[None], GENERATOR])
    refuses: tuple[Callable[[], Any], ...] = (
        lambda: sm2.check_points(points),
        lambda: ecdh.evaluate(groups.SM2, KEY, points),
        lambda: ecdh.finalise(groups.SM2, ["a", "b", "c"], SID, points, Xof(bytes(32))),
    )
    for refuse in refuses:
        with pytest.raises(ProtocolError, match="points of the group are not acceptable"):
            refuse()


@pytest.mark.usefixtures("engine")
def test_a_product_that_is_the_identity_is_refused() -> None:
    with pytest.raises(ProtocolError, match="not acceptable"):
        sm2.multiply(sm2.ORDER.to_bytes(32, "big"), GENERATOR)


@pytest.mark.parametrize("doubt", ["LIBRARIES", "MAJOR", "_NID"])
def test_a_library_without_the_curve_is_not_used(doubt: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, value = {"LIBRARIES": (libcrypto, ("libc.so.6",)), "MAJOR": (libcrypto, 4), "_NID": (sm2, 415)}[doubt]
    monkeypatch.setattr(module, doubt, value)  # 415 is P-256: another curve, another result
    sm2.libcrypto.cache_clear()
    try:
        assert sm2.libcrypto() is None
    finally:
        sm2.libcrypto.cache_clear()


# ---- the OPRF


@pytest.mark.usefixtures("engine")
def test_client_and_owner_have_equal_tags() -> None:
    ids = ["a", "ü", ""]
    blinded = ecdh.blind(groups.SM2, ids, SID, Xof(bytes(32), "client"))
    evaluated = ecdh.evaluate(groups.SM2, KEY, blinded)
    own = ecdh.own_tags(groups.SM2, KEY, SID, ids)
    assert np.array_equal(ecdh.finalise(groups.SM2, ids, SID, evaluated, Xof(bytes(32), "client")), own)
    assert hashlib.sha256(own.tobytes()).hexdigest() == KNOWN_TAGS
    other = sm2.random_scalar(Xof(bytes(32), "other"))
    tags = [own, ecdh.own_tags(groups.SM2, other, SID, ids), ecdh.own_tags(groups.SM2, KEY, bytes(32), ids)]
    assert len(np.unique(np.concatenate(tags), axis=0)) == 9


def test_what_is_blinded_is_new_for_equal_ids() -> None:
    blinded = ecdh.blind(groups.SM2, ["a", "a"], SID, Xof(bytes(32)))
    assert len(np.unique(blinded, axis=0)) == 2
