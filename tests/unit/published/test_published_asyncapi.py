"""The AsyncAPI document against what the adapters do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.unit.schemas.strategies import frame

from accord_broker.kafka import binding as on_kafka
from accord_broker.kafka import parse as kafka_place
from accord_broker.kafka.topics import CREATED
from accord_broker.mqtt import binding as on_mqtt
from accord_broker.mqtt import parse as mqtt_place
from accord_broker.port import FAMILIES, QUARANTINE, Record
from accord_schemas.contract.asyncapi import PATH, document
from accord_schemas.contract.export import documents
from accord_schemas.events import EVENTS, Accept
from accord_schemas.header import content_type
from accord_schemas.quarantine import TYPE, Quarantined

DOCUMENT = document()
JOB = "00" * 16
FRAME = frame(Accept(commitment="0" * 64))


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_every_reference_leads_somewhere() -> None:
    whole = documents()
    found = set(references(DOCUMENT))
    assert len(found) > 30
    for reference in found:
        file, _, pointer = reference.partition("#")
        at = whole[file or PATH]
        for step in filter(None, pointer.split("/")):
            at = at[step]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_channel_is_the_topic_that_adapters_use(family: str) -> None:
    kafka, mqtt = DOCUMENT["channels"][f"kafka.{family}"], DOCUMENT["channels"][f"mqtt.{family}"]
    assert kafka["address"].format(namespace="ns") == kafka_place("kafka://h/ns").topic(family)
    assert mqtt["address"].format(namespace="ns", collaboration=JOB) == mqtt_place("mqtt://h/ns").topic(family, JOB)
    configured = kafka["bindings"]["kafka"]["topicConfiguration"]
    assert {**CREATED, "cleanup.policy": configured["cleanup.policy"][0]} == CREATED
    assert str(configured["retention.ms"]) == CREATED["retention.ms"]


def test_channels_are_the_families() -> None:
    assert set(DOCUMENT["channels"]) == {f"{p}.{family}" for p in ("kafka", "mqtt") for family in FAMILIES}


def test_every_event_is_on_its_family_with_its_content_type() -> None:
    for protocol in ("kafka", "mqtt"):
        found = {
            message["name"]: (name, message["contentType"])
            for name, channel in DOCUMENT["channels"].items()
            for message in channel["messages"].values()
            if name.startswith(protocol) and not name.endswith(QUARANTINE)
        }
        assert found == {t: (f"{protocol}.{kind.family}", content_type(kind)) for t, kind in EVENTS.items()}


def test_headers_are_those_that_adapters_write() -> None:
    traits = DOCUMENT["components"]["messageTraits"]
    _, pairs = on_kafka.to_message(Record("control", JOB, FRAME.encode()))
    written, described = {name for name, _ in pairs}, traits["kafka"]["headers"]
    assert set(described["required"]) <= written <= set(described["properties"])
    properties: Any = on_mqtt.to_message(Record("control", JOB, FRAME.encode()))[1]
    written, described = {name for name, _ in properties.UserProperty}, traits["mqtt"]["headers"]
    assert set(described["required"]) <= written <= set(described["properties"])


def test_headers_in_the_quarantine_are_those_that_adapters_write() -> None:
    told = Quarantined(
        time="2026-01-01T00:00:00.000Z", party="shop", source="bank", reason="x", digest="ab" * 32, size=3
    )
    record = Record(QUARANTINE, JOB, told.encode())
    properties: Any = on_mqtt.to_message(record)[1]
    written = {"kafka": dict(on_kafka.to_message(record)[1]), "mqtt": dict(properties.UserProperty)}
    assert properties.ContentType == "application/json"
    for protocol, headers in written.items():
        (message,) = DOCUMENT["channels"][f"{protocol}.{QUARANTINE}"]["messages"].values()
        assert message["name"] == TYPE
        assert set(headers) == set(message["headers"]["required"]) == set(message["headers"]["properties"])


def test_agents_only_write_to_the_quarantine() -> None:
    actions = {name for name in DOCUMENT["operations"] if name.endswith(QUARANTINE)}
    assert actions == {f"send.kafka.{QUARANTINE}", f"send.mqtt.{QUARANTINE}"}
