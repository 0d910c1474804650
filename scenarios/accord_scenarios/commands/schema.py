"""`accord schema`: the contract that other teams read, and every option of the files that people write."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="The published contract of events.")


@app.command()
def export(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where the contract goes; made if needed.", show_default=False)
    ],
    release: Annotated[
        bool, typer.Option("--release", help="Have later exports to DIR refuse whatever breaks this contract.")
    ] = False,
) -> None:
    """Write the contract: an AsyncAPI document, a JSON Schema per type of event, and one of each file that is meant for others.

    \b
    Examples
      accord schema export contract
      accord schema export docs/contract --release
    """
    from accord_protocols.model.part import FILES
    from accord_schemas.contract.export import export as write

    typer.echo(f"{write(folder, FILES, release=release)} documents written to {folder}")


@app.command()
def options(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="Where the page goes; printed without it.", show_default=False)
    ] = None,
) -> None:
    """Write the page of every option of scenarios, party files and policies, with values, defaults and meanings.

    \b
    Example
      accord schema options docs/options.md
    """
    from accord_scenarios.options_page import page

    if file is None:
        typer.echo(page(), nl=False)
    else:
        from accord_scenarios.report.page import write

        write(page(), file)
