"""The AsyncAPI 3.1.0 document: servers, a channel per family and protocol, their messages, bindings and security.

A Kafka topic holds all collaborations of a namespace, an MQTT topic one; so a family has a channel on each. Operations
are an agent's: consumers only receive.
"""

from __future__ import annotations

from typing import Any

from accord_schemas.contract.schemas import ATTRIBUTES, QUARANTINED, event_path
from accord_schemas.events import EVENTS, Event
from accord_schemas.header import REQUIRED, SHAPES, content_type
from accord_schemas.quarantine import FAMILY as QUARANTINE
from accord_schemas.quarantine import TYPE as REFUSED

VERSION = "1.1.0"
"""Of the contract: the first number changes with an incompatible change, the second with an addition."""
PATH = "asyncapi.json"
_SCHEMA_FORMAT = "application/vnd.aai.asyncapi+json;version=3.1.0"
"""What tools look into: the official parser lets a format that it does not know, such as 2020-12's, pass unseen."""
_NAMESPACE = {"description": "Prefix of all topics of a group of parties: letters, digits, dot, dash, underscore."}
_COLLABORATION = {"description": "Id of the collaboration; `#` or `+` in a subscription stands for all."}
_FAMILIES = {
    "control": "Proposals, consent, refusals, gate decisions, completion, acknowledgements. JSON in clear, signed.",
    "keys": "Public keys by purpose, sizes of id sets and commitments to them. Binary blocks in clear, signed.",
    "psi": "Overlap gate and alignment. Sealed to its recipients.",
    "intermediates": "Pads, products and shares of scores. Sealed to their recipients.",
    "gradients": "Residuals, sums and directions of training. Sealed to their recipients.",
    "results": "States and rounds that parties reached. JSON in clear, signed.",
    QUARANTINE: "What agents refuse, as digest and reason. JSON in clear for people, unsigned; read by no agent.",
}
_KAFKA = {"key": {"type": "string", "description": "Id of the collaboration."}, "bindingVersion": "0.5.0"}
_TOPIC = {"partitions": 1, "topicConfiguration": {"cleanup.policy": ["delete"], "retention.ms": -1}}
_TRACE = {
    "traceparent": "W3C Trace Context; beside the event, neither signed nor kept.",
    "tracestate": "W3C Trace Context; beside the event, neither signed nor kept.",
}


