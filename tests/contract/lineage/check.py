"""Holds OpenLineage events, one a line of standard input, against the classes that OpenLineage makes from its schema.

Run with the published package on the path. Everything counts: fields that a class does not have or misses, their types,
the checks of the classes themselves, and that each facet is of the kind that its place takes. Prints what is wrong.
"""

from __future__ import annotations

import enum
import importlib
import json
import pkgutil
import sys
import types
import typing
from typing import Any

import attr
from openlineage.client import generated
from openlineage.client.generated.base import BaseFacet, RunEvent

KNOWN: dict[str, Any] = {}
for found in pkgutil.iter_modules(generated.__path__):
    module = importlib.import_module(f"{generated.__name__}.{found.name}")
    for member in vars(module).values():
        if isinstance(member, type) and attr.has(member) and hasattr(member, "_get_schema"):
            KNOWN[member._get_schema()] = member


def structured(kind: Any, value: Any, where: str) -> Any:
    """A value as its kind.

    Raises:
        ValueError: It is none.
    """
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        if value is None and type(None) in inner:
            return None
        return structured(next(one for one in inner if one is not type(None)), value, where)
    if origin is list:
        return [structured(inner[0], one, f"{where}/{k}") for k, one in enumerate(_of(list, value, where))]
    if origin is dict:
        return {name: structured(inner[1], one, f"{where}/{name}") for name, one in _of(dict, value, where).items()}
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return kind(value)
    if isinstance(kind, type) and attr.has(kind):
        return _object(kind, dict(_of(dict, value, where)), where)
    return _of(kind, value, where)


def _object(kind: Any, value: dict[str, Any], where: str) -> Any:
    address = "_schemaURL" if issubclass(kind, BaseFacet) else "schemaURL" if kind is RunEvent else ""
    if address:
        named = KNOWN.get(value.pop(address, None))
        if named is None or not issubclass(named, kind):
            raise ValueError(f"{where}: {address} names no {kind.__name__}")
        kind = named
    hints, fields = typing.get_type_hints(kind), {f.name: f for f in attr.fields(kind)}
    if strange := sorted(value.keys() - fields.keys()):
        raise ValueError(f"{where}: {kind.__name__} has no {strange[0]}")
    given = {fields[name].alias: structured(hints[name], one, f"{where}/{name}") for name, one in value.items()}
    if address and not given.get("producer"):
        raise ValueError(f"{where}: no producer")  # the class would put its own there
    return kind(**given)  # a TypeError names what is missing


def _of(kind: type, value: Any, where: str) -> Any:
    if type(value) is not kind:
        raise ValueError(f"{where}: {value!r} is no {kind.__name__}")
    return value


if __name__ == "__main__":
    wrong = 0
    for number, line in enumerate(sys.stdin, 1):
        try:
            structured(RunEvent, json.loads(line), f"line {number}")
        except (ValueError, TypeError) as error:
            wrong = 1
            print(f"line {number}: {error}")
    sys.exit(wrong)
