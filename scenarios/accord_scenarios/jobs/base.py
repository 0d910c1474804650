"""What the runner, the terminal and the report read of a job."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accord_agents.config.party_file import Config
from accord_agents.intake.table import Table
from accord_protocols.jobs.base import Job
from accord_scenarios.model import Scenario

Result = Mapping[str, Any]
"""The fields of DIR/result.json."""


Tables = Callable[[str], Table]
"""The rows of a party of a run, by its name."""


Folder = Callable[[str], Path]
"""The folder of a party of a run, by its name."""


def _as_it_is(_scenario: Any, _result: dict[str, Any], _tables: Tables, _folder: Folder) -> None:
    pass


def _none(_scenario: Any) -> tuple[str, ...]:
    return ()


def _complete(scenario: Any, _config: Config) -> Any:
    return scenario


def _whole(_result: Result) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Played:
    """A job as it is played.

    Args:
        job: What the parties do.
        scenario: What its scenario may say.
        terms: The sections of the agreement that its scenario fills, besides those of every job.
        verdict: The outcome of a completed run in a sentence.
        learned: Who has learned what, one sentence each.
        lines: Of the table at a run's end: a name, and what it reads from a result, empty where there is nothing.
        sections: Of the report: HTML, empty where the result says nothing on it.
        reserved: Whether a completed run came to less than was hoped for.
        ahead: Modules that `compare` imports and that take long, to be loaded while the agents work.
        completed: A scenario with what whoever proposes it knows, and its file need not say.
        compare: Puts into a completed result how it compares with what the runner, which may see all files, computes.
    """

    job: Job
    scenario: type[Scenario]
    terms: Callable[[Any], dict[str, Any]]
    verdict: Callable[[Result], str]
    learned: Callable[[Result], list[str]]
    lines: tuple[tuple[str, Callable[[Result], str | None]], ...] = ()
    sections: tuple[Callable[[Result], str], ...] = ()
    reserved: Callable[[Result], bool] = _whole
    compare: Callable[[Any, dict[str, Any], Tables, Folder], None] = _as_it_is
    ahead: Callable[[Any], tuple[str, ...]] = _none
    completed: Callable[[Any, Config], Any] = _complete
