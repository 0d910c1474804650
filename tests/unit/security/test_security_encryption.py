"""WitnessWait of payloads, their container, and the encryption of the own journal rows."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from Crypto.Cipher import AES
from hypothesis import given, settings
from hypothesis import strategies as st

from accord_agents.security.channels.registry import channel_of
from accord_agents.security.identity import Identity
from accord_agents.security.storage import StorageCipher
from accord_schemas.errors import FrameError, TamperError

channel = channel_of("default")
KEY, AAD, TEXT = bytes(range(32)), b"bank to shop, chunk 1/2", b"shares of a residual"
SALT, SEALED = channel.encrypt(KEY, AAD, TEXT)
CHUNK = 512 * 1024


def flipped(data: bytes, bit: int) -> bytes:
    at = bit % (8 * len(data))
    changed = bytearray(data)
    changed[at // 8] ^= 1 << at % 8
    return bytes(changed)


def prefixed(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def refused(key: bytes, aad: bytes, salt: bytes, sealed: bytes) -> None:
    with pytest.raises(FrameError) as caught:
        channel.decrypt(key, aad, salt, sealed)
    assert str(caught.value) == "the event cannot be opened"
    assert caught.value.__context__ is None or caught.value.__suppress_context__


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=80), st.binary(max_size=300))
def test_what_was_sealed_opens_and_is_the_same_each_time(key: bytes, aad: bytes, text: bytes) -> None:
    salt, sealed = channel.encrypt(key, aad, text)
    assert (salt, sealed) == channel.encrypt(key, aad, text)
    assert len(salt) == 32 and len(sealed) == len(text) + 16
    assert channel.decrypt(key, aad, salt, sealed) == text


def test_the_wire_format_by_another_library() -> None:
    mac_key = hashlib.sha256(prefixed(b"accord mac", KEY)).digest()
    salt = hmac.digest(mac_key, prefixed(AAD) + TEXT, "sha256")
    key, nonce = (hashlib.sha256(prefixed(b"accord " + use, KEY, salt)).digest() for use in (b"encrypt", b"nonce"))
    box = AES.new(key, AES.MODE_GCM, nonce=nonce[:12])
    box.update(AAD)
    assert (salt, b"".join(box.encrypt_and_digest(TEXT))) == (SALT, SEALED)


def test_a_chunk_of_the_default_size() -> None:
    text = hashlib.shake_256(b"chunk").digest(CHUNK)
    salt, sealed = channel.encrypt(KEY, AAD, text)
    assert channel.decrypt(KEY, AAD, salt, sealed) == text
    refused(KEY, AAD, salt, flipped(sealed, 8 * CHUNK - 1))


@settings(max_examples=300)
@given(st.sampled_from(["key", "aad", "salt", "sealed"]), st.integers(0, 1 << 12))
def test_every_bit_counts(part: str, bit: int) -> None:
    parts = {"key": KEY, "aad": AAD, "salt": SALT, "sealed": SEALED}
    refused(**{**parts, part: flipped(parts[part], bit)})


@pytest.mark.parametrize("size", [0, 1, 15, 16, 31])
def test_a_cut_is_refused(size: int) -> None:
    refused(KEY, AAD, SALT, SEALED[:size])
    refused(KEY, AAD, SALT[:size], SEALED)
    refused(KEY, AAD, SALT, SEALED[: -size - 1])


def test_the_salt_is_that_of_the_content() -> None:
    """A sender that chose its salt freely could repeat a message key; the recipient notices."""
    salt = bytes(32)
    key, nonce = (hashlib.sha256(prefixed(b"accord " + use, KEY, salt)).digest() for use in (b"encrypt", b"nonce"))
    box = AES.new(key, AES.MODE_GCM, nonce=nonce[:12])
    box.update(AAD)
    refused(KEY, AAD, salt, b"".join(box.encrypt_and_digest(TEXT)))


@given(st.binary(min_size=1, max_size=20), st.integers(0, 20))
def test_the_border_of_aad_and_text_counts(data: bytes, at: int) -> None:
    salts = {channel.encrypt(KEY, data[:i], data[i:])[0] for i in range(len(data) + 1)}
    assert len(salts) == len(data) + 1


@given(st.integers(1, 5), st.binary(min_size=16, max_size=100))
def test_container(recipients: int, sealed: bytes) -> None:
    wraps = [bytes([i]) * channel.wrap_bytes for i in range(recipients)]
    payload = channel.pack(wraps, sealed)
    assert channel.unpack(payload, recipients) == (wraps, sealed)
    assert channel.pack(*channel.unpack(payload, recipients)) == payload


@pytest.mark.parametrize(("size", "recipients"), [(0, 1), (95, 1), (96, 0), (96, -1), (175, 2), (96, 1 << 40)])
def test_a_container_too_short_is_refused(size: int, recipients: int) -> None:
    with pytest.raises(FrameError, match=r"^the event cannot be opened$"):
        channel.unpack(bytes(size), recipients)


def test_swapped_wraps_open_for_nobody() -> None:
    bank, lab, shop = (Identity(name, hashlib.sha512(name.encode()).digest()) for name in ("bank", "lab", "shop"))
    payload = channel.pack([channel.wrap(bank, p.public, KEY, b"info") for p in (shop, lab)], SEALED)
    for me, wrapped in zip((lab, shop), channel.unpack(payload, 2)[0], strict=True):
        with pytest.raises(FrameError):
            channel.unwrap(me, bank.public, wrapped, b"info")


@given(st.binary(max_size=100), st.binary(max_size=30))
def test_storage_round_trip(body: bytes, aad: bytes) -> None:
    cipher = StorageCipher(KEY)
    sealed = cipher.encrypt(body, aad)
    assert cipher.decrypt(sealed, aad) == body
    assert cipher.encrypt(body, aad) != sealed
    assert repr(cipher) == "StorageCipher(<secret>)"


STORED = StorageCipher(KEY).encrypt(TEXT, AAD)


@given(st.integers(0, 8 * len(STORED) - 1))
def test_every_bit_of_a_stored_row_counts(bit: int) -> None:
    with pytest.raises(TamperError) as caught:
        StorageCipher(KEY).decrypt(flipped(STORED, bit), AAD)
    assert TEXT.decode() not in str(caught.value)


def test_a_stored_row_belongs_to_its_place_and_key() -> None:
    elsewhere, foreign = (KEY, AAD + b"2", STORED), (flipped(KEY, 0), AAD, STORED)
    for key, aad, sealed in [elsewhere, foreign, (KEY, AAD, STORED[:11]), (KEY, AAD, b"")]:
        with pytest.raises(TamperError):
            StorageCipher(key).decrypt(sealed, aad)
