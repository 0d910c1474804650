"""YAML 1.2 (core schema): `1e-7` is a number, `no` is text, `0o7` is seven, `1:30` is text; keys are always text.

PyYAML reads YAML 1.1. Its scanner and parser serve both versions; what plain words mean is decided here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, ClassVar

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from accord_schemas.errors import UsageError

MAX_BYTES = 1 << 20
MAX_NODES = 100_000
"""After aliases are expanded: a few hundred bytes of nested aliases stand for billions of values."""

_TAG = "tag:yaml.org,2002:"
_RESOLVERS = (
    ("null", r"~|null|Null|NULL|", ("~", "n", "N", "")),
    ("bool", r"true|True|TRUE|false|False|FALSE", tuple("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", tuple("-+0123456789")),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        tuple("-+.0123456789"),
    ),
)


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}  # type: ignore[misc]
    yaml_constructors: ClassVar[dict[Any, Any]] = {}

    def get_single_data(self) -> Any:
        node = self.get_single_node()
        if node is None:
            return None
        _bound(node)
        return self.construct_document(node)


class _Dumper(yaml.SafeDumper):
    """Quotes whatever either version of YAML would take for something other than text."""


def _text(dumper: _Dumper, text: str) -> ScalarNode:
    breaks = {"\x85", "\u2028", "\u2029"} & {*text}  # line breaks to YAML 1.1 alone: only as escapes do they survive
    return dumper.represent_scalar(_TAG + "str", text, style='"' if breaks else None)


_Dumper.add_representer(str, _text)

for _name, _pattern, _first in _RESOLVERS:
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(_TAG + _name, re.compile(rf"^(?:{_pattern})$"), _first)


def _bound(root: Node) -> None:
    sizes: dict[int, int] = {}

    def size(node: Node, above: frozenset[int]) -> int:
        if id(node) in above:
            raise yaml.MarkedYAMLError(None, None, "an alias inside what it stands for", node.start_mark)
        if id(node) not in sizes:
            inner = above | {id(node)}
            sizes[id(node)] = 1 + sum(size(child, inner) for child in _children(node))
        if sizes[id(node)] > MAX_NODES:
            raise yaml.MarkedYAMLError(None, None, f"more than {MAX_NODES} values, aliases included", node.start_mark)
        return sizes[id(node)]

    size(root, frozenset())


def _children(node: Node) -> Iterator[Node]:
    if isinstance(node, MappingNode):
        for pair in node.value:
            yield from pair
    elif isinstance(node, SequenceNode):
        yield from node.value


def _mapping(loader: _Loader, node: MappingNode) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, ScalarNode):
            raise yaml.MarkedYAMLError(None, None, "a key must be one word or text", key.start_mark)
        if key.value in result:
            raise yaml.MarkedYAMLError(None, None, f"the key {key.value!r} stands here twice", key.start_mark)
        result[key.value] = loader.construct_object(value, deep=True)
    return result


def _sequence(loader: _Loader, node: SequenceNode) -> list[Any]:
    return [loader.construct_object(child, deep=True) for child in node.value]


def _scalar(loader: _Loader, node: ScalarNode) -> Any:
    text, kind = str(node.value), str(node.tag).removeprefix(_TAG)
    pattern = next((p for name, p, _ in _RESOLVERS if name == kind), None)
    if pattern is not None and not re.fullmatch(pattern, text):  # an explicit tag on something else
        raise yaml.MarkedYAMLError(None, None, f"{text!r} is no {kind}", node.start_mark)
    match kind:
        case "null":
            return None
        case "bool":
            return text.lower() == "true"
        case "int":
            return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
        case "float":
            return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text


def _unknown(_loader: _Loader, node: Node) -> Any:
    raise yaml.MarkedYAMLError(None, None, f"the tag {node.tag!r} has no meaning here", node.start_mark)


for _name in ("null", "bool", "int", "float", "str"):
    _Loader.add_constructor(_TAG + _name, _scalar)
_Loader.add_constructor(_TAG + "map", _mapping)
_Loader.add_constructor(_TAG + "seq", _sequence)
_Loader.add_constructor(None, _unknown)  # else PyYAML takes what any other tag stands before as it is


def parse(text: str, source: str) -> Any:
    """The value of one YAML 1.2 or JSON document: dicts with text keys, lists, text, numbers, booleans, None.

    Args:
        text: The document.
        source: What to call it in errors.

    Raises:
        UsageError: Not YAML (names the line), a key twice, or larger than a scenario can be.
    """
    if len(text) > MAX_BYTES:
        raise UsageError(f"{source} is larger than {MAX_BYTES} bytes; a scenario is a short text.")
    try:
        value = _json(text)
        json.dumps(value, ensure_ascii=False).encode()
    except yaml.YAMLError as error:
        raise UsageError(f"{source}{_where(error)}", hint="Scenarios are YAML 1.2; JSON is allowed too.") from None
    except RecursionError:
        raise UsageError(f"{source} is nested too deeply.") from None
    except UnicodeEncodeError:
        raise UsageError(f"{source} holds half of a character: a lone \\ud800 to \\udfff escape.") from None
    except ValueError as error:  # an integer of thousands of digits
        raise UsageError(f"{source}: {error}") from None
    return value


def _json(text: str) -> Any:
    """JSON by its own rules, which PyYAML lacks in details (escapes of two halves, tabs); all else is YAML."""
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_other)
    except ValueError:
        return yaml.load(text, Loader=_Loader)  # noqa: S506  # a SafeLoader with fewer types


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        raise ValueError  # the YAML reader says where
    return result


def _other(constant: str) -> Any:
    raise ValueError(constant)  # NaN and Infinity are no JSON, and text in YAML


def _where(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and (mark := error.problem_mark or error.context_mark):
        problem = ", ".join(part for part in (error.problem, error.context) if part)
        return f" line {mark.line + 1}, column {mark.column + 1}: {problem}."
    position = getattr(error, "position", 0)
    return f": the character at position {position} is not allowed in YAML."


def dump(value: Any) -> str:
    """YAML that `parse` and any reader of YAML 1.1 read back to the same value.

    Args:
        value: Dicts, lists, text, numbers, booleans, None.
    """
    return yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=1 << 16)