def document() -> dict[str, Any]:
    """The whole document; schemas are referred to by their path beside it."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for family in _FAMILIES:
        for protocol in ("kafka", "mqtt"):
            name = f"{protocol}.{family}"
            channels[name] = _channel(protocol, family)
            for action in ("send", "receive") if family != QUARANTINE else ("send",):
                operations[f"{action}.{name}"] = _operation(action, protocol, name)
    return {
        "asyncapi": "3.1.0",
        "info": {
            "title": "Accord events",
            "version": VERSION,
            "description": "What agents say to each other: CloudEvents 1.0.2 in binary mode. See ../contract.md.",
            "license": {"name": "GPL-3.0-or-later", "url": "https://www.gnu.org/licenses/gpl-3.0.html"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "kafka": _server("kafka-secure", "9093", ["scram", "certificate"], "`kafka` without TLS on port 9092."),
            "mqtt": _server("secure-mqtt", "8883", ["password", "certificate"], "`mqtt` without TLS on port 1883."),
        },
        "channels": channels,
        "operations": operations,
        "components": {
            "parameters": {"namespace": _NAMESPACE, "collaboration": _COLLABORATION},
            "messageTraits": {"kafka": _kafka_trait(), "mqtt": {"headers": _headers("")}},
            "securitySchemes": {
                "scram": {"type": "scramSha512", "description": "SASL/SCRAM-SHA-512 over TLS."},
                "certificate": {"type": "X509", "description": "A client's certificate."},
                "password": {"type": "userPassword", "description": "User and password over TLS."},
            },
        },
    }


def _server(protocol: str, port: str, security: list[str], otherwise: str) -> dict[str, Any]:
    return {
        "host": "{host}:{port}",
        "protocol": protocol,
        "description": f"The parties' broker. {otherwise}",
        "variables": {"host": {"default": "localhost"}, "port": {"default": port}},
        "security": [{"$ref": f"#/components/securitySchemes/{name}"} for name in security],
    }


def _channel(protocol: str, family: str) -> dict[str, Any]:
    kafka = protocol == "kafka"
    parameters = ["namespace"] if kafka else ["namespace", "collaboration"]
    if family == QUARANTINE:
        messages = {"refused": _refused(protocol)}
    else:
        messages = {_key(kind): _message(protocol, kind) for kind in EVENTS.values() if kind.family == family}
    return {
        "address": f"{{namespace}}.{family}" if kafka else f"{{namespace}}/{family}/{{collaboration}}",
        "title": family,
        "description": _FAMILIES[family],
        "servers": [{"$ref": f"#/servers/{protocol}"}],
        "parameters": {name: {"$ref": f"#/components/parameters/{name}"} for name in parameters},
        "messages": messages,
        **({"bindings": {"kafka": {**_TOPIC, "bindingVersion": "0.5.0"}}} if kafka else {}),
    }


def _key(kind: type[Event]) -> str:
    return kind.name if kind.version == 1 else f"{kind.name}.v{kind.version}"


def _message(protocol: str, kind: type[Event]) -> dict[str, Any]:
    summary, _, _ = (kind.__doc__ or "").partition("\n")
    kafka = protocol == "kafka"
    return {
        "name": kind.type,
        "title": kind.__name__,
        "summary": summary,
        "contentType": content_type(kind),
        "payload": {"schemaFormat": _SCHEMA_FORMAT, "schema": {"$ref": event_path(kind)}},
        "traits": [{"$ref": f"#/components/messageTraits/{protocol}"}],
        **({} if kafka else {"bindings": {"mqtt": {"contentType": content_type(kind), "bindingVersion": "0.2.0"}}}),
    }


def _refused(protocol: str) -> dict[str, Any]:
    """A CloudEvent too, but with few attributes: nobody signs it."""
    kafka, text = protocol == "kafka", {"type": "string"}
    prefix = "ce_" if kafka else ""
    field = f"{QUARANTINED}#/properties/"
    attributes: dict[str, Any] = {
        "specversion": {"$ref": f"{ATTRIBUTES}#/properties/specversion"},
        "type": text | {"const": REFUSED},
        "source": {"$ref": f"{field}party"},
        "id": {"$ref": f"{field}digest"},
        "subject": text | {"minLength": 1, "description": "Key of the record that held the bytes."},
        "time": {"$ref": f"{field}time"},
    }
    headers = {prefix + name: schema for name, schema in attributes.items()}
    if kafka:
        headers["content-type"] = text | {"const": "application/json"}
    binding = {"kafka": _KAFKA} if kafka else {"mqtt": {"contentType": "application/json", "bindingVersion": "0.2.0"}}
    return {
        "name": REFUSED,
        "title": "Refused",
        "summary": "Bytes that a party refused, by digest and reason.",
        "contentType": "application/json",
        "headers": {"type": "object", "properties": headers, "required": sorted(headers)},
        "payload": {"schemaFormat": _SCHEMA_FORMAT, "schema": {"$ref": QUARANTINED}},
        "bindings": binding,
    }


def _operation(action: str, protocol: str, channel: str) -> dict[str, Any]:
    mqtt = {"mqtt": {"qos": 1, "retain": False, "bindingVersion": "0.2.0"}}
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        **({"bindings": mqtt} if protocol == "mqtt" else {}),
    }


def _kafka_trait() -> dict[str, Any]:
    headers = _headers("ce_")
    headers["properties"]["content-type"] = {"$ref": f"{ATTRIBUTES}#/properties/datacontenttype"}
    headers["required"].append("content-type")
    return {"headers": headers, "bindings": {"kafka": _KAFKA}}


def _headers(prefix: str) -> dict[str, Any]:
    """Kafka's record headers or MQTT's user properties; the content type has a place of its own in both."""
    named = sorted({*SHAPES, "signature"} - {"datacontenttype"})
    attributes = {prefix + name: {"$ref": f"{ATTRIBUTES}#/properties/{name}"} for name in named}
    beside = {name: {"type": "string", "description": meaning} for name, meaning in _TRACE.items()}
    required = sorted({*REQUIRED, "signature"} - {"datacontenttype"})
    return {"type": "object", "properties": attributes | beside, "required": [prefix + name for name in required]}
