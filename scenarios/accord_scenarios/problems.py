"""What is wrong with a scenario, said in words of the file: field, value, what is allowed, the nearest known key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from accord_scenarios.model import Data, Evaluate, Keys, Member, Scenario, Security
from accord_schemas.agreement import Align, Prepare, TestRows, Train
from accord_schemas.errors import UsageError

Location = tuple[int | str, ...]

_LATER_KEYS = frozenset(
    {"columns", "dealer", "exposure", "folds", "graph", "job", "l2_path", "link", "match", "one_hot", "parquet"}
    | {"query", "weights"}
)
_LATER_VALUES = frozenset(
    {"closed", "ecdh", "express", "gram", "lattice", "logistic", "nesterov", "newton", "ot"}
    | {"poisson", "server", "sm2"}
)
_SECTIONS: dict[str, type[BaseModel]] = {
    "align": Align,
    "prepare": Prepare,
    "train": Train,
    "evaluate": Evaluate,
    "keys": Keys,
    "security": Security,
}
_PHRASES = {
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be above {gt}",
    "less_than_equal": "must be at most {le}",
    "multiple_of": "must be a multiple of {multiple_of}",
    "literal_error": "must be {expected}",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "path_type": "must be the path of a file",
    "list_type": "must be a list",
    "model_type": "must be a section with keys of its own",
    "dict_type": "must be a section with keys of its own",
}


def usage_error(error: ValidationError, value: Any, file: str, sets: Mapping[str, Any]) -> UsageError:
    """The first problem that validation found, as an error for people.

    Args:
        error: What pydantic found.
        value: What it looked at.
        file: What to call the scenario.
        sets: Fields given by ``--set``; problems there are blamed on the option.
    """
    problems = error.errors(include_url=False)
    first = problems[0]
    path = _within(first, value)
    field = ".".join(map(str, path))
    blame = "--set" if any(f"{field}.".startswith(f"{name}.") for name in sets) else file
    same = [problem for problem in problems if _within(problem, value) == path]
    return UsageError(f"{blame}: {_sentence(first, same, path, field)}", hint=_hint(first, path))


def _within(problem: ErrorDetails, value: Any) -> Location:
    """Where in the file a problem is; pydantic's own location also names the branches of unions that it tried."""
    path: list[int | str] = []
    for part in problem["loc"]:
        if isinstance(value, dict) and (part in value or problem["type"] == "missing"):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int):
            value = value[part]
        else:
            break
        path.append(part)
    return tuple(path)


def _sentence(first: ErrorDetails, same: list[ErrorDetails], path: Location, field: str) -> str:
    kind, given = first["type"], first["input"]
    if kind == "extra_forbidden":
        later = path[-1] in _LATER_KEYS
        return f"{field} is not available in this version." if later else f"{field} is unknown{_nearest(path)}"
    if kind == "missing":
        return f"{field} is missing."
    if kind == "value_error":
        return f"{field}: {first['ctx']['error']}." if field else f"{first['ctx']['error']}."
    if kind == "string_pattern_mismatch":
        return f"parties: {given!r} cannot be a party's name; names are 1 to 32 of a-z, 0-9, _ and -."
    allowed = " or ".join(dict.fromkeys(map(_phrase, same))).replace(" or must be ", " or ")
    if kind == "literal_error" and isinstance(given, str) and given in _LATER_VALUES:
        return f"{field}: {given} is not available in this version; it {allowed}."
    return f"{field or 'the scenario'} is {_shown(given)}; it {allowed}."


def _shown(given: Any) -> str:
    if isinstance(given, dict | list):
        return "a section" if isinstance(given, dict) else "a list"
    return json.dumps(given, ensure_ascii=False, default=str)[:80]


def _phrase(problem: ErrorDetails) -> str:
    context = {key: str(value).replace("'", "") for key, value in problem.get("ctx", {}).items()}
    return _PHRASES.get(problem["type"], problem["msg"]).format(**context)


def _nearest(path: Location) -> str:
    known = list(_section(path[:-1]).model_fields)
    close = get_close_matches(str(path[-1]), known, n=1)
    return f"; did you mean {close[0]}?" if close else f"; known are {', '.join(known)}."


def _hint(first: ErrorDetails, path: Location) -> str:
    if first["type"] == "missing":
        return f"Known keys there: {', '.join(_section(path[:-1]).model_fields)}."
    return ""


def _section(path: Location) -> type[BaseModel]:
    match path:
        case ("parties", _, "data"):
            return Data
        case ("parties", _):
            return Member
        case ("evaluate", "test_rows"):
            return TestRows
        case (str(name),):
            return _SECTIONS[name]
    return Scenario
