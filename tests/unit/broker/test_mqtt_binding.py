"""Frames as CloudEvents on MQTT 5: byte for byte, and what is not one is refused by name."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from tests.unit.schemas.strategies import EVENT, SUITE, frame

from accord_broker.mqtt.binding import from_message, to_message, trace
from accord_broker.mqtt.connection import PROPERTIES
from accord_broker.port import Record
from accord_broker.wire.attributes import OPAQUE
from accord_schemas.errors import FrameError
from accord_schemas.events import Accept, Event
from accord_schemas.frame import MAX_SIGNATURE, Frame
from accord_schemas.header import MAX_HEADER

TRACE = f"00-{'4b' * 16}-{'0f' * 8}-01"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def some() -> Frame:
    return frame(Accept(commitment="0" * 64))


def made(pairs: list[tuple[str, str]], content_type: str | None) -> Any:
    properties: Any = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    if pairs:
        properties.UserProperty = pairs
    if content_type is not None:
        properties.ContentType = content_type
    return properties


def sent_as(data: bytes) -> tuple[bytes, Any]:
    return to_message(Record("control", "ab" * 16, data))


def over_the_wire(properties: Any) -> Any:
    read: Any = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    read.unpack(properties.pack())
    return read


@given(event=EVENT, suite=SUITE)
def test_every_frame_survives_byte_for_byte(event: Event, suite: str) -> None:
    sent = frame(event, suite=suite)
    payload, properties = sent_as(sent.encode())
    assert payload == sent.payload
    assert from_message(payload, over_the_wire(properties)) == sent.encode()


def test_the_longest_signature_fits_into_what_is_counted_for_properties() -> None:
    """A user property has at most 65,535 bytes; what a packet needs besides topic and payload is counted beforehand."""
    sent = dataclasses.replace(some(), signature=bytes(MAX_SIGNATURE))
    payload, properties = sent_as(sent.encode())
    assert from_message(payload, over_the_wire(properties)) == sent.encode()
    beside = len(properties.pack()) - len(sent.head)
    assert beside < PROPERTIES - MAX_HEADER


def test_attributes_are_properties_one_to_one() -> None:
    sent = some()
    _, properties = sent_as(sent.encode())
    read = over_the_wire(properties)
    attributes = sent.header.attributes()
    assert read.ContentType == attributes.pop("datacontenttype") == "application/json"
    signature = dict(read.UserProperty)["signature"]
    assert read.UserProperty == [*attributes.items(), ("signature", signature)]
    assert {"specversion", "type", "source", "id", "subject", "time"} < set(attributes)


@pytest.mark.parametrize("data", [some().encode(), b"other"])
def test_a_trace_travels_beside_the_frame(data: bytes) -> None:
    payload, properties = to_message(Record("control", "ab" * 16, data, TRACE))
    read = over_the_wire(properties)
    assert ("traceparent", TRACE) in read.UserProperty
    assert (from_message(payload, read), trace(read)) == (data, TRACE)


@pytest.mark.parametrize("values", [[""], ["é"], ["00-1"], [TRACE.upper()], [TRACE, TRACE]])
def test_a_malformed_or_repeated_trace_is_dropped_and_nothing_else(values: list[str]) -> None:
    payload, properties = sent_as(some().encode())
    properties.UserProperty = [("traceparent", value) for value in values]
    assert (from_message(payload, properties), trace(properties)) == (some().encode(), "")


@given(data=st.binary(max_size=100))
def test_what_is_no_frame_travels_as_it_is(data: bytes) -> None:
    payload, properties = sent_as(data)
    assert (payload, properties.ContentType) == (data, OPAQUE)
    assert from_message(payload, over_the_wire(properties)) == data


def test_a_trace_beside_the_event_is_no_part_of_the_frame() -> None:
    payload, properties = sent_as(some().encode())
    beside = [("traceparent", "00-1"), *properties.UserProperty, ("tracestate", "x=1"), ("traceparent", "")]
    assert from_message(payload, over_the_wire(made(beside, properties.ContentType))) == some().encode()
    opaque = over_the_wire(made([("traceparent", "00-1")], OPAQUE))
    assert from_message(b"no frame", opaque) == b"no frame"


def damaged() -> list[tuple[str, list[tuple[str, str]], str | None]]:
    """Each way to spoil a message, with what the reason must name."""
    _, properties = sent_as(some().encode())
    pairs, kind = list(properties.UserProperty), properties.ContentType
    ways: list[tuple[str, list[tuple[str, str]], str | None]] = []
    for name, value in pairs:
        others = [pair for pair in pairs if pair[0] != name]
        if name not in ("recipients", "watermarks"):
            ways.append((name, others, kind))
        ways.append((f"{name} (repeated)", [*pairs, (name, value)], kind))
        ways.append((name, [*others, (name, value + "=")], kind))
    ways.append(("datacontenttype", pairs, None))
    ways.append(("datacontenttype (repeated)", [*pairs, ("datacontenttype", kind)], kind))
    ways.append(("ce_type", [*pairs, ("ce_type", "x")], kind))
    ways.append(("datacontenttype", [], None))
    return ways


@pytest.mark.parametrize(("named", "pairs", "kind"), damaged())
def test_a_missing_repeated_changed_or_unknown_property_is_named(
    named: str, pairs: list[tuple[str, str]], kind: str | None
) -> None:
    with pytest.raises(FrameError) as caught:
        Frame.decode(from_message(some().payload, made(pairs, kind)))
    assert named in str(caught.value)


@given(
    pairs=st.lists(st.tuples(st.sampled_from(["type", "id", "signature", "time", "", "x"]) | TEXT, TEXT), max_size=6),
    kind=st.none() | TEXT | st.just("application/json"),
    payload=st.binary(max_size=50),
)
def test_any_message_is_handed_over_and_refused(pairs: list[tuple[str, str]], kind: str | None, payload: bytes) -> None:
    with pytest.raises(FrameError):
        Frame.decode(from_message(payload, made(pairs, kind)))
    with pytest.raises(FrameError):
        Frame.decode(from_message(payload, None))
