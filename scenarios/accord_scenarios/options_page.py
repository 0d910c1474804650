"""docs/options.md: every key of a scenario, a party's file and a policy, generated from what checks them."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel

from accord_agents.config.data_sets import EdgeFiles, Source
from accord_agents.config.party_file import Config
from accord_agents.config.policy import Policy
from accord_scenarios.jobs.registry import DEFAULT, PLAYED

Schema = Mapping[str, Any]
_ENTRY = re.compile(r"^ {4}(\w+): (.*)$")
_BOUNDS = {"minimum": "≥ {}", "exclusiveMinimum": "> {}", "maximum": "≤ {}", "exclusiveMaximum": "< {}"}
_TYPES = {"integer": "whole number", "number": "number", "boolean": "`true`, `false`", "null": "`null`"}
_HEAD = """# Every option

Of scenarios, of a party's file and of policies: generated from what checks them (`accord schema options
docs/options.md`), and held to it by a test. A key that is not here is an error that names the nearest one. A default of
`null` means: not said, and what that means stands beside it. What the options do together: [models](models.md),
[preparation](preparation.md), [data](data.md), [operations](operations.md), [threat model](threat-model.md).

"""


def page() -> str:
    """The page in Markdown."""
    scenarios = {name: played.scenario for name, played in PLAYED.items()}
    sections: dict[type[BaseModel], str] = {}
    parts = [_HEAD, "## Scenario\n\n", _scenario(scenarios, sections), "\n## Party file\n\n"]
    parts += [
        "`party.yaml`, of `accord agent` and of everything that a party does by hand. Paths are relative to it.\n\n"
    ]
    parts += [_table(Config, sections), "\n## Policy\n\n", "`policy` in a party's file, or a file that it names.\n\n"]
    parts += [_table(Policy, sections)]
    sections.pop(Policy, None)
    written: list[type[BaseModel]] = []
    while waiting := [model for model in sections if model not in written]:
        model = waiting[0]
        written.append(model)
        if model is not Policy:
            parts += [f"\n## {sections[model]}\n\n", f"{_first(model)}\n\n", _table(model, sections)]
    return "".join(parts)


def meanings(model: type[BaseModel]) -> dict[str, str]:
    """What the docstrings of a model and of those it is made from say of each of its keys."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        name = ""
        own = issubclass(base, BaseModel) and base is not BaseModel
        for line in inspect.cleandoc(base.__doc__ or "").splitlines() if own else ():
            if entry := _ENTRY.match(line):
                name = entry[1]
                found[name] = entry[2]
            elif line.startswith("        ") and name:
                found[name] += f" {line.strip()}"
            elif not line.startswith("    "):
                name = ""
    return found


def _scenario(scenarios: Mapping[str, type[BaseModel]], sections: dict[type[BaseModel], str]) -> str:
    """The top level: what jobs have in common first."""
    rows, seen = ["| key | of jobs | value | default | meaning |\n|---|---|---|---|---|\n"], set[tuple[str, str]]()
    for model in scenarios.values():
        for name in model.model_fields:
            row = _row(model, name, sections, known=DEFAULT if name == "job" else None)
            jobs = [job for job, other in scenarios.items() if name in other.model_fields and (
                name == "job" or _row(other, name, {}, None) == _row(model, name, {}, None))]  # fmt: skip
            if (name, jobs[0]) not in seen:
                seen.add((name, jobs[0]))
                said = "all" if len(jobs) == len(scenarios) else ", ".join(f"`{job}`" for job in jobs)
                cells = list(row) if name != "job" else [", ".join(f"`{job}`" for job in scenarios), *row[1:]]
                rows.append(f"| `{name}` | {said} | {' | '.join(cells)} |\n")
    return "".join(rows)


@cache
def _checked_by(model: type[BaseModel]) -> Schema:
    return model.model_json_schema(mode="validation")


def _table(model: type[BaseModel], sections: dict[type[BaseModel], str]) -> str:
    rows = ["| key | value | default | meaning |\n|---|---|---|---|\n"]
    rows += [f"| `{name}` | {' | '.join(_row(model, name, sections, None))} |\n" for name in model.model_fields]
    return "".join(rows)


def _row(
    model: type[BaseModel], name: str, sections: dict[type[BaseModel], str], known: str | None
) -> tuple[str, str, str]:
    """Value, default and meaning of a key; sections that it names are noted."""
    whole = _checked_by(model)
    schema = whole["properties"][name]
    below = {inner.__name__: _plain(inner) for inner in _models(model.model_fields[name].annotation)}
    for inner in below.values():
        sections.setdefault(inner, _title(inner, sections))
    value = _value(schema, below, sections)
    default = "required" if name in whole.get("required", ()) else _default(known or schema.get("default"), below)
    meaning = meanings(model).get(name) or (_first(next(iter(below.values()))) if len(below) == 1 else "")
    return value, default, re.sub(r"\bNone\b", "`null`", meaning.replace("``", "`").replace("|", "\\|"))


def _value(schema: Schema, below: Mapping[str, type[BaseModel]], sections: Mapping[type[BaseModel], str]) -> str:
    if ref := schema.get("$ref") or (schema.get("allOf") or [{}])[0].get("$ref"):
        model = below[ref.rpartition("/")[2]]
        return (
            f"[{sections[model]}](#{_anchor(sections[model])})" if model in sections else sections.get(model, "section")
        )
    if options := schema.get("anyOf", schema.get("oneOf")):
        return " or ".join(dict.fromkeys(_value(option, below, sections) for option in options))
    if "const" in schema or "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    kind = schema.get("type")
    if kind == "array":
        if "prefixItems" in schema:
            return " and ".join(_value(item, below, sections) for item in schema["prefixItems"])
        return f"list of {_value(schema['items'], below, sections)}"
    if kind == "object":
        inner = next(iter(schema.get("patternProperties", {}).values()), schema.get("additionalProperties")) or {}
        return f"by {schema.get('x-by', 'party')}: {_value(inner, below, sections)}"
    if kind == "string":
        return "path" if schema.get("format") == "path" else "text"
    bounds = [text.format(f"{schema[bound]:g}" if schema[bound] < 1e6 else f"{schema[bound]:,}")
              for bound, text in _BOUNDS.items() if bound in schema]  # fmt: skip
    return " ".join([_TYPES.get(str(kind), "text"), ", ".join(bounds)]).strip()


def _default(value: Any, below: Mapping[str, Any]) -> str:
    if isinstance(value, dict):
        return "its defaults" if below else "`{}`"
    return f"`{json.dumps(value, ensure_ascii=False)}`" if not isinstance(value, str) else f"`{value}`"


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)


def _plain(model: type[BaseModel]) -> type[BaseModel]:
    """The section of a party's file where a scenario's says the same of another file."""
    return next((said for said in (Source, EdgeFiles) if issubclass(model, said)), model)


def _title(model: type[BaseModel], sections: Mapping[type[BaseModel], str]) -> str:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", model.__name__)
    title = words[0] + words[1:].lower()
    return title if title not in sections.values() else f"{title} of {model.__module__.rpartition('.')[2]}"


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


def _first(model: type[BaseModel]) -> str:
    """What a section is, in its docstring's first paragraphs."""
    text = re.split(r"\n(?:Args|Attributes):\n", inspect.cleandoc(model.__doc__ or ""))[0]
    return " ".join(text.split()).replace("``", "`")
