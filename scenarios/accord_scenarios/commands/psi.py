"""`accord psi`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from accord_scenarios.commands.options import ScenarioName, Sets


def psi(
    scenario: ScenarioName,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Where results go; a new or empty folder. Default: a new one under ./accord-runs.",
            show_default=False,
        ),
    ] = None,
    broker: Annotated[
        str | None,
        typer.Option(
            "--broker", metavar="URL", help="The log to talk over. Default: embedded:DIR/broker.db.", show_default=False
        ),
    ] = None,
    sets: Sets = [],  # noqa: B006  # typer copies it
    force: Annotated[bool, typer.Option("--force", help="Use --out even if the folder holds something.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print errors only.")] = False,
) -> None:
    """Find the users that all parties of a scenario share, and nothing else, on this machine.

    Takes any scenario, whatever its job: sections that belong to another one are passed over. DIR/PARTY/intersection.csv then holds the common
    ids. An interrupted run goes on with `accord run --resume DIR`.

    \b
    Examples
      accord psi diabetes
      accord psi lists.yaml --out common --set align.max_overlap=null
    """
    from accord_scenarios.runner import run as play

    raise typer.Exit(play(scenario, out=out, broker=broker, sets=sets, force=force, quiet=quiet, job="psi"))
