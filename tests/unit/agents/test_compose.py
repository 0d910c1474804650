"""From contents to frames and back; chunks; chains and watermarks."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.simulated import identities
from tests.support.world import agreement

from accord_agents.collaboration.assembler import MAX_OPEN, Assembler
from accord_agents.collaboration.composer import Composer, Envelope, Piece, budget, opened
from accord_agents.collaboration.sequences import Chain
from accord_agents.security.channels.registry import channel_of
from accord_agents.security.identity import Identity
from accord_agents.security.public import described
from accord_schemas.address import Address, Content
from accord_schemas.agreement import LEAST_CONTROL, Limits
from accord_schemas.canonical import digest
from accord_schemas.errors import FrameError, TamperError, UsageError
from accord_schemas.events import Cancel, Event, Propose, Tags
from accord_schemas.frame import Frame
from accord_schemas.header import MAX_PARTIES, Header
from accord_schemas.suites import DEFAULT, PQ, SM, Profile

channel = channel_of("default")
KEYS = identities(("bank", "shop", "telco"))
CID, AGREEMENT, TIME = "ab" * 16, bytes(range(32)), "2026-01-01T00:00:00.000Z"
TO = ("shop", "telco")


def key(to: tuple[str, ...]) -> bytes:
    return digest(b"channel", *to)


def wraps(to: tuple[str, ...]) -> list[bytes]:
    return [channel.wrap(KEYS["bank"], KEYS[p].public, key(to), b"info") for p in to]


def unwrap(me: str) -> Any:
    return lambda frame, wrap: channel.unwrap(KEYS[me], KEYS[frame.header.source].public, wrap, b"info")


COMPOSER = Composer(CID, AGREEMENT, Limits(chunk_bytes=1024), key)


def content(rows: int, to: tuple[str, ...] = TO) -> Content:
    values = np.arange(rows * 32, dtype=np.uint64).astype("u1").reshape(rows, 32)
    return Content(Address("align.shop", "tags", "bank"), to, Tags(tags=values))


def framed(said: Content, composer: Composer = COMPOSER, first: int = 1) -> list[Frame]:
    frames, previous = [], bytes(32)
    for number, piece in enumerate(composer.pieces(said), first):
        frames.append(composer.frame(piece, Envelope(number, previous, "", TIME), wraps, KEYS["bank"].sign))
        previous = frames[-1].digest
    return frames


@given(st.integers(0, 120), st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_what_was_said_is_heard_by_each_recipient_in_any_order(rows: int, rng: random.Random) -> None:
    said = content(rows)
    frames = [Frame.decode(frame.encode()) for frame in framed(said)]
    assert len(frames) == max(1, -(-len(said.event.encode()) // 1024))
    for me in TO:
        rng.shuffle(frames)
        assembler, heard = Assembler(1000, 1 << 20), list[Event]()
        for frame in frames:
            whole = assembler.add(frame.header, opened(frame, me, unwrap(me)))
            heard += [whole.event] if whole is not None else []
        assert [event.encode() for event in heard] == [said.event.encode()]


def test_nobody_else_opens_it() -> None:
    (frame,) = framed(content(1, ("shop",)))
    with pytest.raises(FrameError, match="encrypted to others"):
        opened(frame, "telco", unwrap("telco"))
    with pytest.raises(FrameError, match="cannot be opened"):
        opened(frame, "shop", unwrap("telco"))
    assert content(1).event.encode() not in frame.encode()


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "cd" * 16, "id": "cd" * 16 + "/1"},
        {"agreement": "00" * 32},
        {"instance": "align.telco"},
        {"step": "store"},
        {"type": "org.accord.psi.store.v1"},
        {"recipients": "shop"},
        {"chunk": "1/3"},
        {"salt": "00" * 32},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_seal_is_bound_to_what_it_says(change: dict[str, str]) -> None:
    """Signed anew by its own sender: still nobody opens it as anything else."""
    frame = framed(content(40))[0]
    assert frame.header.chunk == "1/2" and opened(frame, "shop", unwrap("shop"))
    moved = Frame.make(dataclasses.replace(frame.header, **change), frame.payload, KEYS["bank"].sign)
    with pytest.raises(FrameError, match=r"^the event cannot be opened$"):
        opened(moved, "shop", unwrap("shop"))


def test_the_envelope_does_not_show_in_what_is_said() -> None:
    piece = next(COMPOSER.pieces(content(1)))
    later = Envelope(9, b"x" * 32, "shop=3", "2030-01-01T00:00:00.000Z")
    one, two = (COMPOSER.frame(piece, e, wraps, KEYS["bank"].sign) for e in (Envelope(1, bytes(32), "", TIME), later))
    assert one.header.salt == two.header.salt
    assert channel.unpack(one.payload, 2)[1] == channel.unpack(two.payload, 2)[1] == piece.body
    COMPOSER.same(piece, one)
    COMPOSER.same(piece, two)
    with pytest.raises(TamperError, match="differs in"):
        COMPOSER.recorded(piece, later, one)
    assert COMPOSER.recorded(piece, later, two) is two


OTHERS: list[Content] = [
    content(2),
    content(1, ("shop",)),
    dataclasses.replace(content(1), address=Address("align.shop", "store", "bank")),
    Content(content(1).address, TO, Cancel(reason="no")),
]


@pytest.mark.parametrize("other", OTHERS, ids=["value", "recipients", "address", "event"])
def test_another_content_is_a_second_version(other: Content) -> None:
    (frame,) = framed(content(1))
    piece = next(COMPOSER.pieces(other))
    with pytest.raises(TamperError, match="second version") as caught:
        COMPOSER.same(piece, frame)
    assert piece.body.hex() not in str(caught.value)


def test_a_clear_event_to_others_is_a_second_version() -> None:
    said = [Content(Address("session", "cancel", "bank"), to, Cancel(reason="no")) for to in (TO, ("shop",))]
    (frame,) = framed(said[0])
    COMPOSER.same(next(COMPOSER.pieces(said[0])), frame)
    with pytest.raises(TamperError, match="second version"):
        COMPOSER.same(next(COMPOSER.pieces(said[1])), frame)


def test_clear_events_travel_as_they_are() -> None:
    said: Event = Cancel(reason="no")
    (frame,) = framed(Content(Address("session", "cancel", "bank"), TO, said))
    assert frame.payload == said.encode() == opened(frame, "shop", unwrap("shop"))
    assert not frame.header.salt and not frame.header.epoch


def test_control_is_never_cut_and_stays_below_what_one_frame_carries() -> None:
    at, to = Address("session", "propose", "bank"), ("shop",)
    propose = Propose(agreement={"learns": {"shop": "x" * (LEAST_CONTROL - 200)}}, nonce="ab" * 32)
    (piece,) = COMPOSER.pieces(Content(at, to, propose))
    assert piece.chunk == ""
    longer = propose.model_copy(update={"agreement": {"learns": {"shop": "x" * LEAST_CONTROL}}})
    with pytest.raises(UsageError, match=r"propose would have 262,\d+ bytes, more than the 262,144 of one frame"):
        next(COMPOSER.pieces(Content(at, to, longer)))
    assert next(Composer(CID, AGREEMENT, Limits(), key).pieces(Content(at, to, longer)))


@pytest.mark.parametrize("profile", [DEFAULT, SM, PQ])
def test_a_proposal_of_the_most_parties_fits_into_one_frame(profile: Profile) -> None:
    parties = [f"{'a' * 29}-{k:02}" for k in range(MAX_PARTIES)]
    keys = [described(Identity(parties[0], bytes(64), profile).public)] * MAX_PARTIES
    propose = Propose(agreement={}, nonce="ab" * 32, identities=dict(zip(parties, keys, strict=True)))
    assert len(propose.encode()) < LEAST_CONTROL * 7 // 8, "what is left is the agreement's"


def test_no_payload_in_a_repr() -> None:
    assert "body" not in repr(Piece(content(1), "", "", b"secret")) and b"secret".hex() not in repr(b"")


HEAD = b"\0\0\4\0"  # a head that has yet to come


def head(chunk: str) -> Header:
    header = framed(content(1))[0].header
    return dataclasses.replace(header, chunk=chunk)


@pytest.mark.parametrize("chunks", [["1/3", "2/4"], ["1/3", "1/3"], ["1/9"]])
def test_chunks_that_do_not_fit(chunks: list[str]) -> None:
    assembler = Assembler(8, 100)
    for chunk in chunks[:-1]:
        assert assembler.add(head(chunk), HEAD) is None
    with pytest.raises(FrameError, match="chunk"):
        assembler.add(head(chunks[-1]), HEAD)


def test_a_sender_fills_no_memory_with_contents_that_are_never_whole() -> None:
    def part(step: str, chunk: str, sender: str = "bank") -> Header:
        return dataclasses.replace(head(chunk), step=step, source=sender)

    data = content(1).event.encode()
    half, assembler = len(data) // 2, Assembler(8, len(data) + 20)
    for number in range(20):  # what is whole is given back
        assert assembler.add(part(f"a{number}", "1/2"), data[:half]) is None
        whole = assembler.add(part(f"a{number}", "2/2"), data[half:])
        assert whole is not None and whole.event.encode() == data
    for sender in ("bank", "shop"):
        assert assembler.add(part("b1", "1/2", sender), data[:-1]) is None
    with pytest.raises(FrameError, match="too much of contents that are not whole came of one party"):
        assembler.add(part("b2", "1/3"), HEAD + bytes(20))


@pytest.mark.parametrize(
    ("rows", "bits", "want"), [(1, 2048, 64 << 20), (10**6, 3072, 1536 * 10**6), (10**9, 3072, 4 << 30)]
)
def test_the_agreed_rows_bound_what_waits(rows: int, bits: int, want: int) -> None:
    terms = agreement(2)
    terms = terms.model_copy(update={"limits": Limits(max_rows=rows), "key_bits": bits})
    assert budget(terms) == want


# ---- chains


@given(st.permutations(range(1, 9)), st.integers(0, 8))
def test_watermarks_wait_for_gaps(order: list[int], wrong: int) -> None:
    """Whatever the order: the watermark is where the first gap is, and a broken link is found once it is closed."""
    chain, heard = Chain(), set[int]()
    for number in order:
        previous = b"%032d" % (number - 1) if number > 1 else bytes(32)
        chain.heard("shop", number, b"%032d" % number, b"?" * 32 if number == wrong else previous)
        heard.add(number)
        whole = next(n for n in range(1, 10) if n not in heard) - 1
        assert chain.seen["shop"] == whole
        assert chain.broken == ("shop" if 0 < wrong <= whole else "")
    assert chain.known("shop", 3) == b"%032d" % 3 and chain.known("shop", 9) is None


def test_watermarks_of_peers_never_go_back_nor_beyond_what_was_said() -> None:
    chain = Chain()
    for frame in framed(content(100)):
        chain.said(frame)
    assert chain.sequence == 4
    assert chain.told("shop", 2) and not chain.told("shop", 1) and not chain.told("shop", 2)
    assert chain.told("shop", 1000) and chain.covered == {"shop": 4}


def test_settled_is_what_stands_on_the_log() -> None:
    chain, frames = Chain(), framed(content(100))
    for frame in frames:
        chain.said(frame)
    assert chain.settled(4) and not chain.settled(0)
    chain.read_back(4)
    chain.read_back(3)
    assert chain.settled(2) and not chain.settled(1)


def test_adopted_frames_go_on_where_they_ended() -> None:
    said, adopted = Chain(), Chain()
    frames = framed(content(100))
    for frame in frames:
        said.said(frame)
    for frame in (frames[2], frames[0], frames[3], frames[1]):
        adopted.adopt(frame)
    assert (adopted.sequence, adopted.previous) == (said.sequence, said.previous)
    assert adopted.settled(0) and adopted.known("bank", 2) == frames[1].digest


def test_contents_that_are_not_whole_are_bounded_in_number() -> None:
    """Each may hold a file open: one peer must not take all that a process may have."""
    assembler = Assembler(1000, 1 << 30)
    for number in range(MAX_OPEN + 1):
        half = content(40)
        address = Address("align.shop", f"tags.{number}", "bank")
        frame = framed(Content(address, half.to, half.event))[0]
        clear = opened(frame, "shop", unwrap("shop"))
        if number < MAX_OPEN:
            assert assembler.add(frame.header, clear) is None
        else:
            with pytest.raises(FrameError, match="not whole"):
                assembler.add(frame.header, clear)
