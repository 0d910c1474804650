"""The closed union of events: every type in its one encoding, strict in what it holds."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from pydantic import ValidationError
from tests.unit.schemas.strategies import EVENT, attributes

from accord_schemas import header as header_module
from accord_schemas.arrays import Digests
from accord_schemas.blocks import decode_fields, encode_fields
from accord_schemas.canonical import canonical_json
from accord_schemas.errors import FrameError
from accord_schemas.events import (
    CLEAR,
    EVENTS,
    JSON,
    Blinded,
    Complete,
    Direction,
    Event,
    ExchangeKey,
    Fail,
    Gate,
    IdSet,
    LatticeKey,
    OprfKey,
    PaillierKey,
    Prepared,
    Propose,
    Scores,
    State,
    Store,
    Tags,
)
from accord_schemas.events import base as events
from accord_schemas.header import Header


@given(EVENT)
def test_events_come_back_and_encode_to_the_same_bytes(event: Event) -> None:
    data = event.encode()
    read = type(event).decode(data)
    assert type(read) is type(event) and read.encode() == data


@given(EVENT)
def test_a_field_more_or_less_is_refused(event: Event) -> None:
    kind = type(event)
    fields = {name: getattr(event, name) for name in kind.model_fields}
    encode = canonical_json if kind.family in JSON else encode_fields
    required = [name for name, field in kind.model_fields.items() if field.is_required()]
    for changed in (fields | {"extra": 1}, *({n: v for n, v in fields.items() if n != name} for name in required)):
        with pytest.raises(FrameError):
            kind.decode(encode(changed))


def test_an_optional_field_that_says_nothing_is_left_out() -> None:
    said = Propose(agreement={}, nonce="ab" * 32)
    assert b"identities" not in said.encode() and Propose.decode(said.encode()) == said
    with pytest.raises(FrameError, match="not in canonical form"):
        Propose.decode(canonical_json({"agreement": {}, "identities": {}, "nonce": "ab" * 32}))


@pytest.mark.parametrize("bits", [0, 12])
def test_a_residuals_range_is_said_where_it_is_needed(bits: int) -> None:
    said = Prepared(columns=1, bound=0, shift=0, range=bits, data=bytes(32), block=bytes(32))
    assert (b"range" in said.encode()) == bool(bits) and Prepared.decode(said.encode()) == said


def test_an_optional_array_that_holds_nothing_is_left_out(toy: Any) -> None:
    """Also one whose entries are all zero says something."""
    assert set(decode_fields(toy(rows=1).encode())) == {"rows"} == set(decode_fields(toy(rows=1, tags=None).encode()))
    full = toy(rows=1, tags=np.zeros((1, 32), np.uint8))
    assert set(decode_fields(full.encode())) == {"rows", "tags"} and toy.decode(full.encode()).encode() == full.encode()
    with pytest.raises(FrameError, match="not in canonical form"):
        toy.decode(encode_fields({"rows": 1, "tags": np.zeros((0, 32), np.uint8)}))
    with pytest.raises(FrameError, match="tags"):
        toy.decode(encode_fields({"rows": 1, "tags": np.zeros((1, 31), np.uint8)}))


def test_a_second_version_of_an_event_stands_beside_the_first(toy: Any) -> None:
    class Second(toy):  # type: ignore[misc]
        version = 2
        more: int

    assert (toy.type, Second.type) == ("org.accord.keys.toy.v1", "org.accord.keys.toy.v2")
    assert EVENTS[toy.type] is toy and EVENTS[Second.type] is Second
    header = Header.of(attributes(Second, b"x"))
    assert header.event_class is Second


def test_types_are_unique_and_say_whether_they_are_sealed() -> None:
    assert all(
        EVENTS[t] is kind and t == f"org.accord.{kind.family}.{kind.name}.v{kind.version}" for t, kind in EVENTS.items()
    )
    keys = {f"org.accord.keys.{purpose}.v1" for purpose in ("exchange", "ids", "lattice", "oprf", "paillier")}
    clear = keys | {t for t, k in EVENTS.items() if k.family in JSON}
    assert {t for t, k in EVENTS.items() if not k.encrypted} == clear
    assert JSON < CLEAR


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Any:
    """An event of its own, known for one test alone."""
    monkeypatch.setattr(events, "EVENTS", EVENTS.copy())
    for module in (header_module, sys.modules[__name__]):
        monkeypatch.setattr(module, "EVENTS", events.EVENTS)

    class Toy(Event):
        family, name = "keys", "toy"
        rows: int
        tags: Digests | None = None

    return Toy


RING = np.zeros((2, 2), np.uint64)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (Scores, {"shares": RING.astype(np.int64)}),
        (Scores, {"shares": RING[0]}),
        (Scores, {"shares": [[0, 0]]}),
        (Scores, {"shares": RING.tobytes()}),
        (Tags, {"tags": np.zeros((1, 31), np.uint8)}),
        (Tags, {"tags": np.zeros((1, 32), np.uint64)}),
        (Store, {"parameters": b"x" * 65, "table": np.zeros((1, 16), np.uint8)}),
        (Store, {"parameters": b"", "table": np.zeros((1, 17), np.uint8)}),
        (Blinded, {"numbers": np.zeros((1, 2, 3), np.uint8)}),
        (Prepared, {"columns": -1, "bound": 0, "shift": 0, "range": 0}),
        (Prepared, {"columns": True, "bound": 0, "shift": 0, "range": 0}),
        (Prepared, {"columns": 1.0, "bound": 0, "shift": 0, "range": 0}),
        (Prepared, {"columns": 1, "bound": 13, "shift": 0, "range": 0}),
        (Direction, {"stop": "", "step": -1.0, "coefficients": np.zeros(1)}),
        (Direction, {"stop": "", "step": 1, "coefficients": np.zeros(1)}),
        (Direction, {"stop": "now", "step": 1.0, "coefficients": np.zeros(1)}),
        (Direction, {"stop": "", "step": 1.0, "coefficients": np.array([np.nan])}),
        (Direction, {"stop": "", "step": 1.0, "coefficients": np.array([np.inf])}),
        (ExchangeKey, {"key": b"short"}),
        (IdSet, {"ids": 1, "commitment": bytes(31)}),
        (IdSet, {"ids": -1, "commitment": bytes(32)}),
        (LatticeKey, {"large": np.zeros((1, 4), np.uint8), "small": np.zeros((1, 4), np.uint64)}),
        (LatticeKey, {"large": np.zeros(4, np.uint8), "small": np.zeros((1, 4), np.uint8)}),
        (PaillierKey, {"key": np.zeros(4, np.uint8), "proof": np.zeros((9, 4), np.uint8)}),
        (OprfKey, {"scheme": "RSA", "key": np.zeros((1, 4), np.uint8), "proof": np.zeros((9, 4), np.uint8)}),
        (OprfKey, {"scheme": "", "key": np.zeros((1, 4), np.uint8), "proof": np.zeros((9, 4), np.uint8)}),
    ],
)
def test_fields_of_another_form_are_refused(kind: type[Event], fields: dict[str, Any]) -> None:
    with pytest.raises(FrameError):
        kind.decode(encode_fields(fields))


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (Complete, {"model": "AB" * 32, "rows": 1, "rounds": 1, "converged": True}),
        (Complete, {"model": "ab" * 32 + "\n", "rows": 1, "rounds": 1, "converged": True}),
        (Complete, {"model": "", "rows": (1 << 40) + 1, "rounds": 1, "converged": True}),
        (Complete, {"model": "", "rows": "1", "rounds": 1, "converged": True}),
        (Complete, {"model": "", "rows": 1, "rounds": 1, "converged": 1}),
        (Gate, {"party": "shop", "decision": "perhaps", "features": "pass", "sampled": False}),
        (Fail, {"reason": "x" * 1001, "whose": ""}),
        (State, {"state": "KEYED", "round": None}),
        (State, {"state": "KEYED", "round": -1}),
        (State, {}),
    ],
)
def test_json_of_another_form_is_refused(kind: type[Event], fields: dict[str, Any]) -> None:
    with pytest.raises(FrameError):
        kind.decode(canonical_json(fields))


def test_events_are_frozen() -> None:
    with pytest.raises(ValidationError):
        State(state="KEYED", round=0).round = 1


def test_a_payload_of_another_type_is_refused() -> None:
    data = Scores(shares=RING).encode()
    with pytest.raises(FrameError):
        Tags.decode(data)
    assert set(decode_fields(data)) == {"shares"}
