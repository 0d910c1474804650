"""What a party wrote for people, held against what its journal gives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.collaboration.difference import DifferenceError
from accord_agents.intake.table import Table
from accord_agents.results.files import Findings, result_fields
from accord_agents.results.summary import RunSummary
from accord_protocols.jobs.base import Job
from accord_protocols.jobs.registry import JOBS
from accord_schemas.errors import AccordError

_DOCUMENTS = sorted({output.file for job in JOBS.values() for output in job.outputs})
"""What a party is left with, whatever the job: one of another job is no more expected than one that was changed."""
_LIVE = frozenset({"warnings"})
"""Fields of result.json that may hold more than follows from the journal."""


def figures(collaboration: Collaboration, run: RunSummary) -> dict[str, Any]:
    """result.json as it would be written now, after a way through text."""
    found: dict[str, Any] = json.loads(json.dumps(result_fields(collaboration, run)))
    return found


def backed(out: Path, known: set[str]) -> None:
    """Every result that is there belongs to a collaboration of the journal: one without would never be compared.

    Raises:
        DifferenceError: One does not.
    """
    for path in sorted([*out.glob("result.json"), *out.glob("*/result.json")]):
        cid = _parsed(_read(path) or b"", path).get("collaboration")
        if cid not in known:
            message = f"{path} is of a collaboration {cid} that is not in the journal."
            raise DifferenceError("collaboration", message=message)


def compare(
    out: Path,
    collaboration: Collaboration,
    run: RunSummary,
    table: Table | None,
    ends: list[dict[str, Any]],
    others: set[str],
    figures: frozenset[str] | None,
) -> dict[str, Any]:
    """Compare model, rows, predictions and figures.

    Args:
        out: The party's folder.
        table: The party's rows.
        ends: The figures after each row from the collaboration's end on: the file was written after one of them.
        others: Other collaborations of this party, whose results may stand there instead.
        figures: Those that the journal says were written; None of a journal from before it said so.

    Returns:
        The figures that the file has; empty where no results were written for this collaboration.

    Raises:
        DifferenceError: A file is not what the journal gives; names it and the field.
    """
    cid = collaboration.cid
    folder = out / cid if (out / cid).is_dir() else out
    raw = _read(folder / "result.json")
    if raw is None:
        return {}
    held = _parsed(raw, folder / "result.json")
    if held.get("collaboration") in others:
        return {}
    wanted = Findings.of(collaboration, run, {}).documents(table)
    for name in _DOCUMENTS:
        path = folder / name
        if not _holds(path, wanted.get(name)):
            raise DifferenceError(name, message=f"{path} is not what the journal of {cid} gives.")
    if lost := sorted((figures or frozenset()) - held.keys()):  # also one that this program has no more
        raise _other(lost[0], folder, cid)
    ends = [_as_written(end, held, figures, collaboration.job) for end in ends]
    differences = [_first(held, end) for end in ends]
    if all(differences):
        raise _other(differences[-1], folder, cid)
    return ends[differences.index("")]


def _as_written(
    end: dict[str, Any], held: dict[str, Any], figures: frozenset[str] | None, job: Job | None
) -> dict[str, Any]:
    """Today's figures without those that the file lacks because whoever wrote it never had them."""
    later = job.later if job else frozenset[str]()
    had = end.keys() - later if figures is None else figures
    return {name: value for name, value in end.items() if name in had or name in held}


def _other(name: str, folder: Path, cid: str) -> DifferenceError:
    path = folder / "result.json"
    return DifferenceError(name, message=f"{path}: {name} is not what the journal of {cid} gives.")


def _holds(path: Path, pieces: Iterator[bytes] | None) -> bool:
    """Whether a file is there and holds that, or is not there where there is to be none."""
    if pieces is None or not path.is_file():
        return pieces is None and not path.is_file()
    with path.open("rb") as file:
        return all(file.read(len(piece)) == piece for piece in pieces) and not file.read(1)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AccordError(f"{path} cannot be read: {error.strerror}.") from None


def _parsed(raw: bytes, path: Path) -> dict[str, Any]:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise DifferenceError("result.json", message=f"{path} was changed: it is no JSON object.")
    return value


def _first(held: dict[str, Any], wanted: dict[str, Any]) -> str:
    """The first figure that differs; empty when none does."""
    for name, value in sorted(wanted.items()):
        mine = held.get(name)
        if name in _LIVE:
            if not isinstance(mine, list) or any(sentence not in mine for sentence in value):
                return name
        elif json.dumps(mine, sort_keys=True) != json.dumps(value, sort_keys=True):
            return name
    return ""
