"""A stranger's reader, the `cloudevents` package, takes every record for the CloudEvent that it is."""

from __future__ import annotations

import json

import pytest
from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event
from hypothesis import given
from tests.unit.published.conftest import Said
from tests.unit.schemas.strategies import EVENT, frame

from accord_broker.kafka.binding import from_message, to_message
from accord_broker.port import QUARANTINE, Record
from accord_broker.wire.attributes import taken_apart
from accord_schemas.errors import FrameError
from accord_schemas.events import JSON, Event
from accord_schemas.frame import Frame
from accord_schemas.quarantine import TYPE, Quarantined

OF_ITS_OWN = {"type", "source", "id", "subject", "specversion", "time", "datacontenttype"}


def read(sent: Frame) -> BaseCloudEvent:
    header = sent.header
    value, headers = to_message(Record(header.event_class.family, header.subject, sent.encode()))
    beside = {"traceparent": b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    return from_binary_event(KafkaMessage({**dict(headers), **beside}, header.subject.encode(), value))


def compare(sent: Frame) -> None:
    event, header = read(sent), sent.header
    assert event.get_specversion() == "1.0"
    assert (event.get_type(), event.get_source(), event.get_id()) == (header.type, header.source, header.id)
    assert (event.get_subject(), event.get_datacontenttype()) == (header.subject, header.datacontenttype)
    time = event.get_time()
    assert time is not None
    assert f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03}Z" == header.time
    others = {name: value for name, value in taken_apart(sent).items() if name not in OF_ITS_OWN}
    assert {name: event.get_extension(name) for name in others} == others
    assert event.get_extension("traceparent") is None
    data = event.get_data()
    if header.event_class.family in JSON:
        assert data == json.loads(sent.payload)
    else:  # its JSON format makes text of what happens to be UTF-8
        assert (data.encode() if isinstance(data, str) else data) == sent.payload


@given(EVENT)
def test_every_type_of_event(event: Event) -> None:
    compare(frame(event))


def test_what_was_refused() -> None:
    told = Quarantined(
        time="2026-01-01T00:00:00.000Z", party="shop", source="bank", reason="x", digest="ab" * 32, size=3
    )
    value, headers = to_message(Record(QUARANTINE, "cd" * 16, told.encode()))
    event = from_binary_event(KafkaMessage(dict(headers), b"cd" * 16, value))
    assert (event.get_specversion(), event.get_type(), event.get_source()) == ("1.0", TYPE, "shop")
    assert (event.get_id(), event.get_subject(), event.get_datacontenttype()) == (
        told.digest,
        "cd" * 16,
        "application/json",
    )
    assert event.get_data() == told.model_dump()
    with pytest.raises(FrameError):  # whatever topic it is put on
        Frame.decode(from_message(value, headers))


def test_a_played_collaboration(said: Said) -> None:
    for _, sent in said:
        compare(sent)
