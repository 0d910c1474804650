"""`accord overlap`."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import typer

from accord_scenarios.commands.options import Force, Json, Log, Out, Quiet, ScenarioName, Sets

FIELDS = ("overlap", "denominator", "sampled")


def overlap(
    scenario: ScenarioName,
    out: Out = None,
    broker: Log = None,
    sets: Sets = [],  # noqa: B006  # typer copies it
    force: Force = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Count how many users the leader of a scenario shares with the others, and not which, on this machine.

    Takes any scenario, whatever its job. No ids are aligned, and without --out no files are left: the answer is what is printed. Sets beyond 2,000
    ids are compared by a sample. Between companies it is a collaboration of its own (`job: overlap`), which a policy has to allow.

    \b
    Examples
      accord overlap lists.yaml
      accord overlap lists.yaml --json --set align.denominator=mine
    """
    with tempfile.TemporaryDirectory(prefix="accord-overlap-") as folder:
        result, code = _played(scenario, out or Path(folder) / "run", broker, sets, force=force)
    if code:
        typer.echo(f"accord: {result['status']}: {result['reason']}", err=True)
        raise typer.Exit(code)
    if as_json:
        typer.echo(json.dumps({name: result[name] for name in FIELDS}))
    elif not quiet:
        from accord_scenarios.jobs.registry import verdict

        typer.echo(verdict(result))


def _played(
    scenario: str, home: Path, broker: str | None, sets: list[str], *, force: bool
) -> tuple[dict[str, Any], int]:
    from accord_scenarios.layout import Layout
    from accord_scenarios.runner import run as play

    code = play(scenario, out=home, broker=broker, sets=sets, force=force, quiet=True, job="overlap")
    return json.loads(Layout(home).result.read_bytes()), code
