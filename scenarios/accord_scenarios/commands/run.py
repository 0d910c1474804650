"""`accord run`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from accord_scenarios.commands.options import Force, Log, On, Out, Quiet, Sets
from accord_schemas.errors import UsageError


def run(
    scenario: Annotated[
        str | None,
        typer.Argument(metavar="SCENARIO", help="A scenario file, or the name of a bundled one.", show_default=False),
    ] = None,
    out: Out = None,
    broker: Log = None,
    sets: Sets = [],  # noqa: B006  # typer copies it
    resume: Annotated[
        Path | None,
        typer.Option(
            "--resume", metavar="DIR", help="Go on where the interrupted run in DIR stopped.", show_default=False
        ),
    ] = None,
    force: Force = False,
    executor: On = None,
    quiet: Quiet = False,
) -> None:
    """Play a whole scenario on this machine: one process for each party.

    Alignment, preparation, training and evaluation run as they would between companies, event by event over a log. DIR then holds
    result.json, report.html and a folder for each party.

    \b
    Examples
      accord run diabetes
      accord run credit.yaml --out runs/first --set train.protection=score
      accord run --resume runs/first
      accord run diabetes --executor ray
    """
    from accord_scenarios import runner

    if resume is not None:
        if scenario is not None or out is not None or broker is not None or sets or force or executor:
            raise UsageError(
                "--resume takes the folder alone: the run goes on as it began.",
                hint=f"Try: accord run --resume {resume}",
            )
        raise typer.Exit(runner.told(runner.resume(resume, quiet=quiet), quiet=quiet))
    if scenario is None:
        raise UsageError(
            "run needs a scenario.", hint="Try: accord run diabetes. `accord scenario list` shows what is bundled."
        )
    ended = runner.run(scenario, out=out, broker=broker, sets=sets, force=force, quiet=quiet, executor=executor)
    raise typer.Exit(runner.told(ended, quiet=quiet))
