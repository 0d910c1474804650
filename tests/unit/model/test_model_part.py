"""``model.json``: what it says, and what is no such file."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from tests.support.models import part
from tests.support.world import World, agreement, tables

from accord_protocols.model.part import ModelPart
from accord_schemas.canonical import canonical_json
from accord_schemas.errors import UsageError

PART = part("bank", ("a", "b", "c"))


def changed(**changes: Any) -> bytes:
    return canonical_json({k: v for k, v in (PART.to_json() | changes).items() if v is not ...})


def test_it_is_what_a_training_leaves_and_every_bit_survives() -> None:
    world = World(agreement(2, 512, max_rounds=2), tables(2, n=60)).run()
    for me, party in world.parties.items():
        data = canonical_json(party.notes["model"])
        read = ModelPart.read(data)
        assert read.encode() == data and read.digest == hashlib.sha256(data).hexdigest()
        assert (read.party, read.format, read.link) == (me, 1, "identity")
        assert (read.intercept is None) == (me != "bank")
        assert read.digest == party.notes["model_digest"][me]


def test_coefficients_stand_in_the_order_of_the_prepared_columns_whatever_that_of_the_file() -> None:
    one = ModelPart.read(changed(coefficients={"c": 2.0, "a": 1.0}))
    assert one.weights.tolist() == [1.0, 2.0] and one.preparation.names == ("a", "c")


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "no JSON object"),
        (b"[]", "no JSON object"),
        (b"\xff", "no JSON object"),
        (b"[" * 99999, "no JSON object"),
        (changed(format=2), "has the format 2; this version of Accord reads format 1"),
        (changed(format=...), "has the format None"),
        (changed(link="log"), "the link of a linear model is identity"),
        (changed(coefficients={"a": 1.0}), "a coefficient for each prepared column"),
        (changed(coefficients={"a": 1.0, "c": None}), "coefficients.c"),
        (changed(exposure="days"), "an exposure is the label holder's, of a poisson model"),
        (changed(more=1), "more"),
        (changed(salt="ab"), "salt"),
        (json.dumps(PART.to_json(), indent=1).encode(), "was saved again"),
    ],
)
def test_what_is_no_model_is_refused_with_its_name(data: bytes, word: str) -> None:
    with pytest.raises(UsageError, match=r"x\.json") as refused:
        ModelPart.read(data, "x.json")
    assert word in refused.value.message and refused.value.hint


def test_nothing_of_a_model_shows() -> None:
    shown = repr(PART)
    assert PART.salt not in shown and str(PART.intercept) not in shown and "coefficients" not in shown
