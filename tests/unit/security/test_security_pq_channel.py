"""Wraps of the profile pq: HPKE with X-Wing, against both specifications, and against what others may hand over."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from hypothesis import given, settings
from hypothesis import strategies as st

from accord_agents.security.channels.registry import channel_of
from accord_agents.security.identity import Identity
from accord_schemas.errors import FrameError
from accord_schemas.suites import DEFAULT, SM, Profile

VECTOR = {
    name: bytes.fromhex(value)
    for name, value in json.loads(Path(__file__).with_name("pq_vectors.json").read_text())["hpke"].items()
    if name != "source"
}
channel = channel_of("pq")
BANK, SHOP, MALLORY = (Identity(n, hashlib.sha512(n.encode()).digest(), "pq") for n in ("bank", "shop", "mallory"))
KEY, ABOUT = bytes(range(32)), b"collaboration, bank to shop, epoch 1"
WRAPPED = channel.wrap(BANK, SHOP.public, KEY, ABOUT)
AES_256, CHACHA = 2, 3


def decapsulated(seed: bytes, enc: bytes) -> bytes:
    """draft-connolly-cfrg-xwing-kem, section 5.4: SHA3-256 over both secrets, X25519's ciphertext, its key, a label."""
    expanded = hashlib.shake_256(seed).digest(96)
    ml_kem = MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
    x25519 = X25519PrivateKey.from_private_bytes(expanded[64:])
    secrets = ml_kem.decapsulate(enc[:1088]) + x25519.exchange(X25519PublicKey.from_public_bytes(enc[1088:]))
    text = secrets + enc[1088:] + x25519.public_key().public_bytes_raw() + bytes.fromhex("5c2e2f2f5e5c")
    return hashlib.sha3_256(text).digest()


def schedule(shared: bytes, info: bytes, aead: int) -> tuple[bytes, bytes]:
    """RFC 9180, section 5.1, base mode with HKDF-SHA256: key and base nonce."""
    suite = b"HPKE" + bytes.fromhex("647a0001") + aead.to_bytes(2, "big")

    def extract(salt: bytes, label: bytes, data: bytes) -> bytes:
        return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + data, "sha256")

    def expand(secret: bytes, label: bytes, context: bytes, size: int) -> bytes:
        text = size.to_bytes(2, "big") + b"HPKE-v1" + suite + label + context
        return hmac.digest(secret, text + b"\x01", "sha256")[:size]

    context = b"\0" + extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", info)
    secret = extract(shared, b"secret", b"")
    return expand(secret, b"key", context, 32), expand(secret, b"base_nonce", context, 12)


def test_published_vector() -> None:
    """draft-ietf-hpke-pq: what this file does by itself is what the working group does."""
    shared = decapsulated(VECTOR["skRm"], VECTOR["enc"])
    key, nonce = schedule(shared, VECTOR["info"], CHACHA)
    assert (shared, key, nonce) == (VECTOR["shared_secret"], VECTOR["key"], VECTOR["base_nonce"])
    assert ChaCha20Poly1305(key).decrypt(VECTOR["nonce"], VECTOR["ct"], VECTOR["aad"]) == VECTOR["pt"]


def test_the_wire_format_by_the_specifications() -> None:
    key, nonce = schedule(decapsulated(SHOP.encryption_secret, WRAPPED[:1120]), ABOUT, AES_256)
    assert AESGCM(key).decrypt(nonce, WRAPPED[1120:], b"") == KEY


def test_contents_are_encrypted_as_in_the_default_profile() -> None:
    default = channel_of("default")
    assert channel.encrypt(KEY, b"about", b"shares") == default.encrypt(KEY, b"about", b"shares")
    assert channel.derive(KEY, b"accord channel", b"bank") == default.derive(KEY, b"accord channel", b"bank")


def refused(recipient: Identity, wrapped: bytes, info: bytes = ABOUT) -> None:
    with pytest.raises(FrameError) as caught:
        channel.unwrap(recipient, BANK.public, wrapped, info)
    assert str(caught.value) == "the event cannot be opened"
    assert caught.value.__cause__ is None


def test_wraps_have_one_size_and_open_for_their_recipient_alone() -> None:
    wraps = {channel.wrap(BANK, SHOP.public, KEY, ABOUT) for _ in range(20)}
    assert len(wraps) == 20 and {len(wrapped) for wrapped in wraps} == {channel.wrap_bytes} == {1168}
    assert all(channel.unwrap(SHOP, BANK.public, wrapped, ABOUT) == KEY for wrapped in wraps)
    refused(MALLORY, WRAPPED)
    refused(BANK, WRAPPED)


def test_a_wrap_is_bound_to_what_it_is_about() -> None:
    """Base mode names no sender: `info` does, so that a wrap copied out of another's frame does not open."""
    refused(SHOP, WRAPPED, ABOUT + b"0")
    refused(SHOP, channel.wrap(BANK, SHOP.public, KEY, b"collaboration, mallory to shop, epoch 1"))


@pytest.mark.parametrize("other", [DEFAULT, SM])
def test_a_wrap_of_another_profile_is_refused(other: Profile) -> None:
    bank, shop = (Identity(n, hashlib.sha512(n.encode()).digest(), other) for n in ("bank", "shop"))
    foreign = channel_of(other).wrap(bank, shop.public, KEY, ABOUT)
    refused(SHOP, foreign)
    refused(SHOP, foreign.ljust(channel.wrap_bytes, b"\0"))
    with pytest.raises(FrameError, match=r"^the event cannot be opened$"):
        channel_of(other).unwrap(shop, bank.public, WRAPPED, ABOUT)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 8 * channel.wrap_bytes - 1))
def test_every_bit_of_a_wrap_counts(bit: int) -> None:
    changed = bytearray(WRAPPED)
    changed[bit // 8] ^= 1 << bit % 8
    refused(SHOP, bytes(changed))


def test_the_highest_bit_of_a_point_counts() -> None:
    """X25519 passes over it, X-Wing does not."""
    refused(SHOP, WRAPPED[:1119] + bytes([WRAPPED[1119] ^ 0x80]) + WRAPPED[1120:])


def test_an_encapsulation_of_small_order_is_refused() -> None:
    refused(SHOP, WRAPPED[:1088] + bytes(32) + WRAPPED[1120:])


@pytest.mark.parametrize("size", [0, 1, 1087, 1088, 1119, 1120, 1136, 1167])
def test_a_wrap_cut_or_lengthened_is_refused(size: int) -> None:
    refused(SHOP, WRAPPED[:size])
    refused(SHOP, WRAPPED + bytes(size + 1))


@given(st.integers(1, 5), st.binary(min_size=16, max_size=100))
def test_container(recipients: int, body: bytes) -> None:
    wraps = [bytes([i]) * channel.wrap_bytes for i in range(recipients)]
    assert channel.unpack(channel.pack(wraps, body), recipients) == (wraps, body)
    with pytest.raises(FrameError, match=r"^the event cannot be opened$"):
        channel.unpack(bytes(recipients * channel.wrap_bytes + 15), recipients)
