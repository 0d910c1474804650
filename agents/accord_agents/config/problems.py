"""What is wrong with a file, said in words of the file: field, value, what is allowed, the nearest known key."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, get_args

from pydantic import BaseModel, BeforeValidator, ValidationError
from pydantic_core import ErrorDetails

from accord_schemas.errors import UsageError
from accord_schemas.header import PARTY

Location = tuple[int | str, ...]


def _as_written(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return getattr(value, "written", str(value))
    return value


AS_WRITTEN = BeforeValidator(_as_written)
"""Where text is wanted, a number is text as it stands in the file: a column is called 2023, a party 010."""
Text = Annotated[str, AS_WRITTEN]

_PHRASES = {
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be above {gt}",
    "less_than_equal": "must be at most {le}",
    "multiple_of": "must be a multiple of {multiple_of}",
    "literal_error": "must be {expected}",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be text",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "path_type": "must be the path of a file",
    "list_type": "must be a list",
    "model_type": "must be a section with keys of its own",
    "model_attributes_type": "must be a section with keys of its own",
    "dict_type": "must be a section with keys of its own",
}


_BRANCH = "branch of a union: "


def branch(name: str) -> str:
    """The tag of one of several models that a section may have; no key of a file is called so."""
    return _BRANCH + name


def usage_error(
    error: ValidationError, value: Any, file: str, model: type[BaseModel], sets: Mapping[str, Any] | None = None
) -> UsageError:
    """The first problem that validation found, as an error for people.

    Args:
        error: What pydantic found.
        value: What it looked at.
        file: What to call the file.
        model: What the file was checked against.
        sets: Fields given by ``--set``; problems there are blamed on the option.
    """
    problems = error.errors(include_url=False)
    first = problems[0]
    path = _within(first, value)
    field = ".".join(map(str, path))
    blame = "--set" if any(f"{field}.".startswith(f"{name}.") for name in sets or {}) else file
    same = [problem for problem in problems if _within(problem, value) == path]
    known = list(_section(model, path[:-1], value).model_fields)
    return UsageError(f"{blame}: {_sentence(first, same, path, known)}", hint=_hint(first, known))


def _within(problem: ErrorDetails, value: Any) -> Location:
    """Where in the file a problem is; pydantic's own location also names the branches of unions that it tried."""
    path: list[int | str] = []
    for part in problem["loc"]:
        if str(part).startswith(_BRANCH):
            continue
        if isinstance(value, dict) and (part in value or problem["type"] == "missing"):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int):
            value = value[part]
        else:
            break
        path.append(part)
    return tuple(path)


def _sentence(first: ErrorDetails, same: list[ErrorDetails], path: Location, known: list[str]) -> str:
    kind, given, field = first["type"], first["input"], ".".join(map(str, path))
    if kind == "extra_forbidden":
        return f"{field} is unknown{_nearest(path, known)}"
    if kind == "missing":
        return f"{field} is missing."
    if kind == "value_error":
        return f"{field}: {first['ctx']['error']}." if field else f"{first['ctx']['error']}."
    if kind == "string_pattern_mismatch" and PARTY in str(first["ctx"]["pattern"]):
        where = path[0] if path else "the file"
        return f"{where}: {given!r} cannot be a party's name; names are 1 to 32 of a-z, 0-9, _ and -."
    allowed = " or ".join(dict.fromkeys(map(_phrase, same))).replace(" or must be ", " or ")
    return f"{field or 'the file'} is {_shown(given)}; it {allowed}."


def _shown(given: Any) -> str:
    if isinstance(given, dict | list):
        return "a section" if isinstance(given, dict) else "a list"
    return json.dumps(given, ensure_ascii=False, default=str)[:80]


def _phrase(problem: ErrorDetails) -> str:
    context = {key: str(value).replace("'", "") for key, value in problem.get("ctx", {}).items()}
    return _PHRASES.get(problem["type"], problem["msg"]).format(**context)


def _nearest(path: Location, known: list[str]) -> str:
    close = get_close_matches(str(path[-1]), known, n=1)
    return f"; did you mean {close[0]}?" if close else f"; known are {', '.join(known)}."


def _hint(first: ErrorDetails, known: list[str]) -> str:
    if first["type"] == "missing":
        return f"Known keys there: {', '.join(known)}."
    if first["type"] == "string_type" and (first["input"] is None or isinstance(first["input"], bool)):
        return f'If that is meant as a word, quote it: "{_shown(first["input"])}".'
    return ""


def _section(model: type[BaseModel], path: Location, value: Any) -> type[BaseModel]:
    """The model of the section at a place: down the fields' types, past the keys of mappings.

    Of several models the one that most of the section's keys belong to.
    """
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
        given = set(value) if isinstance(value, dict) else set()
        found = list(_models(model.model_fields[part].annotation)) if part in model.model_fields else []
        model = max(found, key=lambda one: len(given & set(one.model_fields)), default=model)
    return model


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)
