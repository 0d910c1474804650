"""Agreements, addresses and digests: whatever differs has another digest."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord_schemas.address import Address, Content, content_digest
from accord_schemas.agreement import Agreement, Member
from accord_schemas.blocks import load_canonical
from accord_schemas.canonical import digest
from accord_schemas.errors import FrameError
from accord_schemas.events import State
from accord_schemas.header import MAX_PARTIES
from accord_schemas.parts import TestRows, Train
from accord_schemas.payload import Payload

ROLES = {
    "shop": Member(role="feature_holder", identity="b"),
    "bank": Member(role="label_holder", identity="a"),
    "airline": Member(role="feature_holder", identity="c"),
}
TERMS = Agreement(
    name="churn",
    parties=ROLES,
    train=Train(),
    test_rows=TestRows(equals=1),
    learns={"bank": "the scores"},
    versions={"keys": 1, "train": 1},
)
YESTERDAY = (
    b'{"learns":{"bank":"the scores"},"name":"churn","parties":{"airline":{"identity":"c","role":"feature_holder"},'
    b'"bank":{"identity":"a","role":"label_holder"},"shop":{"identity":"b","role":"feature_holder"}},'
    b'"test_rows":{"equals":1},"train":{},"version":1,"versions":{"keys":1,"train":1}}'
)
"""TERMS as they were said when form 1 was released. These bytes never change."""
DEFAULTS: dict[str, Any] = {
    "query": None,
    "trees": None,
    "bins": None,
    "job": "train",
    "leads": None,
    "ids": {"columns": 1, "normalise": []},
    "align": {
        "protocol": "rsa",
        "code": "f4",
        "carry": {},
        "pad": None,
        "max_overlap": 0.9,
        "denominator": "min",
        "max_feature_overlap": None,
        "learns": [],
    },
    "prepare": {
        "impute": "mean",
        "winsorise": 5.0,
        "drop_variance_below": 0.0,
        "drop_variance_above": None,
        "scale": "standard",
        "one_hot": [],
        "woe": [],
        "woe_bins": 10,
        "woe_rows": 20,
    },
    "train": {
        "model": "linear",
        "protection": "shared",
        "engine": "paillier",
        "optimiser": "lbfgs",
        "l2": 0.0,
        "max_rounds": 60,
        "tolerance": 1e-6,
        "link": "exact",
        "dealer": None,
        "weights": None,
        "class_weights": None,
        "exposure": None,
        "period": 64,
        "folds": 0,
        "l2_path": [],
    },
    "test_rows": {"hash_modulus": 5, "equals": 0},
    "predict": None,
    "graph": None,
    "match": None,
    "computing": [],
    "key_bits": 3072,
    "profile": "default",
    "seeded": False,
    "limits": {"deadline_seconds": 3600, "retain_days": 365, "max_rows": 20_000_000, "chunk_bytes": 512 * 1024},
}
"""What is left out means this, for ever, in form 1. New fields are added here, nothing else is changed."""


class Finer(Train):
    """What training may say tomorrow."""

    shade: Literal["bright", "dark"] = "bright"
    hue: int | None = None


class Later(Agreement):
    """A copy of the agreement with fields of tomorrow, here and in a section."""

    train: Finer | None = None
    witness: str | None = None
    colours: tuple[str, ...] = ()


def changed(tree: Any, path: tuple[str, ...], value: Any) -> Any:
    return value if not path else {**tree, path[0]: changed(tree.get(path[0], {}), path[1:], value)}


def test_what_equals_a_default_is_left_out_but_the_version_is_said() -> None:
    assert TERMS.encode() == YESTERDAY
    full = TERMS.model_copy(update={"train": None, "test_rows": TestRows()}).terms()
    assert "train" not in full and full["test_rows"] == {} and full["version"] == 1


def test_a_field_with_a_default_changes_nothing_that_was_agreed_before() -> None:
    read = Later.decode(load_canonical(YESTERDAY))
    assert read.encode() == YESTERDAY and read.digest() == TERMS.digest() == Agreement.decode(read.terms()).digest()
    assert read.train is not None and (read.train.shade, read.witness) == ("bright", None)
    more = Later.decode(changed(load_canonical(YESTERDAY), ("train", "shade"), "dark"))
    assert more.digest() != TERMS.digest() and Later.decode(load_canonical(more.encode())) == more
    with pytest.raises(FrameError, match="shade"):
        Agreement.decode(more.terms())


def test_what_is_left_out_means_what_it_meant_when_form_1_was_released() -> None:
    shown = Agreement(name="a", parties=ROLES, train=Train(), test_rows=TestRows(), versions={}).model_dump(mode="json")
    assert {name: shown[name] for name in DEFAULTS} == DEFAULTS
    assert set(shown) - set(DEFAULTS) == {"version", "name", "parties", "learns", "versions"}


def test_a_data_set_is_said_where_a_party_has_several() -> None:
    shop = TERMS.parties["shop"].model_copy(update={"data": "orders"})
    named = TERMS.model_copy(update={"parties": {**TERMS.parties, "shop": shop}})
    assert b'"data"' not in TERMS.encode() and named.encode().count(b'"data":"orders"') == 1
    assert Agreement.decode(load_canonical(named.encode())) == named and named.digest() != TERMS.digest()


def test_agreements_come_back() -> None:
    data = TERMS.encode()
    read = Agreement.decode(load_canonical(data))
    assert read == TERMS and read.encode() == data and read.digest() == TERMS.digest()


def test_parties_have_an_order_and_their_parts() -> None:
    assert TERMS.order == ("bank", "airline", "shop") and TERMS.others == ("airline", "shop")
    assert TERMS.label_holder == "bank" and TERMS.keyholders == ("bank", "airline")
    assert TERMS.model_copy(update={"train": Train(protection="score")}).keyholders == ("bank",)
    assert TERMS.model_copy(update={"train": None}).keyholders == ()
    named = Agreement.model_validate(TERMS.model_dump(mode="json") | {"computing": ["bank", "shop"]})
    assert named.keyholders == ("bank", "shop") and Agreement.decode(named.terms()) == named


OTHER: list[tuple[tuple[str, ...], Any]] = [
    (("name",), "Churn"),
    (("parties", "shop", "identity"), "d"),
    (("align", "max_overlap"), None),
    (("align", "denominator"), "yours"),
    (("align", "max_feature_overlap"), 0.5),
    (("prepare", "impute"), 0.0),
    (("prepare", "winsorise"), 4.0),
    (("prepare", "drop_variance_below"), 1e-9),
    (("prepare", "drop_variance_above"), 1e9),
    (("prepare", "scale"), None),
    (("train", "protection"), "score"),
    (("train", "optimiser"), "gd"),
    (("train", "l2"), 5e-324),
    (("train", "max_rounds"), 61),
    (("train", "tolerance"), 2e-6),
    (("train",), None),
    (("computing",), ["bank", "shop"]),
    (("test_rows", "equals"), 2),
    (("test_rows", "hash_modulus"), 7),
    (("test_rows",), None),
    (("job",), "psi"),
    (("key_bits",), 2048),
    (("seeded",), True),
    (("learns",), {}),
    (("limits", "deadline_seconds"), 60),
    (("limits", "max_rows"), 1),
    (("limits", "chunk_bytes"), 1024),
    (("versions", "train"), 2),
    (("versions", "pads"), 1),
]


@pytest.mark.parametrize(("path", "value"), OTHER)
def test_every_term_is_in_the_digest(path: tuple[str, ...], value: Any) -> None:
    tree = TERMS.model_dump(mode="json")
    other = Agreement.model_validate(changed(tree, path, value))
    assert Agreement.decode(load_canonical(other.encode())) == other
    assert other.digest() != TERMS.digest()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("parties",), {}),
        (("parties",), {"bank": {"role": "label_holder", "identity": "a"}}),
        (("parties", "shop", "role"), "label_holder"),
        (("parties", "bank", "role"), "feature_holder"),
        (("parties", "bank", "role"), "watcher"),
        (("parties", "job"), {"role": "feature_holder", "identity": "e"}),
        (("parties", "self"), {"role": "feature_holder", "identity": "e"}),
        (("parties", "Shop"), {"role": "feature_holder", "identity": "e"}),
        (("parties", "a,b"), {"role": "feature_holder", "identity": "e"}),
        (("computing",), ["bank"]),
        (("computing",), ["bank", "bank"]),
        (("computing",), ["bank", "insurer"]),
        (("computing",), ["shop", "bank"]),
        (("name",), ""),
        (("key_bits",), 1024),
        (("key_bits",), 2049),
        (("key_bits",), 8194),
        (("key_bits",), 3072.0),
        (("key_bits",), "3072"),
        (("align", "max_overlap"), 0.0),
        (("align", "max_overlap"), 1.5),
        (("align", "protocol"), "trusted"),
        (("prepare", "drop_variance_above"), 0.0),
        (("prepare", "drop_variance_above"), None),  # what equals a default is left out
        (("train", "tolerance"), 0.0),
        (("train", "l2"), float("nan")),
        (("train", "l2"), 0),  # not in its one form
        (("train", "max_rounds"), 0),
        (("train", "more"), 1),
        (("train", "max_rounds"), 60),  # a default is left out
        (("align",), {}),
        (("job",), "train"),
        (("job",), "Train"),
        (("seeded",), False),
        (("versions", "train"), 0),
        (("limits", "chunk_bytes"), (1 << 20) + 1),
        (("seeded",), 0),
        (("version",), 2),
        (("version",), None),
    ],
)
def test_agreements_of_another_form_are_refused(path: tuple[str, ...], value: Any) -> None:
    with pytest.raises(FrameError):
        Agreement.decode(changed(TERMS.terms(), path, value))


@pytest.mark.parametrize("name", ["version", "name", "parties", "versions"])
def test_what_has_no_default_is_said(name: str) -> None:
    with pytest.raises(FrameError):
        Agreement.decode({n: v for n, v in TERMS.terms().items() if n != name})


def test_no_more_parties_than_a_header_can_name() -> None:
    tree = TERMS.terms()
    tree["parties"] |= {f"p{k}": {"role": "feature_holder", "identity": "x"} for k in range(MAX_PARTIES - 3)}
    assert len(Agreement.decode(tree).order) == MAX_PARTIES
    tree["parties"]["q"] = {"role": "feature_holder", "identity": "x"}
    with pytest.raises(FrameError):
        Agreement.decode(tree)


# ---- digests

PARTS = st.lists(st.binary(max_size=9), max_size=4)


@given(PARTS, PARTS)
def test_digests_know_where_parts_end(a: list[bytes], b: list[bytes]) -> None:
    assert (digest(*a) == digest(*b)) == (a == b)
    assert digest(b"".join(a), *b) != digest(*a, *b) or a == [b"".join(a)]


@given(st.binary(max_size=20), st.integers(0, 20))
def test_a_part_cut_in_two_is_another_list(data: bytes, at: int) -> None:
    assert digest(data[:at], data[at:]) != digest(data)


def test_every_part_of_a_content_is_in_its_digest() -> None:
    said = {"address": Address("align", "tags", "bank"), "to": ("a", "b")}
    base: dict[str, Any] = {**said, "agreement": b"x", "kind": "k", "payload": b"p"}
    variants: list[dict[str, Any]] = [
        {},
        {"address": Address("align", "tags", "shop")},
        {"address": Address("align", "tag", "sbank")},
        {"address": Address("aligntags", "", "bank")},
        {"address": Address("alig", "ntags", "bank")},
        {"to": ("a",)},
        {"to": ()},
        {"to": ("ab",)},
        {"agreement": b"y"},
        {"agreement": b""},
        {"kind": "kp", "payload": b""},
        {"payload": b"q"},
    ]
    digests = {content_digest(**{**base, **variant}) for variant in variants}
    assert len(digests) == len(variants)


def test_a_content_is_bound_to_type_and_agreement() -> None:
    event = State(state="KEYED", round=0)
    content = Content(Address("session", "state", "bank"), ("shop",), event)
    assert content.digest(b"x") == content_digest(content.address, ("shop",), b"x", State.type, event.payload().digest)
    assert str(content.address) == "session/state from bank"


@given(st.lists(st.binary(max_size=30), max_size=4), st.integers(1, 12))
def test_a_payload_is_cut_as_if_it_were_joined(parts: list[bytes], size: int) -> None:
    payload = Payload(parts)
    data = payload.encode()
    assert data == b"".join(parts) and payload.size == len(data)
    assert list(payload.cut(size)) == [data[i : i + size] for i in range(0, len(data), size)] or not data
    assert list(Payload([]).cut(size)) == [b""]


def test_a_payload_is_hashed_by_its_parts_and_knows_where_they_end() -> None:
    numbers = np.arange(6, dtype=np.uint64).reshape(2, 3)
    assert Payload([numbers]).digest == Payload([numbers.tobytes()]).digest
    assert Payload([numbers[:, ::2]]).digest == Payload([np.ascontiguousarray(numbers[:, ::2])]).digest
    assert len({Payload(parts).digest for parts in ([b"ab"], [b"a", b"b"], [b"", b"ab"], [b"ba"], [])}) == 5
