"""`accord replay`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from accord_scenarios.commands.options import Json


def replay(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR|DIR/PARTY",
            help="The folder of a run or of one party, or a party's configuration file.",
            show_default=False,
        ),
    ],
    full: Annotated[
        bool, typer.Option("--full", help="Execute every finished job again, on all cores; without it the cheap ones.")
    ] = False,
    commitments: Annotated[
        bool,
        typer.Option(
            "--commitments",
            help="Check that what was computed is made of the data that the party had committed to, and who signed for it.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Do again offline what a party did, and compare: every event byte for byte, model, predictions and figures.

    Checks the journal's chain and digests and every signature, then folds the journal anew. Needs the party's keystore, no
    log and no network; changes nothing, and does not disturb a running agent. A difference is named by collaboration, event
    and field, with exit code 4.

    \b
    Examples
      accord replay runs/first
      accord replay runs/first/shop --full --json
      accord replay runs/first/shop --commitments
    """
    from accord_scenarios.replay import replay as again

    raise typer.Exit(again(folder, full=full, commitments=commitments, as_json=as_json))
