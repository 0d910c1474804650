"""Headers and frames: strict, canonical, and bound to what was signed."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.schemas.strategies import EVENT, SUITE, attributes, frame

from accord_schemas.canonical import canonical_json
from accord_schemas.errors import FrameError
from accord_schemas.events import Ack, Asked, Event, Expire, Held, Propose, Resend, Scores, State, Tags
from accord_schemas.frame import MAX_PAYLOAD, MAX_SIGNATURE, Frame
from accord_schemas.header import MAX_HEADER, Header, watermarks
from accord_schemas.suites import sha256, sm3

STATE = State(state="KEYED", round=0)


@given(EVENT, SUITE)
def test_frames_come_back_and_encode_to_the_same_bytes(event: Event, suite: str) -> None:
    made = frame(event, suite=suite)
    data = made.encode()
    read = Frame.decode(data)
    assert read == made and read.encode() == data and read.digest == made.digest
    assert read.header.event_class.decode(read.payload).encode() == event.encode()
    assert read.header.encode() == read.head and Header.decode(read.head) == made.header
    assert Frame.restore(made.bare(), made.payload) == made
    assert made.payload not in made.bare()


@given(EVENT, SUITE, st.data())
def test_no_byte_can_change_without_notice(event: Event, suite: str, data: st.DataObject) -> None:
    made = frame(event, suite=suite)
    whole = bytearray(made.encode())
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    try:
        read = Frame.decode(bytes(whole))
    except FrameError:
        return
    assert read.encode() == whole and read.payload == made.payload
    assert read.to_sign != made.to_sign or read.signature != made.signature
    assert read.digest != made.digest


def test_the_suite_says_how_a_frame_is_hashed() -> None:
    made = {suite: frame(STATE, suite=suite) for suite in ("", "sm")}
    assert "suite" not in made[""].header.attributes() and made["sm"].header.attributes()["suite"] == "sm"
    for suite, hashed in (("", sha256), ("sm", sm3)):
        one, head = made[suite], made[suite].head
        assert one.header.payloadhash == hashed(one.payload).hex()
        assert one.to_sign == hashed(_prefixed(b"accord frame", head))
        assert one.digest == hashed(_prefixed(b"accord chain", head, one.signature))
    header, payload = made["sm"].header, made["sm"].payload
    renamed = Frame.make(dataclasses.replace(header, suite=""), payload, bytes)
    with pytest.raises(FrameError, match="not the one that was signed"):
        Frame.decode(renamed.encode())


def _prefixed(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


@given(EVENT, st.data())
def test_cut_or_lengthened_frames_are_refused(event: Event, data: st.DataObject) -> None:
    whole = frame(event).encode()
    end = data.draw(st.integers(0, len(whole) - 1))
    for bad in (whole[:end], whole + b"\0", b"\0" + whole):
        with pytest.raises(FrameError):
            Frame.decode(bad)


@pytest.mark.parametrize(("at", "size", "limit"), [(4, 4, MAX_HEADER), (8, 4, MAX_PAYLOAD), (12, 2, MAX_SIGNATURE)])
def test_lengths_beyond_their_bound_are_refused(at: int, size: int, limit: int) -> None:
    whole = frame(STATE).encode()
    for claimed in (limit + 1, 256**size - 1):
        with pytest.raises(FrameError, match="exceeds its bound"):
            Frame.decode(whole[:at] + claimed.to_bytes(size, "big") + whole[at + size :])


def test_a_frame_has_a_signature_and_the_payload_that_was_signed() -> None:
    made = frame(STATE)
    with pytest.raises(FrameError, match="bound"):
        Frame.decode(Frame(made.header, made.payload, b"", made.head).encode())
    with pytest.raises(FrameError, match="not the one that was signed"):
        Frame.decode(Frame(made.header, made.payload.replace(b"KEYED", b"GATED"), made.signature, made.head).encode())
    with pytest.raises(FrameError, match="not the one that was signed"):
        Frame.decode(made.bare())


def test_chains_name_frames_by_header_and_signature() -> None:
    made = frame(STATE)
    assert made.digest == Frame.restore(made.bare(), None).digest
    assert made.digest != frame(STATE, watermarks="shop=4,telco=12").digest


# ---- headers


def test_acknowledgements_are_outside_the_chain() -> None:
    header = Header.of(attributes(Ack, b"{}"))
    assert (header.number, header.part, header.seen) == (0, (1, 1), {"shop": 3, "telco": 12})
    assert header.id.startswith(f"{header.subject}/ack-")
    with pytest.raises(FrameError):
        Header.of(attributes(Ack, b"{}") | {"eventnumber": "1"})


@pytest.mark.parametrize("kind", [Asked, Held, Resend])
def test_questions_and_answers_are_outside_the_chain_too(kind: type[Event]) -> None:
    """Named by what they say, so that no two have one id."""
    one, other = Header.of(attributes(kind, b"{}")), Header.of(attributes(kind, b"[]"))
    assert (one.number, one.to) == (0, ("shop",)) and one.id != other.id
    assert len(one.id) == len(one.subject) + 33, "no number is that long"
    for changes in ({"eventnumber": "1"}, {"id": other.id}, {"step": "a"}):
        with pytest.raises(FrameError):
            Header.of(attributes(kind, b"{}") | changes)


def test_what_a_header_says() -> None:
    header = Header.of(attributes(Scores, b"", chunk="2/3"))
    assert header.address == ("align", "tags.shop", "bank")
    assert (header.number, header.part, header.to) == (7, (2, 3), ("shop", "telco"))
    assert header.seen == {"shop": 3, "telco": 12} and watermarks(header.seen) == header.watermarks
    assert Header.of(attributes(State, b"", recipients="", watermarks="")).to == ()


@pytest.mark.parametrize("name", sorted(attributes(Scores, b"")))
def test_a_missing_attribute_is_refused(name: str) -> None:
    given_ = attributes(Scores, b"")
    del given_[name]
    if name == "watermarks":  # nothing was heard yet
        assert Header.of(given_ | {"id": f"{given_['subject']}/7"}).seen == {}
        return
    with pytest.raises(FrameError):
        Header.of(given_)


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        (Scores, {"salt": ""}),  # a sealed family in clear
        (Scores, {"epoch": ""}),
        (Scores, {"recipients": ""}),
        (Scores, {"salt": "", "epoch": ""}),
        (Scores, {"salt": "", "epoch": "", "recipients": ""}),
        (Scores, {"datacontenttype": "application/vnd.accord.blocks"}),
        (State, {"salt": "5a" * 32, "epoch": "0"}),  # a clear family sealed
        (State, {"datacontenttype": "application/vnd.accord.encrypted"}),
        (State, {"eventnumber": ""}),
        (State, {"previoushash": ""}),
        (State, {"instance": ""}),
        (State, {"step": ""}),
        (State, {"chunk": "3/2"}),
        (State, {"chunk": "1/1"}),
        (Propose, {"chunk": "1/2"}),
        (State, {"chunk": "0/2"}),
        (State, {"chunk": "2"}),
        (State, {"chunk": "01/2"}),
        (State, {"chunk": "1/1000000"}),
        (State, {"eventnumber": "07"}),
        (State, {"eventnumber": "0"}),
        (State, {"eventnumber": "-1"}),
        (State, {"eventnumber": "٧"}),
        (State, {"id": "00" * 16 + "/8"}),
        (State, {"recipients": "telco,shop"}),
        (State, {"recipients": "shop,shop"}),
        (State, {"recipients": "shop,"}),
        (State, {"recipients": "Shop"}),
        (State, {"source": "bank\n"}),
        (State, {"source": "b" * 33}),
        (State, {"specversion": "1.1"}),
        (State, {"type": "org.accord.control.unheard.v1"}),
        (State, {"type": State.type.replace("v1", "v2")}),
        (State, {"type": Tags.type}),
        (State, {"time": "2024-02-29 23:59:59.999Z"}),
        (State, {"time": "2024-02-29T23:59:59Z"}),
        (State, {"time": "٢٠٢٤-02-29T23:59:59.999Z"}),
        (State, {"watermarks": "shop=-1"}),
        (State, {"watermarks": "shop"}),
        (State, {"payloadhash": "AB" * 32}),
        (State, {"agreement": "0a" * 31}),
        (State, {"instance": "Align"}),
        (State, {"instance": "../align"}),
        (State, {"step": "a" * 129}),
        (State, {"surprise": "1"}),
        (State, {"suite": "default"}),
        (State, {"suite": "SM"}),
    ],
)
def test_headers_that_do_not_hold_together_are_refused(kind: type[Event], changes: dict[str, str]) -> None:
    with pytest.raises(FrameError):
        Header.of(attributes(kind, b"{}", **changes))


@pytest.mark.parametrize("value", ["", 7, None, ["shop"]])
def test_values_that_are_no_text_are_refused(value: Any) -> None:
    with pytest.raises(FrameError):
        Header.of(attributes(State, b"{}") | {"recipients": value})


def test_headers_have_one_encoding() -> None:
    good = attributes(Expire, b"{}")
    data = canonical_json(good)
    assert Header.decode(data).encode() == data
    twice = data[:-1] + b',"type":"' + good["type"].encode() + b'"}'
    for bad in (b" " + data, twice, b"[]", b"null", b"", data[:-1], canonical_json({**good, "step": "a" * MAX_HEADER})):
        with pytest.raises(FrameError):
            Header.decode(bad)
