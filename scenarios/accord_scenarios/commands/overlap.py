"""`accord overlap`."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

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
    from accord_scenarios import runner

    with tempfile.TemporaryDirectory(prefix="accord-overlap-") as folder:
        home = out or Path(folder) / "run"
        ended = runner.run(scenario, out=home, broker=broker, sets=sets, force=force, quiet=True, job="overlap")
    result, code = ended.result, ended.exit_code
    if code:
        typer.echo(f"accord: {result['status']}: {result['reason']}", err=True)
        raise typer.Exit(code)
    if as_json:
        typer.echo(json.dumps({name: result[name] for name in FIELDS}))
    elif not quiet:
        from accord_scenarios.jobs.registry import verdict

        typer.echo(verdict(result))
