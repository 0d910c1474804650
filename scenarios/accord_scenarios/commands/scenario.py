"""`accord scenario`: the bundled scenarios, and what any scenario comes to once it is resolved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from accord_scenarios.commands.options import Json, ScenarioName, Sets

app = typer.Typer(no_args_is_help=True, help="Bundled scenarios on real data.")


@app.command("list")
def list_() -> None:
    """List the bundled scenarios.

    Each runs as it is: `accord run NAME`.
    """
    from accord_scenarios import library

    width = max(map(len, library.names()))
    for name in library.names():
        typer.echo(f"{name:<{width}}  {library.title(name)}")


@app.command()
def show(
    scenario: ScenarioName,
    sets: Sets = [],  # noqa: B006  # typer copies it
    as_json: Json = False,
    copy: Annotated[
        Path | None,
        typer.Option(
            "--copy",
            metavar="DIR",
            help="Copy a bundled scenario and its tables into a new folder.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Show a scenario with every default in its place, or copy a bundled one to start from.

    \b
    Examples
      accord scenario show diabetes
      accord scenario show credit.yaml --set train.l2=0.1 --json
      accord scenario show diabetes --copy mine && accord run mine/scenario.yaml
    """
    from accord_agents.files import yaml12
    from accord_scenarios import library
    from accord_scenarios.scenario import load

    resolved = load(scenario, sets).resolved()
    if copy is not None:
        typer.echo(f"copied to {library.copy(scenario, copy)}", err=as_json)
    if as_json:
        typer.echo(json.dumps(resolved, indent=2, ensure_ascii=False))
    elif copy is None:
        typer.echo(yaml12.dump(resolved), nl=False)
