"""One JSON Schema per event type, for the attributes, the agreement and the quarantine record.

Schemas are open: a consumer ignores what it does not know, so that a later version may add to them. Agents are strict.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from accord_schemas.agreement import Agreement
from accord_schemas.events import EVENTS, Event, Propose
from accord_schemas.frame import MAX_SIGNATURE
from accord_schemas.header import REQUIRED, SHAPES, content_type
from accord_schemas.quarantine import Quarantined
from accord_schemas.suites import NAMED

Schema = dict[str, Any]
NONE: Mapping[str, type[BaseModel]] = {}
ATTRIBUTES, AGREEMENT, QUARANTINED = "attributes.schema.json", "agreement.schema.json", "quarantined.schema.json"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
BASE = "https://accord.example/contract/1/"
"""What `$id` begins with, so that a validator that was given all documents finds one from another. Nothing is there."""
_SIGNATURE = (2, (MAX_SIGNATURE * 4 + 2) // 3)
_MEANINGS = {
    "agreement": "Digest of the agreement, which every signature thereby covers.",
    "chunk": "k/n where the content has several records, which share instance, step and source.",
    "datacontenttype": "What the record's value is.",
    "epoch": "Key epoch of an encrypted value.",
    "eventnumber": "The sender's counter in this collaboration, from 1 without gaps; absent in an acknowledgement.",
    "id": "subject/eventnumber; an acknowledgement is named by what it says.",
    "instance": "The machine that says this; unique together with step, source and chunk.",
    "payloadhash": "Hash of the record's value.",
    "previoushash": "Digest of the sender's event before this one, over header and signature.",
    "recipients": "Names of the parties that this is for, sorted; only they can open an encrypted value.",
    "salt": "Salt of an encrypted value.",
    "source": "Name of the party that says this.",
    "specversion": "CloudEvents 1.0.",
    "step": "The step of the machine that says this.",
    "subject": "Id of the collaboration.",
    "suite": "Algorithms of hash and signature: sm for SM3 and SM2, pq for SHA-256 and ML-DSA-65 with Ed25519; absent "
    "for SHA-256 and Ed25519.",
    "time": "When the sender said this, by its own clock, in UTC.",
    "type": "The event's type; it names the schema of the value.",
    "watermarks": "party=n,...: the sender holds everything that the party said up to n.",
}


class _Open(GenerateJsonSchema):
    """Without titles that repeat names, and without closing objects; bytes say what they are."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def model_schema(self, schema: core_schema.ModelSchema) -> Schema:
        found = super().model_schema(schema)
        found.pop("additionalProperties", None)
        return found

    def bytes_schema(self, schema: core_schema.BytesSchema) -> Schema:
        return super().bytes_schema(schema) | {"x-accord-dtype": "bytes"}


def event_path(kind: type[Event]) -> str:
    """Where an event's schema is, in the contract's folder."""
    return f"events/{kind.type}.schema.json"


def schemas(files: Mapping[str, type[BaseModel]] = NONE) -> dict[str, Schema]:
    """Every JSON Schema by its path in the contract's folder.

    Args:
        files: What parties are left with and others may read, by path: their forms are a higher floor's.
    """
    found = {event_path(kind): event_schema(kind) for kind in EVENTS.values()}
    found[ATTRIBUTES] = attributes_schema()
    found[AGREEMENT] = _model(Agreement)
    found[QUARANTINED] = _model(Quarantined)
    found |= {path: _model(model) for path, model in files.items()}
    return {path: {"$schema": _DIALECT, "$id": BASE + path, **schema} for path, schema in found.items()}


def event_schema(kind: type[Event]) -> Schema:
    """What a record of this type has as its value.

    JSON is described as it is. Bytes are described by their media type, and by a schema of what is inside
    (``contentSchema``, JSON Schema Validation section 8.5): an encrypted value holds blocks, blocks hold fields. A
    field of numbers says its dtype and shape; a field of bytes is text of as many characters there.
    """
    fields = _model(kind)
    if kind is Propose:
        fields["properties"]["agreement"] = {"$ref": f"../{AGREEMENT}"}
    title, description = kind.type, fields.pop("description")
    fields.pop("title")
    if content_type(kind) != "application/json":
        fields = {"contentMediaType": "application/vnd.accord.blocks", "contentSchema": fields}
    if kind.encrypted:
        fields = {"contentMediaType": content_type(kind), "contentSchema": fields}
    return {"title": title, "description": description, **fields}


def attributes_schema() -> Schema:
    """The CloudEvents attributes of a record by name, the extension ``signature`` among them."""
    properties: dict[str, Schema] = {
        name: {"type": "string", "pattern": f"^(?:{shape})$", "description": _MEANINGS.get(name, "")}
        for name, shape in SHAPES.items()
    }
    properties["suite"] = {"type": "string", "enum": list(NAMED), "description": _MEANINGS["suite"]}
    least, most = _SIGNATURE
    properties["signature"] = {
        "type": "string",
        "pattern": "^[A-Za-z0-9_-]+$",
        "minLength": least,
        "maxLength": most,
        "description": "The sender's signature over the other attributes; base64url (RFC 4648 section 5), no padding.",
    }
    return {
        "title": "Attributes",
        "description": "CloudEvents 1.0.2 attributes of every record outside quarantine. All are text.",
        "type": "object",
        "properties": properties,
        "required": sorted({*REQUIRED, "signature"}),
    }


def _model(model: type[BaseModel]) -> Schema:
    return model.model_json_schema(schema_generator=_Open)
