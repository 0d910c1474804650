"""The recipe of docs/contract.md: a stranger checks a Kafka record's signature with a hash and Ed25519 alone."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event, to_binary_event
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from tests.unit.published.conftest import Said

from accord_broker.kafka.binding import Headers, to_message
from accord_broker.port import Record
from accord_schemas.events import Propose


def prefixed(*parts: bytes) -> bytes:
    """Each part behind its length in 8 bytes, big-endian."""
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def check(headers: Headers, value: bytes, key: bytes) -> None:
    """As the document says it.

    Raises:
        InvalidSignature: Header or value are not what the sender said.
    """
    attributes = {name.removeprefix("ce_"): raw.decode() for name, raw in headers if name.startswith("ce_")}
    attributes["datacontenttype"] = dict(headers)["content-type"].decode()
    text = attributes.pop("signature")
    signature = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    header = json.dumps(attributes, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    signed = hashlib.sha256(prefixed(b"accord frame", header)).digest()
    Ed25519PublicKey.from_public_bytes(key).verify(signature, signed)
    if hashlib.sha256(value).hexdigest() != attributes["payloadhash"]:
        raise InvalidSignature


def records(said: Said) -> list[tuple[bytes, Headers, bytes]]:
    """Value, headers and public key of each record."""
    proposal = next(frame for _, frame in said if frame.header.event_class is Propose)
    keys = {p: bytes.fromhex(of["signing"]) for p, of in json.loads(proposal.payload)["identities"].items()}
    return [(*to_message(Record(family, f.header.subject, f.encode())), keys[f.header.source]) for family, f in said]


def test_every_record_passes(said: Said) -> None:
    for value, headers, key in records(said):
        check(headers, value, key)


def test_a_changed_one_does_not(said: Said) -> None:
    value, headers, key = records(said)[0]
    with pytest.raises(InvalidSignature):
        check(headers, value + b" ", key)
    with pytest.raises(InvalidSignature):
        check([(name, raw + b"1" if name == "ce_id" else raw) for name, raw in headers], value, key)


def test_what_an_sdk_wrote_again_does_not(said: Said) -> None:
    """It parses `time` and renders it in another form: the raw text of the headers is what was signed."""
    value, headers, key = records(said)[0]
    again = to_binary_event(from_binary_event(KafkaMessage(dict(headers), b"", value)))
    assert again.headers["ce_time"] != dict(headers)["ce_time"]
    with pytest.raises(InvalidSignature):
        check(list(again.headers.items()), value, key)
