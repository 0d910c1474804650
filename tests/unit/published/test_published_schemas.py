"""What is really said is what the published schemas say."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from tests.unit.published.conftest import Said
from tests.unit.schemas.strategies import EVENT, attributes

from accord_broker.wire.attributes import taken_apart
from accord_schemas.contract import schemas as published
from accord_schemas.contract.schemas import AGREEMENT, ATTRIBUTES, BASE, QUARANTINED, event_path, schemas
from accord_schemas.events import EVENTS, JSON, Accept, Event, Propose, Tags
from accord_schemas.header import REQUIRED, SHAPES
from accord_schemas.quarantine import Quarantined

SCHEMAS = schemas()
REGISTRY: Any = [Resource.from_contents(schema) for schema in SCHEMAS.values()] @ Registry()
"""As any reader makes it: documents are found by their `$id` alone."""


def problems(path: str, value: Any, *, inside: int = 0) -> list[str]:
    """What a schema holds against a value; `inside` so many layers of content."""
    pointer = "/contentSchema" * inside
    validator = Draft202012Validator({"$ref": f"{BASE}{path}#{pointer}"}, registry=REGISTRY)
    return [error.message for error in validator.iter_errors(value)]


def view(event: Event) -> dict[str, Any]:
    """Fields as JSON: arrays as lists, bytes as text of as many characters."""
    found = {}
    for name in type(event).model_fields:
        value = getattr(event, name)
        value = value.tolist() if isinstance(value, np.ndarray) else value
        found[name] = value.decode("latin-1") if isinstance(value, bytes) else value
    return found


def layers(kind: type[Event]) -> int:
    return 0 if kind.family in JSON else 2 if kind.encrypted else 1


@pytest.mark.parametrize("path", SCHEMAS)
def test_each_is_a_json_schema_of_2020_12(path: str) -> None:
    assert SCHEMAS[path]["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(SCHEMAS[path])
    assert "description" in SCHEMAS[path]
    assert SCHEMAS[path]["$id"] == BASE + path


def test_there_is_one_per_event_type() -> None:
    named = {
        path.removeprefix("events/").removesuffix(".schema.json") for path in SCHEMAS if path.startswith("events/")
    }
    assert named == set(EVENTS)
    assert all(SCHEMAS[event_path(kind)]["title"] == kind.type for kind in EVENTS.values())


def test_a_played_collaboration_is_valid(said: Said) -> None:
    assert len({frame.header.type for _, frame in said}) > 15
    for _, frame in said:
        assert not problems(ATTRIBUTES, taken_apart(frame))
        if frame.header.event_class.family in JSON:
            assert not problems(event_path(frame.header.event_class), json.loads(frame.payload))


def test_an_agreement_is_looked_into(said: Said) -> None:
    proposal = next(f for _, f in said if f.header.event_class is Propose)
    data = json.loads(proposal.payload)
    assert not problems(AGREEMENT, data["agreement"])
    data["agreement"]["parties"]["bank"]["role"] = "Emperor of all"
    assert problems(event_path(Propose), data)
    del data["agreement"]["parties"]
    assert problems(AGREEMENT, data["agreement"])


@given(EVENT.filter(lambda event: not isinstance(event, Propose)))
def test_fields_of_every_event_are_valid(event: Event) -> None:
    kind = type(event)
    assert not problems(event_path(kind), view(event), inside=layers(kind))


@given(EVENT.filter(lambda event: any(field.is_required() for field in type(event).model_fields.values())))
def test_a_missing_field_is_not(event: Event) -> None:
    kind, fields = type(event), view(event)
    del fields[min(name for name, field in kind.model_fields.items() if field.is_required())]
    assert problems(event_path(kind), fields, inside=layers(kind))


def test_sealed_events_say_what_travels_and_what_is_inside() -> None:
    schema = SCHEMAS[event_path(Tags)]
    assert schema["contentMediaType"] == "application/vnd.accord.encrypted"
    assert schema["contentSchema"]["contentMediaType"] == "application/vnd.accord.blocks"
    tags = schema["contentSchema"]["contentSchema"]["properties"]["tags"]
    assert (tags["x-accord-dtype"], tags["x-accord-shape"]) == ("u1", [None, 32])
    assert problems(event_path(Tags), {"tags": [[0] * 31]}, inside=2)
    assert problems(event_path(Tags), {"tags": [[256] * 32]}, inside=2)


@pytest.mark.parametrize("name", sorted({*SHAPES, "signature"}))
def test_each_attribute_has_its_form(name: str) -> None:
    frame = attributes(Accept, b"{}") | {"signature": "AAAA"}
    assert bool(problems(ATTRIBUTES, {n: v for n, v in frame.items() if n != name})) == (
        name in {*REQUIRED, "signature"}
    )
    assert problems(ATTRIBUTES, frame | {name: "!"})
    assert problems(ATTRIBUTES, frame | {name: 7})


def test_each_attribute_is_explained() -> None:
    assert set(published._MEANINGS) == set(SHAPES)


def test_a_record_of_the_quarantine() -> None:
    record = Quarantined(
        time="2026-01-01T00:00:00.000Z", party="shop", source="bank", reason="x", digest="0" * 64, size=3
    )
    data = json.loads(record.encode())
    assert not problems(QUARANTINED, data)
    assert problems(QUARANTINED, data | {"digest": "x"})
