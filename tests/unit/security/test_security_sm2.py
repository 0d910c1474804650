"""SM2 against GM/T 0003.5, against another implementation, and against what an adversary may hand over."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from gmalg import SM2
from hypothesis import given, settings
from hypothesis import strategies as st

from accord_agents.security import sm2
from accord_agents.security.identity import Identity, PublicIdentity, imported
from accord_agents.security.trust import Identities
from accord_protocols.primitives.psi.sm2 import ORDER, P
from accord_schemas.errors import FrameError, TamperError, UsageError
from accord_schemas.suites import DEFAULT, SM, SUITES, sm3

# GM/T 0003.5, annexes A and C: one key pair on the recommended curve
PRIVATE = bytes.fromhex("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8")
PUBLIC = bytes.fromhex(
    "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)
SIGNED, SIGNED_DIGEST = b"message digest", "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640"
SIGNATURE = bytes.fromhex(
    "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
    "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
)
PLAIN = b"encryption standard"
C1 = (
    "0404ebfc718e8d1798620432268e77feb6415e2ede0e073c0f4f640ecd2e149a73"
    "e858f9d81e5430a57b36daab8f950a3c64e6ee6a63094d99283aff767e124df0"
)
C3 = "59983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd8766"
C2 = "21886ca989ca9c7d58087307ca93092d651efa"
CIPHERTEXT = bytes.fromhex(C1 + C3 + C2)
BANK, SHOP = (Identity(name, hashlib.sha512(name.encode()).digest(), "sm") for name in ("bank", "shop"))
ORACLE = SM2(PRIVATE, sm2.DEFAULT_ID, PUBLIC)


def test_published_vectors() -> None:
    assert sm3(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert sm3(b"abcd" * 16).hex() == "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"
    assert sm2.public_key(PRIVATE) == PUBLIC
    assert sm2.message_digest(PUBLIC, SIGNED).hex() == SIGNED_DIGEST
    assert sm2.verify(PUBLIC, SIGNED, SIGNATURE)
    assert sm2.decrypt(PRIVATE, CIPHERTEXT) == PLAIN


@pytest.mark.sweep
@settings(max_examples=15, deadline=None)
@given(st.binary(max_size=100), st.binary(min_size=1, max_size=80))
def test_another_implementation_agrees(data: bytes, plain: bytes) -> None:
    signature = sm2.sign(PRIVATE, PUBLIC, data)
    assert ORACLE.verify(data, signature[:32], signature[32:])
    theirs = b"".join(part.rjust(32, b"\0") for part in ORACLE.sign(data))
    assert sm2.verify(PUBLIC, data, theirs)
    assert ORACLE.decrypt(sm2.encrypt(PUBLIC, plain)) == plain
    assert sm2.decrypt(PRIVATE, ORACLE.encrypt(plain)) == plain


@settings(max_examples=20, deadline=None)
@given(st.integers(1, ORDER - 2))
def test_public_keys_are_those_of_another_implementation(private: int) -> None:
    secret = private.to_bytes(32, "big")
    assert sm2.public_key(secret) == ORACLE.generate_pk(secret)


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=50), st.integers(0, 511))
def test_a_signature_is_of_one_party_and_one_text(data: bytes, bit: int) -> None:
    signature = BANK.sign(data)
    changed = bytearray(signature)
    changed[bit // 8] ^= 1 << bit % 8
    assert len(signature) == 64 and BANK.public.verify(data, signature)
    assert not BANK.public.verify(data, bytes(changed))
    assert not BANK.public.verify(data + b"\x00", signature)
    assert not SHOP.public.verify(data, signature)


def test_signatures_are_randomised() -> None:
    assert BANK.sign(b"x") != BANK.sign(b"x")


def number(value: int) -> bytes:
    return value.to_bytes(32, "big")


@pytest.mark.parametrize(
    "signature",
    [
        *(b"", bytes(63), bytes(64), bytes(65), SIGNATURE + b"\0", SIGNATURE[:63]),
        *(SIGNATURE[:32] + number(s) for s in (0, ORDER, 2**256 - 1)),
        *(number(r) + SIGNATURE[32:] for r in (0, ORDER, 2**256 - 1)),
        SIGNATURE[:32] + number(ORDER - int.from_bytes(SIGNATURE[:32], "big")),  # t = r + s = 0
    ],
)
def test_what_is_no_signature_does_not_verify(signature: bytes) -> None:
    assert not sm2.verify(PUBLIC, SIGNED, signature)


@pytest.mark.parametrize("at", [0, 30, 65, 96, 97, len(CIPHERTEXT) - 1])
def test_every_part_of_a_ciphertext_counts(at: int) -> None:
    for changed in (CIPHERTEXT[:at] + bytes([CIPHERTEXT[at] ^ 1]) + CIPHERTEXT[at + 1 :], CIPHERTEXT[:at]):
        with pytest.raises(ValueError, match=r"curve|ciphertext"):
            sm2.decrypt(PRIVATE, changed)


def test_a_ciphertext_is_for_one_key() -> None:
    with pytest.raises(ValueError, match="cannot be opened"):
        sm2.decrypt(BANK.encryption_secret, CIPHERTEXT)
    with pytest.raises(ValueError, match="ciphertext"):
        sm2.decrypt(PRIVATE, CIPHERTEXT + bytes(256))


X, Y = int.from_bytes(PUBLIC[1:33], "big"), int.from_bytes(PUBLIC[33:], "big")
POINTS = {
    "compressed": bytes([2 + Y % 2]) + PUBLIC[1:33],
    "no prefix": PUBLIC[1:],
    "hybrid": b"\x06" + PUBLIC[1:],
    "zero": b"\x04" + bytes(64),
    "infinity": b"\x00",
    "off the curve": PUBLIC[:-1] + bytes([PUBLIC[-1] ^ 1]),
    "unreduced": b"\x04" + number(P) + PUBLIC[33:],
    "too long": PUBLIC + b"\0",
    "of the default profile": bytes(32),
}


@pytest.mark.parametrize("point", POINTS.values(), ids=POINTS.keys())
@pytest.mark.parametrize("name", ["signing", "encryption"])
def test_what_is_no_point_of_the_curve_is_not_pinned(name: str, point: bytes) -> None:
    identity = Identity("mallory", hashlib.sha512(b"mallory").digest(), "sm")
    keys = {"signing": identity.public.signing, "encryption": identity.public.encryption} | {name: point}
    identity.public = PublicIdentity("mallory", keys["signing"], keys["encryption"], "sm")
    with pytest.raises(UsageError, match="no exported identity"):
        imported(identity.export(), "f")


def test_export_and_import() -> None:
    export = BANK.export()
    assert export["kind"] == "sm" and imported(export, "f") == BANK.public
    assert BANK.public.algorithm == "sm2"
    known = Identities()
    assert known.trust(export, "f") == BANK.public
    with pytest.raises(TamperError):
        known.trust(Identity("bank", hashlib.sha512(b"bank").digest()).export(), "f")


def refused(export: Any) -> None:
    with pytest.raises(UsageError, match=r"^bank\.json is no exported identity, or was damaged\."):
        imported(export, "bank.json")


@pytest.mark.parametrize("kind", ["default", "SM", "", "sm9", None, 5, ["sm"]])
def test_the_kind_of_an_export_counts(kind: Any) -> None:
    export = BANK.export()
    refused({**export, "kind": kind})
    refused({k: v for k, v in export.items() if k != "kind"})
    refused({**Identity("bank", bytes(range(64))).export(), "kind": kind})


def test_one_secret_gives_unrelated_identities_of_both_kinds() -> None:
    one, other = (Identity("bank", bytes(range(64)), kind) for kind in (DEFAULT, SM))
    assert one.public.fingerprint != other.public.fingerprint and one.public != other.public
    said = repr(other) + str(other) + repr(other.public) + str(other.export())
    assert other.encryption_secret.hex() not in said and bytes(range(32)).hex() not in said
    assert Identity("bank", bytes(range(64)), "sm").public == other.public
    assert SUITES["sm"].digest(b"x") != SUITES["default"].digest(b"x")


def test_the_fingerprint_names_kind_party_and_both_keys() -> None:
    public = BANK.public
    others = [
        PublicIdentity("bank2", public.signing, public.encryption, "sm"),
        PublicIdentity("bank", public.encryption, public.signing, "sm"),
        PublicIdentity("bank", public.signing, SHOP.public.encryption, "sm"),
        PublicIdentity("bank", public.signing, public.encryption),
    ]
    assert len({public.fingerprint, *(o.fingerprint for o in others)}) == 5


def test_a_frame_of_one_suite_is_not_said_by_an_identity_of_the_other() -> None:
    from tests.unit.schemas.strategies import attributes

    from accord_schemas.events import Cancel
    from accord_schemas.frame import Frame
    from accord_schemas.header import Header

    plain, payload = Identity("bank", bytes(range(64))), Cancel(reason="x").encode()
    for suite, right, wrong in (("sm", BANK, plain), ("", plain, BANK)):
        header = Header.of(attributes(Cancel, payload, suite=suite))
        Frame.decode(Frame.make(header, payload, right.sign).encode())
        right.public.authenticate(Frame.make(header, payload, right.sign))
        with pytest.raises(FrameError, match="suite is not that of its sender"):
            wrong.public.authenticate(Frame.make(header, payload, wrong.sign))
        with pytest.raises(FrameError, match="signature is wrong"):
            right.public.authenticate(Frame.make(header, payload, wrong.sign))
