"""Every YAML file of the product: YAML 1.2 (core schema), read and written.

ruamel.yaml scans, parses and prints. What plain words mean is decided here, because its YAML 1.2 still takes ``1_000``,
``0b1`` and ``2024-01-01`` for other things than text, and `<<` and `=` for commands: `1e-7` is a number, `no` and
`1:30` are text, keys are always text, and a key that stands twice is an error.
"""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.representer import SafeRepresenter
from ruamel.yaml.resolver import BaseResolver, implicit_resolvers

from accord_schemas.errors import UsageError

MAX_BYTES = 1 << 20
MAX_NODES = 100_000
"""After aliases are expanded: a few hundred bytes of nested aliases stand for billions of values."""

_TAG = "tag:yaml.org,2002:"
_CORE = {  # section 10.3.2 of the specification
    "null": (r"~|null|Null|NULL|", ("~", "n", "N", "")),
    "bool": (r"true|True|TRUE|false|False|FALSE", tuple("tTfF")),
    "int": (r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", tuple("-+0123456789")),
    "float": (
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        tuple("-+.0123456789"),
    ),
}


class Whole(int):
    """A whole number that remembers how it is written: where text is wanted, ``010`` is a name."""

    written: str


class Decimal(float):
    """A number with a point or an exponent that remembers how it is written."""

    written: str


class _Resolver(BaseResolver):
    """What plain words mean, whatever version a file claims."""

    processing_version = (1, 2)

    def __init__(self, version: Any = None, loader: Any = None, loadumper: Any = None) -> None:
        super().__init__(loader or loadumper)


class _Quoting(_Resolver):
    """Quotes whatever either version of YAML would take for something other than text."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}  # type: ignore[misc]


class _Representer(SafeRepresenter):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(representer: _Representer, text: str) -> ScalarNode:
    breaks = {"\x85", "\u2028", "\u2029"} & {*text}  # line breaks to YAML 1.1 alone: only as escapes do they survive
    node: ScalarNode = representer.represent_scalar(_TAG + "str", text, style='"' if breaks else None)
    return node


def _float(representer: _Representer, value: float) -> ScalarNode:
    text = repr(value) if math.isfinite(value) else {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}[str(value)]
    text = text.replace("e", ".0e") if "." not in text else text  # without a point it is text to YAML 1.1
    node: ScalarNode = representer.represent_scalar(_TAG + "float", text)
    return node


_Representer.add_representer(str, _text)
_Representer.add_representer(float, _float)
for _name, (_pattern, _first) in _CORE.items():
    for _class in (_Resolver, _Quoting):
        _class.add_implicit_resolver_base(_TAG + _name, re.compile(rf"^(?:{_pattern})$"), list(_first))
for _versions, _tag, _regexp, _starts in implicit_resolvers:
    _Quoting.add_implicit_resolver_base(_tag, _regexp, _starts)


def read(path: Path, what: str, hint: str = "") -> Any:
    """The value of a YAML file: UTF-8, with or without byte order mark.

    Args:
        path: The file.
        what: What to call it in errors, such as ``the policy shop.yaml``.
        hint: What to do where there is no such file.

    Raises:
        UsageError: It cannot be read, or is not YAML; names the line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{what} is not UTF-8 text (byte {error.start}).", hint="Save it as UTF-8.") from None
    except OSError as error:
        raise UsageError(f"{what} cannot be read: {error.strerror}.", hint=hint) from None
    return parse(text, what)


def parse(text: str, source: str) -> Any:
    """The value of one YAML 1.2 or JSON document: dicts with text keys, lists, text, numbers, booleans, None.

    Args:
        text: The document.
        source: What to call it in errors.

    Raises:
        UsageError: Not YAML (names the line), a key twice, or larger than such a file can be.
    """
    if len(text) > MAX_BYTES:
        raise UsageError(f"{source} is larger than {MAX_BYTES} bytes; such a file is a short text.")
    try:
        value = _json(text)
        json.dumps(value, ensure_ascii=False).encode()
    except YAMLError as error:
        raise UsageError(f"{source}{_where(error)}", hint="Files are YAML 1.2; JSON is allowed too.") from None
    except RecursionError:
        raise UsageError(f"{source} is nested too deeply.") from None
    except UnicodeEncodeError:
        raise UsageError(f"{source} holds half of a character: a lone \\ud800 to \\udfff escape.") from None
    except ValueError as error:  # an integer of thousands of digits
        raise UsageError(f"{source}: {error}") from None
    return value


def dump(value: Any) -> str:
    """YAML that `parse` and any reader of YAML 1.1 read back to the same value.

    Args:
        value: Dicts, lists, text, numbers, booleans, None.
    """
    yaml = YAML(typ="safe", pure=True)
    yaml.Resolver, yaml.Representer = _Quoting, _Representer
    yaml.default_flow_style, yaml.allow_unicode, yaml.width = False, True, 1 << 16
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    out = io.StringIO()
    yaml.dump(value, out)
    return out.getvalue()


def _json(text: str) -> Any:
    """JSON by its own rules, which YAML readers lack in details (escapes of two halves); all else is YAML."""
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_other)
    except ValueError:
        yaml = YAML(typ="safe", pure=True)
        yaml.Resolver = _Resolver
        root = yaml.compose(io.StringIO(text))
        if root is None:
            return None
        _bound(root)
        return _value(root)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        raise ValueError  # the YAML reader says where
    return result


