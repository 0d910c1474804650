"""Events, headers and frames of every type, for property tests."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from accord_schemas import events
from accord_schemas.arrays import Blocks16, Digests, Numbers, Octets, Reals, RingMatrix, RingVector
from accord_schemas.events import EVENTS, UNSEQUENCED, Event
from accord_schemas.events.prediction import Ids
from accord_schemas.frame import Frame
from accord_schemas.header import Header, content_type, event_id
from accord_schemas.suites import DEFAULT, NAMED, SUITES

FINITE = st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
PLAIN: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | FINITE | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
SIZE = st.integers(0, 4)
HEX = st.binary(min_size=32, max_size=32).map(bytes.hex)

SHAPED: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (Numbers, arrays(np.uint8, st.tuples(SIZE, SIZE))),
    (Octets, arrays(np.uint8, SIZE)),
    (Digests, arrays(np.uint8, st.tuples(SIZE, st.just(32)))),
    (Blocks16, arrays(np.uint8, st.tuples(SIZE, st.just(16)))),
    (RingVector, arrays(np.uint64, st.tuples(SIZE, st.sampled_from([1, 2])))),
    (RingMatrix, arrays(np.uint64, st.tuples(SIZE, SIZE, st.just(2)))),
    (Reals, arrays(np.float64, SIZE, elements=FINITE)),
    (events.Text, TEXT),
    (events.Hex32, HEX),
    (Ids, st.lists(TEXT.filter(bool), min_size=1, max_size=3)),
    (list[events.Text], st.lists(TEXT, max_size=3)),
    (dict[str, Any], st.dictionaries(TEXT, PLAIN, max_size=3)),
    (dict[str, events.Count], st.dictionaries(TEXT, st.integers(0, 1 << 40), max_size=3)),
    (
        dict[str, dict[str, events.PublicKey]],
        st.dictionaries(TEXT, st.dictionaries(TEXT, TEXT, max_size=2), max_size=2),
    ),
    (bool, st.booleans()),
]


def event_of(kind: type[Event]) -> st.SearchStrategy[Event]:
    """Valid events of one type."""
    hints = get_type_hints(kind, include_extras=True)
    return st.builds(kind, **{name: _values(kind, name, hints[name]) for name in kind.model_fields})


def _values(kind: type[Event], name: str, hint: Any) -> st.SearchStrategy[Any]:
    for known, strategy in SHAPED:
        if hint is known or (get_origin(hint) in (list, dict) and hint == known):
            return strategy
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if get_origin(hint) is Annotated and get_origin(get_args(hint)[0]) is list:  # of ids
        return st.lists(
            st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20), min_size=1, max_size=3
        )
    field = kind.model_fields[name]
    keys = ("ge", "le", "min_length", "max_length", "pattern")
    bounds = {key: getattr(m, key) for m in field.metadata for key in keys if hasattr(m, key)}
    if field.annotation is int:
        return st.integers(bounds["ge"], bounds["le"])
    if field.annotation is float:
        return st.floats(bounds["ge"], allow_nan=False, allow_infinity=False)
    if field.annotation is bytes:
        return st.binary(min_size=bounds.get("min_length", 0), max_size=bounds["max_length"])
    if field.annotation is str and "pattern" not in bounds:
        return st.text(st.characters(exclude_categories=["Cs"]), max_size=min(bounds["max_length"], 40))
    if bounds["pattern"] in (r"^[a-z0-9-]{1,32}$", r"^[a-z_]{0,32}$"):
        return st.from_regex(bounds["pattern"], fullmatch=True)
    assert field.annotation is str and bounds["pattern"] in (r"^([0-9a-f]{64})?$", r"^([0-9a-f]{2})*$"), (kind, name)
    return st.just("") | HEX


SUITE = st.sampled_from(["", *NAMED])
EVENT = st.sampled_from(sorted(EVENTS)).flatmap(lambda kind: event_of(EVENTS[kind]))


def attributes(kind: type[Event], payload: bytes, **changes: str) -> dict[str, str]:
    """The attributes of a valid header for a payload; ``changes`` set others, empty removes one."""
    sealed = {"recipients": "shop,telco", "salt": "5a" * 32, "epoch": "0"} if kind.encrypted else {"recipients": "shop"}
    place = {"eventnumber": "7", "previoushash": "0b" * 32, "instance": "align", "step": "tags.shop"}
    base = {
        "specversion": "1.0",
        "type": kind.type,
        "source": "bank",
        "subject": "00" * 16,
        "time": "2024-02-29T23:59:59.999Z",
        "agreement": "0a" * 32,
        "payloadhash": SUITES.get(changes.get("suite", DEFAULT), SUITES[DEFAULT]).hash(payload).hex(),
        "watermarks": "shop=3,telco=12",
        "datacontenttype": content_type(kind),
        **sealed,
        **({} if kind.name in UNSEQUENCED else place),
    }
    payload_hash = "" if kind.name == "ack" else base["payloadhash"]
    base["id"] = event_id(base["subject"], base.get("eventnumber", ""), base["watermarks"], payload_hash)
    return {name: value for name, value in (base | changes).items() if value}


def frame(event: Event, **changes: str) -> Frame:
    """A frame around an event, signed by nobody in particular."""
    payload = event.encode()
    header = Header.of(attributes(type(event), payload, **changes))
    return Frame.make(header, payload, lambda data: hashlib.sha512(data).digest())
