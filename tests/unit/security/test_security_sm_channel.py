"""Wraps and seals of the profile sm: SM2, HMAC-SM3, SM4-GCM."""

from __future__ import annotations

import hashlib

import gmssl_pyx
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, settings
from hypothesis import strategies as st

from accord_agents.security import sm2
from accord_agents.security.channels.registry import channel_of
from accord_agents.security.identity import Identity
from accord_schemas.errors import FrameError
from accord_schemas.suites import sm3

channel = channel_of("sm")
BANK, SHOP, MALLORY = (Identity(n, hashlib.sha512(n.encode()).digest(), "sm") for n in ("bank", "shop", "mallory"))
KEY, ABOUT = bytes(range(32)), b"collaboration, bank to shop, epoch 1"
WRAPPED = channel.wrap(BANK, SHOP.public, KEY, ABOUT)
AAD, TEXT = b"bank to shop, chunk 1/2", b"shares of a residual"
SALT, SEALED = channel.encrypt(KEY, AAD, TEXT)


def flipped(data: bytes, bit: int) -> bytes:
    at = bit % (8 * len(data))
    changed = bytearray(data)
    changed[at // 8] ^= 1 << at % 8
    return bytes(changed)


def prefixed(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def test_published_vector() -> None:
    """RFC 8998, appendix A.1: SM4-GCM."""
    key, nonce = bytes.fromhex("0123456789abcdeffedcba9876543210"), bytes.fromhex("00001234567800000000abcd")
    text = b"".join(bytes([b]) * 8 for b in (0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF, 0xEE, 0xAA))
    aad = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    box = Cipher(algorithms.SM4(key), modes.GCM(nonce)).encryptor()
    box.authenticate_additional_data(aad)
    assert (box.update(text) + box.finalize()).hex() == (
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
    )
    assert box.tag.hex() == "83de3541e4c2b58177e065a9bf7b62ec"


def message_key_of(salt: bytes) -> tuple[bytes, bytes]:
    key, nonce = (gmssl_pyx.sm3_hmac(KEY, prefixed(b"accord " + use, salt)) for use in (b"encrypt", b"nonce"))
    return key[:16], nonce[:12]


def test_the_wire_format_by_another_library() -> None:
    mac_key = gmssl_pyx.sm3_hmac(KEY, prefixed(b"accord mac"))
    salt = gmssl_pyx.sm3_hmac(mac_key, prefixed(AAD) + TEXT)
    message_key, nonce = message_key_of(salt)
    assert (salt, b"".join(gmssl_pyx.sm4_gcm_encrypt(message_key, nonce, AAD, TEXT))) == (SALT, SEALED)
    assert sm2.decrypt(SHOP.encryption_secret, WRAPPED) == KEY + gmssl_pyx.sm3_hash(ABOUT)


@settings(deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=80), st.binary(max_size=300))
def test_what_was_sealed_opens_and_is_the_same_each_time(key: bytes, aad: bytes, text: bytes) -> None:
    salt, sealed = channel.encrypt(key, aad, text)
    assert (salt, sealed) == channel.encrypt(key, aad, text)
    assert len(salt) == 32 and len(sealed) == len(text) + 16
    assert channel.decrypt(key, aad, salt, sealed) == text


def unopened(key: bytes, aad: bytes, salt: bytes, sealed: bytes) -> None:
    with pytest.raises(FrameError) as caught:
        channel.decrypt(key, aad, salt, sealed)
    assert str(caught.value) == "the event cannot be opened"
    assert caught.value.__context__ is None or caught.value.__suppress_context__


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["key", "aad", "salt", "sealed"]), st.integers(0, 1 << 12))
def test_every_bit_counts(part: str, bit: int) -> None:
    parts = {"key": KEY, "aad": AAD, "salt": SALT, "sealed": SEALED}
    unopened(**{**parts, part: flipped(parts[part], bit)})


@pytest.mark.parametrize("size", [0, 1, 15, 16, 31])
def test_a_cut_is_refused(size: int) -> None:
    unopened(KEY, AAD, SALT, SEALED[:size])
    unopened(KEY, AAD, SALT[:size], SEALED)
    unopened(KEY, AAD, SALT, SEALED[: -size - 1])


def test_the_salt_is_that_of_the_content() -> None:
    salt = bytes(32)
    message_key, nonce = message_key_of(salt)
    unopened(KEY, AAD, salt, b"".join(gmssl_pyx.sm4_gcm_encrypt(message_key, nonce, AAD, TEXT)))


def refused(recipient: Identity, wrapped: bytes, info: bytes = ABOUT) -> None:
    with pytest.raises(FrameError) as caught:
        channel.unwrap(recipient, BANK.public, wrapped, info)
    assert str(caught.value) == "the event cannot be opened"
    assert caught.value.__cause__ is None


def test_wraps_have_one_size_and_open_for_their_recipient_alone() -> None:
    wraps = {channel.wrap(BANK, SHOP.public, KEY, ABOUT) for _ in range(300)}  # DER would vary in length
    assert len(wraps) == 300 and {len(wrapped) for wrapped in wraps} == {channel.wrap_bytes} == {161}
    assert all(channel.unwrap(SHOP, BANK.public, wrapped, ABOUT) == KEY for wrapped in list(wraps)[:10])
    refused(MALLORY, WRAPPED)
    refused(BANK, WRAPPED)


def test_a_wrap_is_bound_to_what_it_is_about() -> None:
    """SM2 encryption takes no info, so that a copied wrap would open anywhere, did it not carry its digest."""
    refused(SHOP, WRAPPED, ABOUT + b"0")
    refused(SHOP, channel.wrap(BANK, SHOP.public, KEY, b"collaboration, mallory to shop, epoch 1"))
    refused(SHOP, sm2.encrypt(SHOP.public.encryption, KEY))
    refused(SHOP, sm2.encrypt(SHOP.public.encryption, KEY + sm3(ABOUT) + b"\0"))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 8 * channel.wrap_bytes - 1))
def test_every_bit_of_a_wrap_counts(bit: int) -> None:
    refused(SHOP, flipped(WRAPPED, bit))


@pytest.mark.parametrize("size", [0, 1, 64, 65, 96, 97, 98, 160])
def test_a_wrap_cut_or_lengthened_is_refused(size: int) -> None:
    refused(SHOP, WRAPPED[:size])
    refused(SHOP, WRAPPED + bytes(size + 1))


@given(st.integers(1, 5), st.binary(min_size=16, max_size=100))
def test_container(recipients: int, sealed: bytes) -> None:
    wraps = [bytes([i]) * channel.wrap_bytes for i in range(recipients)]
    assert channel.unpack(channel.pack(wraps, sealed), recipients) == (wraps, sealed)
    with pytest.raises(FrameError, match=r"^the event cannot be opened$"):
        channel.unpack(bytes(recipients * channel.wrap_bytes + 15), recipients)
