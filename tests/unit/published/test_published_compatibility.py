"""Which changes of the contract break it: examples of both kinds."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from accord_schemas.contract.compatibility import breaks
from accord_schemas.contract.export import documents

EVENT = "events/x.schema.json"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 10, "pattern": "^a", "minLength": 1},
        "count": {"type": "integer", "minimum": 0, "maximum": 5},
        "choice": {"enum": ["a", "b"], "type": "string"},
        "version": {"const": 1, "type": "integer"},
        "maybe": {"anyOf": [{"type": "number", "minimum": 0}, {"type": "null"}]},
        "list": {"type": "array", "items": {"type": "string", "maxLength": 5}},
        "free": {"type": "object", "additionalProperties": {"type": "string"}},
        "member": {"$ref": "#/$defs/Member"},
        "other": {"$ref": "../other.schema.json"},
        "late": {"type": "string"},
    },
    "required": ["name", "count"],
    "$defs": {"Member": {"type": "object", "properties": {"role": {"enum": ["x", "y"], "type": "string"}}}},
}
OTHER = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}
SEALED = {
    "contentMediaType": "sealed",
    "contentSchema": {
        "contentMediaType": "blocks",
        "contentSchema": {
            "type": "object",
            "properties": {"tags": {"type": "array", "x-accord-dtype": "u1", "x-accord-shape": [None, 32]}},
            "required": ["tags"],
        },
    },
}
OLD = {EVENT: SCHEMA, "other.schema.json": OTHER, "events/sealed.schema.json": SEALED}
Change = Callable[[dict[str, Any]], object]


def changed(change: Change) -> list[str]:
    new = copy.deepcopy(OLD)
    change(new)
    assert new != OLD
    return breaks(OLD, new)


def of(field: str, **values: Any) -> Change:
    return lambda new: new[EVENT]["properties"][field].update(values)


def tags(new: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = new["events/sealed.schema.json"]["contentSchema"]["contentSchema"]["properties"]["tags"]
    return found


INCOMPATIBLE: dict[str, Change] = {
    "events/x.schema.json is gone": lambda new: new.pop(EVENT),
    "the field count is gone": lambda new: new[EVENT]["properties"].pop("count"),
    "the field late is required now": lambda new: new[EVENT]["required"].append("late"),
    "the field fresh is required now": lambda new: (
        new[EVENT]["properties"].update(fresh={"type": "string"}),
        new[EVENT]["required"].append("fresh"),
    ),
    "the field count may be missing now": lambda new: new[EVENT]["required"].remove("count"),
    "count: the type changed": of("count", type="number"),
    "late: the type changed": of("late", type=["string", "null"]),
    "name: pattern changed": of("name", pattern="^b"),
    "late: pattern changed": of("late", pattern="^b"),
    "name: maxLength fell": of("name", maxLength=9),
    "late: maxLength fell": of("late", maxLength=9),
    "name: minLength rose": of("name", minLength=2),
    "count: minimum rose": of("count", minimum=1),
    "count: maximum fell": of("count", maximum=4),
    "count: multipleOf changed": of("count", multipleOf=2),
    "choice: values are not allowed any more": of("choice", enum=["a"]),
    "late: values are not allowed any more": of("late", enum=["a"]),
    "choice: values are not enumerated any more": lambda new: new[EVENT]["properties"]["choice"].pop("enum"),
    "version: values are not allowed any more": of("version", const=2),
    "maybe: the type changed": lambda new: new[EVENT]["properties"]["maybe"]["anyOf"].pop(),
    "maybe: one of several forms is gone or changed": lambda new: new[EVENT]["properties"]["maybe"]["anyOf"][0].update(
        minimum=1
    ),
    "list, items: maxLength fell": of("list", items={"type": "string", "maxLength": 4}),
    "free, additionalProperties: the type changed": of("free", additionalProperties={"type": "integer"}),
    "free, additionalProperties: what may be inside is restricted now": of("free", additionalProperties=False),
    "member, role: values are not allowed any more": lambda new: new[EVENT]["$defs"]["Member"]["properties"][
        "role"
    ].update(enum=["x"]),
    "other: $ref changed": of("other", **{"$ref": "../another.schema.json"}),
    "other.schema.json: the field id is gone": lambda new: new["other.schema.json"]["properties"].pop("id"),
    "sealed.schema.json: contentMediaType changed": lambda new: new["events/sealed.schema.json"].update(
        contentMediaType="blocks"
    ),
    "contentSchema: what is inside is not described any more": lambda new: new["events/sealed.schema.json"].pop(
        "contentSchema"
    ),
    "tags: x-accord-dtype changed": lambda new: tags(new).update({"x-accord-dtype": "<u8"}),
    "tags: x-accord-shape changed": lambda new: tags(new).update({"x-accord-shape": [None, 33]}),
}
COMPATIBLE: dict[str, Change] = {
    "another event": lambda new: new.update({"events/y.schema.json": OTHER}),
    "an optional field": lambda new: new[EVENT]["properties"].update(fresh={"type": "string"}),
    "another value": of("choice", enum=["a", "b", "c"]),
    "a second value beside a constant": lambda new: new[EVENT]["properties"].update(
        version={"enum": [1, 2], "type": "integer"}
    ),
    "wider bounds": of("count", minimum=-1, maximum=6),
    "a longer text": of("name", maxLength=11),
    "no bound": lambda new: new[EVENT]["properties"]["count"].pop("maximum"),
    "other words": of("name", description="what it is called"),
    "a definition by another name": lambda new: (
        new[EVENT].update({"$defs": {"Person": SCHEMA["$defs"]["Member"]}}),
        new[EVENT]["properties"].update(member={"$ref": "#/$defs/Person"}),
    ),
    "an optional field inside": lambda new: new["events/sealed.schema.json"]["contentSchema"]["contentSchema"][
        "properties"
    ].update(more={"type": "array"}),
}


@pytest.mark.parametrize("said", INCOMPATIBLE)
def test_what_breaks_is_named(said: str) -> None:
    assert any(said in line for line in changed(INCOMPATIBLE[said])), changed(INCOMPATIBLE[said])


@pytest.mark.parametrize("what", COMPATIBLE)
def test_additions_pass(what: str) -> None:
    assert changed(COMPATIBLE[what]) == []


def test_nothing_changed() -> None:
    assert breaks(OLD, OLD) == []


def test_a_schema_that_holds_itself_ends() -> None:
    tree = {"type": "object", "properties": {"left": {"$ref": "#"}, "word": {"type": "string"}}}
    other = copy.deepcopy(tree)
    assert breaks({EVENT: tree}, {EVENT: other}) == []
    other["properties"]["word"]["type"] = "integer"  # type: ignore[index]
    assert breaks({EVENT: tree}, {EVENT: other})


CHANNELS: dict[str, Change] = {
    "channel kafka.control is gone": lambda new: new["channels"].pop("kafka.control"),
    "channel mqtt.psi has another address": lambda new: new["channels"]["mqtt.psi"].update(address="x"),
    "message gate: another name, or none": lambda new: new["channels"]["kafka.control"]["messages"].pop("gate"),
    "message tags: another contentType": lambda new: new["channels"]["mqtt.psi"]["messages"]["tags"].update(
        contentType="application/json"
    ),
}


@pytest.mark.parametrize("said", CHANNELS)
def test_channels_stay(said: str) -> None:
    old = documents()
    new = copy.deepcopy(old)
    CHANNELS[said](new["asyncapi.json"])
    assert any(said in line for line in breaks(old, new))


def test_an_attribute_that_is_required_breaks() -> None:
    old = documents()
    new = copy.deepcopy(old)
    new["attributes.schema.json"]["required"].append("epoch")
    assert breaks(old, new) == ["attributes.schema.json: the field epoch is required now"]
