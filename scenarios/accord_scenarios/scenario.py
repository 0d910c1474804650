"""Reading scenario files: a path or a bundled name, options of the command line laid over it, everything checked."""

from __future__ import annotations

import json
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from accord_agents.config.problems import usage_error
from accord_agents.files import yaml12
from accord_scenarios import library
from accord_scenarios.jobs.registry import ALIGNED, DEFAULT, OF_MODELS, PLAYED
from accord_scenarios.model import Scenario
from accord_scenarios.untold import Complete
from accord_schemas.agreement import ALIGN_JOBS
from accord_schemas.errors import UsageError
from accord_schemas.parts import Train

__all__ = ["Scenario", "load"]
MODELS = (*get_args(Train.model_fields["model"].annotation), *OF_MODELS)
"""What `train.model` may be, of whatever job."""


def load(
    scenario: str | Path, sets: Iterable[str] = (), job: str | None = None, complete: Complete | None = None
) -> Scenario:
    """The scenario in a file, or a bundled one.

    Args:
        scenario: A path, or the name of a bundled scenario. A file of that name wins.
        job: Play it as this job, whatever the file says; sections that mean nothing there are passed over.
        sets: ``key.key=value`` laid over the file, values in YAML 1.2; paths stay relative to the file.
        complete: Puts what a proposer need not say into what the file says, see `untold`.

    Raises:
        UsageError: It cannot be read, or something in it is not as it must be; names file, line or field, and value.
    """
    path = library.find(scenario)
    value = yaml12.read(path, path.name)
    if not isinstance(value, dict):
        raise UsageError(f"{path.name} holds no scenario: its top level must be keys such as parties and train.")
    value.setdefault("name", path.stem[:100])
    given = dict(_assignment(text) for text in sets)
    for field, new in given.items():
        _lay_over(value, field, new)
    value = complete(value) if complete else value
    _known(value, "--set" if "train.model" in given else path.name)
    stated = value.setdefault("job", _of_model(value.get("train")))
    if stated not in PLAYED:
        *known, last = PLAYED
        raise UsageError(f"{path.name}: job is {stated!r}; it must be {', '.join(known)} or {last}.")
    loaded = _checked(PLAYED[stated].scenario, value, path, given, played=False)
    wanted = job or (ALIGNED if stated == DEFAULT and loaded.model_dump()["train"] is None else stated)
    if wanted == stated:
        return _checked(PLAYED[stated].scenario, value, path, given)
    model = PLAYED[wanted].scenario
    kept = {name: part for name, part in loaded.resolved().items() if name in model.model_fields}
    kept["align"] = {name: part for name, part in kept["align"].items() if wanted in ALIGN_JOBS.get(name, (wanted,))}
    return _checked(model, kept | {"job": wanted}, path, given)


def _model(train: Any) -> Any:
    return train.get("model") if isinstance(train, dict) else None


def _of_model(train: Any) -> str:
    """The job that a scenario means which says none: that of its model."""
    model = _model(train)
    return OF_MODELS.get(model, DEFAULT) if isinstance(model, str) else DEFAULT


def _known(value: dict[str, Any], file: str) -> None:
    """Whether there is such a model: those of other jobs are named, too, which no single job knows of."""
    model, job = _model(value.get("train")), value.get("job")
    if model is None:
        return
    if model not in MODELS:
        *known, last = MODELS
        close = get_close_matches(str(model), MODELS, n=1)
        said = f"train.model is {json.dumps(model, default=str)}; it must be {', '.join(known)} or {last}."
        raise UsageError(f"{file}: {said}", hint=f"Did you mean {close[0]}?" if close else "")
    if job is not None and (own := OF_MODELS.get(model, job)) != job:
        raise UsageError(f"{file}: train.model {model} belongs to the job {own}, not to {job}; leave job out.")


def _checked(
    model: type[Scenario], value: dict[str, Any], path: Path, given: dict[str, Any], *, played: bool = True
) -> Scenario:
    try:
        return model.model_validate(value, context={"folder": path.absolute().parent, "played": played})
    except ValidationError as error:
        odd = _odd(error)
        if others := [name for name, played in PLAYED.items() if odd in played.scenario.model_fields]:
            what = f"{odd} is no part of this job; it belongs to the job {others[0]}."
            raise UsageError(f"{path.name}: {what}") from None
        raise usage_error(error, value, path.name, model, given) from None


def _odd(error: ValidationError) -> str:
    """The key of the top level that is unknown, if that is the first problem."""
    first = error.errors()[0]
    return str(first["loc"][0]) if first["type"] == "extra_forbidden" and len(first["loc"]) == 1 else ""


def _assignment(text: str) -> tuple[str, Any]:
    field, equals, value = text.partition("=")
    if not equals or not all(field.split(".")):
        raise UsageError(f"--set {text}: expected KEY=VALUE.", hint="For example --set train.max_rounds=10.")
    return field, yaml12.parse(value, f"--set {field}")


def _lay_over(value: dict[str, Any], field: str, new: Any) -> None:
    *sections, key = field.split(".")
    for depth, name in enumerate(sections, 1):
        if value.get(name) is None:
            value[name] = {}
        value = value[name]
        if not isinstance(value, dict):
            raise UsageError(f"--set {field}: {'.'.join(sections[:depth])} is a value, not a section.")
    value[key] = new
