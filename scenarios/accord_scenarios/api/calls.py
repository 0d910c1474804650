"""The calls. Each takes what its command takes, and raises where that ends with an exit code."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from accord_scenarios.api.results import Proof, Replay, Run
from accord_scenarios.api.table import Table
from accord_schemas.errors import TamperError, UsageError

Where = str | Path
Sets = Mapping[str, Any]


def copy(name: str, folder: Where) -> Path:
    """Copy a bundled scenario with its tables into a new or empty folder: `accord scenario show NAME --copy DIR`.

    Returns:
        The scenario's file.

    Raises:
        UsageError: There is none of that name, or the folder holds something.
    """
    from accord_scenarios import library

    return library.copy(name, Path(folder))


def run(
    scenario: Where | Mapping[str, Any],
    *,
    out: Where | None = None,
    broker: str | None = None,
    sets: Sets | None = None,
    force: bool = False,
    quiet: bool = False,
    executor: str | None = None,
) -> Run:
    """Play a whole scenario on this machine, one process for each party: `accord run`.

    Args:
        scenario: A file, the name of a bundled one, or what such a file says, with paths relative to where we are.
        out: Where results go; a new folder under ``./accord-runs`` without it.
        broker: The log to talk over; a file in the folder without it.
        sets: Keys of the scenario to change, as ``{"train.max_rounds": 10}``.
        force: Use `out` even if the folder holds something.
        quiet: Show no progress.
        executor: Where heavy tasks run: ``"ray"`` or ``"ray:HOST:PORT"``; beside the agents without it.

    Raises:
        UsageError: The scenario, a file or the folder cannot be used; nothing was started.
        RefusedError: A gate or a policy refused.
        NotCompletedError: It was not completed.
    """
    return _played(scenario, out, broker, sets, force=force, quiet=quiet, executor=executor).checked()


def psi(
    scenario: Where | Mapping[str, Any],
    *,
    out: Where | None = None,
    broker: str | None = None,
    sets: Sets | None = None,
    force: bool = False,
    quiet: bool = False,
) -> Run:
    """Find the users that all parties of a scenario share, and nothing else: `accord psi`. See `run`."""
    return _played(scenario, out, broker, sets, force=force, quiet=quiet, job="psi").checked()


def overlap(
    scenario: Where | Mapping[str, Any], *, broker: str | None = None, sets: Sets | None = None
) -> int | Mapping[str, int] | None:
    """Count how many users the leader shares with the others, and not which; leaves no files: `accord overlap`."""
    with tempfile.TemporaryDirectory(prefix="accord-overlap-") as folder:
        home = Path(folder) / "run"
        return _played(scenario, home, broker, sets, force=False, quiet=True, job="overlap").checked().overlap


def resume(folder: Where, *, quiet: bool = False) -> Run:
    """Go on with an interrupted run: `accord run --resume`. See `run`."""
    from accord_scenarios import runner

    with _private():
        return runner.resume(Path(folder), quiet=quiet).checked()


def predict(
    run: Run | Where,
    data: Mapping[str, Where],
    *,
    out: Where | None = None,
    requester: str | None = None,
    online: bool = False,
    paths: bool = False,
    force: bool = False,
    quiet: bool = False,
) -> Run:
    """Predict new rows by the model of a run; `predictions` of what is returned holds them: `accord predict`.

    Args:
        run: A completed training, or its folder.
        data: Every party's file of new rows.
        out: A file to write them to as well.
        requester: Who gets them; the label holder without it.
        online: Ask for the rows one by one, instead of aligning them first.
        paths: Of boosted trees, show everybody on which side of the splits that it passes a row falls.
        force: Write `out` even if it exists.
        quiet: Show no progress.

    Raises:
        UsageError: The run, a model or a file cannot be used; nothing was started.
        NotCompletedError: It was not completed.
    """
    from accord_scenarios.prediction import predicted

    home = run.folder if isinstance(run, Run) else Path(run)
    files = [f"{party}={file}" for party, file in data.items()]
    target = Path(out) if out is not None else None
    with _private():
        found = predicted(home, files, target, requester, online=online, paths=paths, force=force, quiet=quiet)
    return found.checked()


def replay(folder: Run | Where, *, full: bool = False, commitments: bool = False) -> Replay:
    """Do again offline what the parties of a folder did, and compare every byte: `accord replay`.

    Args:
        folder: A run, its folder, that of one party, or a party's file.
        full: Execute every finished job again; without it the cheap ones.
        commitments: Check that what was computed is made of the data that a party had committed to.

    Raises:
        UsageError: There is no party, or one cannot be replayed.
        TamperError: Something differs; its `replay` holds what was found.
    """
    from accord_agents.replay.report import exit_code, to_json
    from accord_scenarios.replay import problems, replayed

    parties, error = replayed(folder.folder if isinstance(folder, Run) else Path(folder), full, commitments)
    names = ("party", "verdict", "rows", "frames", "jobs", "executed_again", "seconds")
    rows = [[p.party, p.verdict, p.rows, p.frames, p.jobs, sum(p.again.values()), p.seconds] for p in parties]
    found = Replay(Table.of(names, rows), problems(parties, error), to_json(parties, error), exit_code(parties, error))
    if found.exit_code == TamperError.exit_code:
        raise _with(TamperError(" ".join(found.problems)), replay=found)
    if found.exit_code:
        raise _with(UsageError(" ".join(found.problems)), replay=found)
    return found


def verify(file: Where, *, identities: Where | None = None, models: Sequence[Where] = ()) -> Proof:
    """Judge evidence: `accord evidence verify`.

    Args:
        file: The evidence.
        identities: Known identities, as `accord keys known` writes them; without, who signed is not proven.
        models: Files `model.json` to compare with what is proven.

    Raises:
        UsageError: That is no evidence.
        TamperError: It was tampered with, or a model is another; its `proof` holds what was found.
    """
    from accord_agents.evidence.identity_file import load as identities_in
    from accord_agents.evidence.verdict import load
    from accord_agents.evidence.verdict import verify as judge

    verdict = judge(load(Path(file)), identities_in(Path(identities)) if identities else None)
    for model in models:
        verdict = verdict.with_model(Path(model))
    proof = Proof.of(verdict.to_json())
    if verdict.exit_code:
        raise _with(TamperError(f"{file} was tampered with, or does not fit.", hint="See findings."), proof=proof)
    return proof


def _with(error: TamperError | UsageError, **found: Any) -> TamperError | UsageError:
    vars(error).update(found)
    return error


def _played(
    scenario: Where | Mapping[str, Any],
    out: Where | None,
    broker: str | None,
    sets: Sets | None,
    *,
    force: bool,
    quiet: bool,
    job: str | None = None,
    executor: str | None = None,
) -> Run:
    from accord_scenarios import runner

    given = [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in (sets or {}).items()]
    home = Path(out) if out is not None else None
    with _private(), _written(scenario) as path:
        return runner.run(
            str(path), out=home, broker=broker, sets=given, force=force, quiet=quiet, job=job, executor=executor
        )


@contextmanager
def _written(scenario: Where | Mapping[str, Any]) -> Iterator[Where]:
    """A scenario that is no file as one, beside which its paths are looked for."""
    if not isinstance(scenario, Mapping):
        yield scenario
        return
    with tempfile.NamedTemporaryFile("w", dir=Path.cwd(), prefix=".accord-", suffix=".yaml", encoding="utf-8") as file:
        json.dump({"name": "scenario", **scenario}, file, ensure_ascii=False, default=str)
        file.flush()
        yield Path(file.name)


@contextmanager
def _private() -> Iterator[None]:
    """What is written meanwhile is for one's own eyes; afterwards the process has its own rights again."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)