def _other(constant: str) -> Any:
    raise ValueError(constant)  # NaN and Infinity are no JSON, and text in YAML


def _error(problem: str, node: Node) -> MarkedYAMLError:
    return MarkedYAMLError(None, None, problem, node.start_mark)


def _bound(root: Node) -> None:
    sizes: dict[int, int] = {}

    def size(node: Node, above: frozenset[int]) -> int:
        if id(node) in above:
            raise _error("an alias inside what it stands for", node)
        if id(node) not in sizes:
            inner = above | {id(node)}
            sizes[id(node)] = 1 + sum(size(child, inner) for child in _children(node))
        if sizes[id(node)] > MAX_NODES:
            raise _error(f"more than {MAX_NODES} values, aliases included", node)
        return sizes[id(node)]

    size(root, frozenset())


def _children(node: Node) -> Iterator[Node]:
    if isinstance(node, MappingNode):
        for pair in node.value:
            yield from pair
    elif isinstance(node, SequenceNode):
        yield from node.value


def _value(node: Node) -> Any:
    kind = str(node.tag).removeprefix(_TAG)
    if isinstance(node, MappingNode) and kind == "map":
        return _mapping(node)
    if isinstance(node, SequenceNode) and kind == "seq":
        return [_value(child) for child in node.value]
    if isinstance(node, ScalarNode) and kind in (*_CORE, "str"):
        return _scalar(str(node.value), kind, node)
    raise _error(f"the tag {str(node.tag)!r} has no meaning here", node)


def _mapping(node: MappingNode) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, ScalarNode):
            raise _error("a key must be one word or text", key)
        if key.value in result:
            raise _error(f"the key {key.value!r} stands here twice", key)
        result[key.value] = _value(value)
    return result


def _scalar(text: str, kind: str, node: Node) -> Any:
    if kind in _CORE and not re.fullmatch(_CORE[kind][0], text):  # an explicit tag on something else
        raise _error(f"{text!r} is no {kind}", node)
    match kind:
        case "null":
            return None
        case "bool":
            return text.lower() == "true"
        case "int":
            whole = Whole(int(text, {"0o": 8, "0x": 16}.get(text[:2], 10)))
            whole.written = text
            return whole
        case "float":
            decimal = Decimal(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
            decimal.written = text
            return decimal
    return text


def _where(error: YAMLError) -> str:
    if isinstance(error, MarkedYAMLError) and (mark := error.problem_mark or error.context_mark):
        problem = ", ".join(part for part in (error.problem, error.context) if part)
        return f" line {mark.line + 1}, column {mark.column + 1}: {problem}."
    position = getattr(error, "position", 0)
    return f": the character at position {position} is not allowed in YAML."
