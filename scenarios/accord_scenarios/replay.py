"""`accord replay`: the parties of a folder one by one, then what was put together from all of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from accord_agents.collaboration.difference import DifferenceError
from accord_agents.config.party_file import Config, load
from accord_agents.replay.party import replay as replay_parties
from accord_agents.replay.report import Replayed, exit_code, to_json
from accord_protocols.jobs.registry import JOBS
from accord_scenarios.merge import merge
from accord_schemas.errors import TamperError, UsageError

_FIGURES = ("status", "reason", "job", "leader", "profile", "bytes", "events")
"""What DIR/result.json takes from the parties, with the job's own figures; the rest is measured by the runner."""


def replay(folder: Path, *, full: bool, commitments: bool = False, as_json: bool) -> int:
    """Replay, print, and return the exit code.

    Raises:
        UsageError: There is no party.
    """
    parties, error = replayed(folder, full, commitments)
    _print(parties, error, as_json=as_json)
    return exit_code(parties, error)


def replayed(folder: Path, full: bool, commitments: bool) -> tuple[list[Replayed], TamperError | None]:
    """Replay the parties of a folder; and what differs in the result that was put together from all of them.

    Raises:
        UsageError: There is no party.
    """
    parties = replay_parties(_configs(folder), full=full, commitments=commitments)
    return parties, _whole(folder, parties)


def problems(parties: list[Replayed], error: TamperError | None) -> list[str]:
    """What differs, or cannot be replayed, a sentence each."""
    return [party.problem() for party in parties if party.error] + ([error.message] if error else [])


def _configs(folder: Path) -> list[Config]:
    if folder.is_file():
        return [load(folder)]
    paths = [folder / "party.yaml"] if (folder / "party.yaml").exists() else sorted(folder.glob("*/party.yaml"))
    if not paths:
        raise UsageError(
            f"{folder} is the folder of no run and of no party.", hint="Name what --out named, or a party's file."
        )
    return [load(path) for path in paths]


def _whole(folder: Path, parties: list[Replayed]) -> TamperError | None:
    """What differs in the result of the whole run; nothing unless every party was replayed."""
    path, figures, roles = folder / "result.json", dict[str, Any](), dict[str, str]()
    for party in parties:
        if party.error is None and len(party.collaborations) == 1:
            figures[party.party] = party.collaborations[0].figures
            roles |= party.collaborations[0].roles
    if (folder / "party.yaml").exists() or not path.is_file() or not all(figures.get(party) for party in roles or "-"):
        return None
    job = JOBS[next(iter(figures.values()))["job"]]
    wanted = json.loads(json.dumps(merge(figures, roles)))
    try:
        held = json.loads(path.read_bytes())
        if wanted.get("unique") is None and held.get("reference"):
            wanted["unique"] = held.get("unique")  # no party could tell; training in plaintext did
        checked = [*_FIGURES, *(name for name in job.figures if name in held or not _older(held, parties))]
        names = [name for name in checked if _text(held.get(name)) != _text(wanted.get(name))]
    except (ValueError, AttributeError, RecursionError):
        names = ["form"]
    if not names:
        return None
    return DifferenceError(names[0], message=f"{path}: {names[0]} is not what the parties' journals give.")


def _older(held: Mapping[str, Any], parties: list[Replayed]) -> bool:
    """Whether the runner was of another version than this one, and it is the journals' too: it had fewer figures."""
    written = held.get("accord_version")
    return written != version("accord") and all(party.written == written for party in parties)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _print(parties: list[Replayed], error: TamperError | None, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(to_json(parties, error), ensure_ascii=False, indent=1))
    else:
        print(*(party.line() for party in parties), sep="\n")
    for problem in problems(parties, error):
        print(f"accord: {problem}", file=sys.stderr)
