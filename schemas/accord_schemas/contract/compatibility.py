"""What a change of the contract breaks.

Two promises count. Old events stay valid: they lie on logs that are kept for years. And what a consumer relies on stays
true: types keep their names, fields that are always there stay, a value keeps its type. So additions pass (types,
optional fields, enumerated values, wider bounds), and everything else does not. Patterns are compared as text, and so
are references to other documents, each of which is compared by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from accord_schemas.contract.asyncapi import PATH

Documents = dict[str, Any]
"""A contract: each document by its path in the contract's folder."""
_FIXED = ("$ref", "default", "pattern", "format", "multipleOf", "contentMediaType", "x-accord-dtype", "x-accord-shape")
_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_INSIDE = ("items", "contentSchema", "additionalProperties", "propertyNames")


def breaks(old: Documents, new: Documents) -> list[str]:
    """Each incompatible change from one contract to another, named with its place.

    Args:
        old: What was released.
        new: What would take its place.
    """
    return [*_documents(old, new)]


def _documents(old: Documents, new: Documents) -> Iterator[str]:
    for path, document in sorted(old.items()):
        if path not in new:
            yield f"{path} is gone"
        elif path == PATH:
            yield from _channels(document, new[path])
        else:
            yield from _Pair(document, new[path]).compare(path, document, new[path])


def _channels(old: Documents, new: Documents) -> Iterator[str]:
    for name, channel in sorted(old["channels"].items()):
        if (other := new["channels"].get(name)) is None:
            yield f"channel {name} is gone"
            continue
        if channel["address"] != other["address"]:
            yield f"channel {name} has another address"
        for key, message in sorted(channel["messages"].items()):
            now = other["messages"].get(key, {})
            for field in ("name", "contentType"):
                if message[field] != now.get(field):
                    yield f"channel {name}, message {key}: another {field}, or none"


class _Pair:
    """Two versions of one document."""

    def __init__(self, old: Any, new: Any) -> None:
        self._old, self._new = old, new
        self._open: set[tuple[str, str]] = set()

    def compare(self, at: str, old: Any, new: Any) -> Iterator[str]:
        """Differences between two schemas, in depth."""
        references = (_local(old), _local(new))
        if any(references):
            if references not in self._open:  # a schema that holds itself is compared once
                self._open.add(references)
                yield from self.compare(at, _resolved(old, self._old), _resolved(new, self._new))
                self._open.discard(references)
            return
        if _types(old) != _types(new):
            yield f"{at}: the type changed"
            return
        yield from _values(at, old, new)
        yield from self._fields(at, old, new)
        for name in _INSIDE:
            if (before := old.get(name)) != (now := new.get(name)):
                yield from self._inside(f"{at}, {name}", before, now)
        for branch in old.get("anyOf", []):
            if all([*self.compare(at, branch, other)] for other in new.get("anyOf", [new])):
                yield f"{at}: one of several forms is gone or changed"

    def _fields(self, at: str, old: Any, new: Any) -> Iterator[str]:
        before, now = old.get("properties", {}), new.get("properties", {})
        required, demanded = set(old.get("required", [])), set(new.get("required", []))
        for name, schema in sorted(before.items()):
            if name in now:
                yield from self.compare(f"{at}, {name}", schema, now[name])
            else:
                yield f"{at}: the field {name} is gone"
        for name in sorted(demanded - required):
            yield f"{at}: the field {name} is required now"
        for name in sorted((required - demanded) & set(now)):
            yield f"{at}: the field {name} may be missing now"

    def _inside(self, at: str, old: Any, new: Any) -> Iterator[str]:
        if isinstance(old, dict) and isinstance(new, dict):
            yield from self.compare(at, old, new)
        elif new not in (None, True):
            yield f"{at}: what may be inside is restricted now"
        elif at.endswith("contentSchema"):
            yield f"{at}: what is inside is not described any more"


def _local(schema: Any) -> str:
    """A reference within the document, or nothing."""
    reference: str = schema.get("$ref", "")
    return reference if reference.startswith("#") else ""


def _resolved(schema: Any, document: Any) -> Any:
    if not (reference := _local(schema)):
        return schema
    for step in filter(None, reference.removeprefix("#").split("/")):
        document = document[step]
    return document


def _values(at: str, old: Any, new: Any) -> Iterator[str]:
    for name in _FIXED:
        if old.get(name) != new.get(name):
            yield f"{at}: {name} changed"
    for name in _LOWER:
        if name in new and new[name] > old.get(name, float("-inf")):
            yield f"{at}: {name} rose"
    for name in _UPPER:
        if name in new and new[name] < old.get(name, float("inf")):
            yield f"{at}: {name} fell"
    allowed, was = _enumerated(new), _enumerated(old)
    if allowed is not None and (was is None or not was <= allowed):
        yield f"{at}: values are not allowed any more"
    elif allowed is None and was is not None:
        yield f"{at}: values are not enumerated any more"


def _types(schema: Any) -> set[str]:
    """The JSON types that a schema allows, those of its alternatives included."""
    branches = schema.get("anyOf", [])
    if branches:
        return {kind for branch in branches for kind in _types(branch)}
    named = schema.get("type", [])
    return {named} if isinstance(named, str) else set(named)


def _enumerated(schema: Any) -> set[str] | None:
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    return None if values is None else {repr(value) for value in values}
