"""Frames as CloudEvents in Kafka records."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.schemas.strategies import EVENT, SUITE, frame

from accord_broker.kafka.binding import UNREADABLE, Headers, from_message, to_message, trace
from accord_broker.port import Record
from accord_broker.wire.attributes import OPAQUE
from accord_schemas.errors import FrameError
from accord_schemas.events import Accept, Event
from accord_schemas.frame import Frame

JOB = "0123456789abcdef"
TRACE = f"00-{'4b' * 16}-{'0f' * 8}-01"
FRAME = frame(Accept(commitment="0" * 64))
VALUE, HEADERS = to_message(Record("control", JOB, FRAME.encode()))


@given(event=EVENT, suite=SUITE)
def test_every_frame_survives_byte_for_byte(event: Event, suite: str) -> None:
    sent = frame(event, suite=suite)
    value, headers = to_message(Record("control", JOB, sent.encode()))
    assert value == sent.payload
    assert from_message(value, headers) == sent.encode()


@given(st.binary(max_size=200))
def test_other_bytes_travel_as_they_are(data: bytes) -> None:
    value, headers = to_message(Record("control", JOB, data))
    assert (value, headers) == (data, [("content-type", OPAQUE.encode())])
    assert from_message(value, headers) == data


def test_a_record_is_a_cloud_event_in_binary_mode() -> None:
    headers = dict(HEADERS)
    assert len(headers) == len(HEADERS)
    assert headers["ce_specversion"] == b"1.0"
    kind = headers.pop("content-type").decode()
    assert {n for n in headers if not n.startswith("ce_")} == set()
    attributes = {n.removeprefix("ce_"): v.decode() for n, v in headers.items() if n != "ce_signature"}
    assert {**attributes, "datacontenttype": kind} == FRAME.header.attributes()
    assert FRAME.payload == VALUE


def test_headers_of_others_are_no_part_of_the_frame() -> None:
    assert from_message(VALUE, [("traceparent", b"00-1"), *reversed(HEADERS), ("kafka_x", None)]) == FRAME.encode()


def test_a_trace_travels_beside_the_frame() -> None:
    for data in (FRAME.encode(), b"other"):
        value, headers = to_message(Record("control", JOB, data, TRACE))
        assert headers[-1] == ("traceparent", TRACE.encode())
        assert (from_message(value, headers), trace(headers)) == (data, TRACE)


@pytest.mark.parametrize("value", [None, b"", b"\xff", b"00-1", TRACE.upper().encode(), TRACE.encode() + b"-1"])
def test_a_malformed_trace_is_dropped_and_nothing_else(value: bytes | None) -> None:
    headers = [("traceparent", value), *HEADERS]
    assert (from_message(VALUE, headers), trace(headers)) == (FRAME.encode(), "")


def test_of_two_traces_none_counts() -> None:
    assert trace([("traceparent", TRACE.encode())] * 2) == ""


def altered(name: str, value: bytes | None) -> list[tuple[str, bytes | None]]:
    return [(n, value if n == name else v) for n, v in HEADERS]


BAD: dict[str, tuple[bytes | None, list[tuple[str, bytes | None]] | Headers]] = {
    "source is missing": (VALUE, [h for h in HEADERS if h[0] != "ce_source"]),
    "datacontenttype is missing": (VALUE, [h for h in HEADERS if h[0] != "content-type"]),
    "signature .missing or malformed": (VALUE, [h for h in HEADERS if h[0] != "ce_signature"]),
    "signature .missing or malformed.": (VALUE, altered("ce_signature", dict(HEADERS)["ce_signature"] + b"=")),
    "subject .repeated": (VALUE, [*HEADERS, ("ce_subject", b"x")]),
    "datacontenttype .repeated": (VALUE, [*HEADERS, ("content-type", b"application/json")]),
    "'' is not known": (VALUE, [*HEADERS, ("ce_", b"")]),
    "colour": (VALUE, [*HEADERS, ("ce_colour", b"red")]),
    "time .null": (VALUE, altered("ce_time", None)),
    "time .not UTF-8 text": (VALUE, altered("ce_time", b"\xff")),
    "value .null": (None, HEADERS),
    "payload is not the one": (b"other", HEADERS),
    "datacontenttype is malformed|signature": (b"x", [("content-type", b"text/plain")]),
    "not known|missing|malformed": (b"", []),
    "datacontenttype": (None, [("content-type", OPAQUE.encode())]),
}


@pytest.mark.parametrize("reason", BAD)
def test_what_is_wrong_with_a_record_is_the_reason_for_its_quarantine(reason: str) -> None:
    with pytest.raises(FrameError, match=reason):
        Frame.decode(from_message(*BAD[reason]))


@pytest.mark.sweep
@given(
    st.none() | st.binary(max_size=20),
    st.lists(st.tuples(st.sampled_from([n for n, _ in HEADERS]) | st.text(max_size=5), st.none() | st.binary())),
)
def test_nothing_that_arrives_makes_the_reader_fail(value: bytes | None, headers: list[tuple[str, bytes]]) -> None:
    assert isinstance(from_message(value, headers), bytes)
    with pytest.raises(FrameError):
        Frame.decode(UNREADABLE)
