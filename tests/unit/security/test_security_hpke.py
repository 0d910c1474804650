"""Wraps of channel keys against RFC 9180, by an implementation of its auth mode written from the text of the RFC."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from Crypto.Protocol import DH, HPKE
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from accord_agents.security.channels.registry import channel_of
from accord_agents.security.identity import Identity, PublicIdentity
from accord_schemas.errors import FrameError

channel = channel_of("default")
AES_128, AES_256 = 1, 2
INFO = bytes.fromhex("4f6465206f6e2061204772656369616e2055726e")
TEXT = bytes.fromhex("4265617574792069732074727574682c20747275746820626561757479")
AAD = b"Count-0"
# RFC 9180, A.1.1 (base) and A.1.3 (auth): DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM, sequence number 0
BASE = {
    "ephemeral": "52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736",
    "recipient": "4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8",
    "enc": "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431",
    "sealed": "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a",
}
AUTH = {
    "ephemeral": "ff4442ef24fbc3c1ff86375b0be1e77e88a0de1e79b30896d73411c5ff4c3518",
    "recipient": "fdea67cf831f1ca98d8e27b1f6abeb5b7745e9d35348b80fa407ff6958f9137e",
    "sender": "dc4a146313cce60a278a5323d321f051c5707e9c45ba21a3479fecdf76fc69dd",
    "enc": "23fb952571a14a25e3d678140cd0e5eb47a0961bb18afcf85896e5453c312e76",
    "sealed": "5fd92cc9d46dbf8943e72a07e42f363ed5f721212cd90bcfd072bfd9f44e06b80fd17824947496e21b680c141b",
}
BANK, SHOP, MALLORY = (Identity(name, hashlib.sha512(name.encode()).digest()) for name in ("bank", "shop", "mallory"))
KEY, ABOUT = bytes(range(32)), b"collaboration, bank to shop, epoch 1"


def extract(suite: bytes, salt: bytes, label: bytes, data: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + data, "sha256")


def expand(suite: bytes, key: bytes, label: bytes, info: bytes, size: int) -> bytes:
    text = size.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    return hmac.digest(key, text + b"\x01", "sha256")[:size]


def cipher(dh: bytes, context: bytes, mode: int, info: bytes, aead: int) -> tuple[AESGCM, bytes]:
    """RFC 9180, sections 4.1 and 5.1: the AEAD and its base nonce."""
    kem, suite = b"KEM\x00\x20", b"HPKE\x00\x20\x00\x01" + aead.to_bytes(2, "big")
    shared = expand(kem, extract(kem, b"", b"eae_prk", dh), b"shared_secret", context, 32)
    schedule = bytes([mode]) + extract(suite, b"", b"psk_id_hash", b"") + extract(suite, b"", b"info_hash", info)
    secret = extract(suite, shared, b"secret", b"")
    key = expand(suite, secret, b"key", schedule, 16 if aead == AES_128 else 32)
    return AESGCM(key), expand(suite, secret, b"base_nonce", schedule, 12)


def public(secret: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


def agree(secret: bytes, point: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(secret).exchange(X25519PublicKey.from_public_bytes(point))


def rfc_seal(
    ephemeral: bytes, recipient: bytes, sender: bytes, info: bytes, aead: int, aad: bytes, text: bytes
) -> bytes:
    enc, dh = public(ephemeral), agree(ephemeral, recipient)
    context = enc + recipient
    if sender:
        dh, context = dh + agree(sender, recipient), context + public(sender)
    box, nonce = cipher(dh, context, 2 if sender else 0, info, aead)
    return enc + box.encrypt(nonce, text, aad)


def rfc_open(wrapped: bytes, recipient: bytes, sender: bytes, info: bytes, aead: int, aad: bytes) -> bytes:
    enc, dh = wrapped[:32], agree(recipient, wrapped[:32]) + agree(recipient, sender)
    box, nonce = cipher(dh, enc + public(recipient) + sender, 2, info, aead)
    return box.decrypt(nonce, wrapped[32:], aad)


@pytest.mark.parametrize("vector", [BASE, AUTH], ids=["A.1.1", "A.1.3"])
def test_published_vectors(vector: dict[str, str]) -> None:
    value = {name: bytes.fromhex(text) for name, text in vector.items()}
    sender, wrapped = value.get("sender", b""), value["enc"] + value["sealed"]
    made = rfc_seal(value["ephemeral"], public(value["recipient"]), sender, INFO, AES_128, AAD, TEXT)
    assert made == wrapped
    own = DH.import_x25519_private_key(value["recipient"])
    other = DH.import_x25519_public_key(public(sender)) if sender else None
    box = HPKE.new(receiver_key=own, aead_id=HPKE.AEAD.AES128_GCM, enc=value["enc"], sender_key=other, info=INFO)
    assert box.unseal(value["sealed"], AAD) == TEXT


def test_a_wrap_is_what_the_rfc_says() -> None:
    wrapped = channel.wrap(BANK, SHOP.public, KEY, ABOUT)
    assert len(wrapped) == channel.wrap_bytes == 80
    assert rfc_open(wrapped, SHOP.encryption_secret, BANK.public.encryption, ABOUT, AES_256, b"") == KEY
    foreign = rfc_seal(bytes(31) + b"\x07", SHOP.public.encryption, BANK.encryption_secret, ABOUT, AES_256, b"", KEY)
    assert channel.unwrap(SHOP, BANK.public, foreign, ABOUT) == KEY


def test_wraps_of_one_key_do_not_resemble_each_other() -> None:
    one, two = (channel.wrap(BANK, SHOP.public, KEY, ABOUT) for _ in range(2))
    assert one[:32] != two[:32] and one[32:] != two[32:]
    assert channel.unwrap(SHOP, BANK.public, one, ABOUT) == channel.unwrap(SHOP, BANK.public, two, ABOUT) == KEY


def refused(recipient: Identity, sender: PublicIdentity, wrapped: bytes, info: bytes = ABOUT) -> None:
    with pytest.raises(FrameError) as caught:
        channel.unwrap(recipient, sender, wrapped, info)
    assert str(caught.value) == "the event cannot be opened"
    assert caught.value.__cause__ is None and caught.value.__suppress_context__


def test_only_the_recipient_and_only_from_the_sender() -> None:
    wrapped = channel.wrap(BANK, SHOP.public, KEY, ABOUT)
    refused(MALLORY, BANK.public, wrapped)
    refused(BANK, BANK.public, wrapped)
    refused(SHOP, MALLORY.public, wrapped)
    refused(SHOP, BANK.public, wrapped, ABOUT + b"0")
    refused(SHOP, BANK.public, channel.wrap(MALLORY, SHOP.public, KEY, ABOUT))


def test_a_wrap_that_names_no_sender_is_refused() -> None:
    refused(SHOP, BANK.public, rfc_seal(bytes(31) + b"\x07", SHOP.public.encryption, b"", ABOUT, AES_256, b"", KEY))


WRAPPED = channel.wrap(BANK, SHOP.public, KEY, ABOUT)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 8 * channel.wrap_bytes - 1))
def test_every_bit_of_a_wrap_counts(bit: int) -> None:
    changed = bytearray(WRAPPED)
    changed[bit // 8] ^= 1 << bit % 8
    refused(SHOP, BANK.public, bytes(changed))


@pytest.mark.parametrize("size", [0, 31, 32, 47, 79])
def test_a_cut_is_refused(size: int) -> None:
    refused(SHOP, BANK.public, WRAPPED[:size])


def test_left_over_bytes_or_a_weak_point_are_refused() -> None:
    refused(SHOP, BANK.public, WRAPPED + b"\x00")
    refused(SHOP, BANK.public, bytes(80))
