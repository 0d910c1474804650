"""`accord predict`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from accord_scenarios.commands.options import Quiet


def predict(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder of a completed training.", show_default=False)
    ],
    data: Annotated[
        list[str],
        typer.Option(
            "--data", metavar="PARTY=FILE", help="A party's new rows; one for every party.", show_default=False
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Where the predictions go: id,prediction.", show_default=False)
    ],
    requester: Annotated[
        str | None,
        typer.Option("--for", metavar="PARTY", help="Who gets them. Default: the label holder.", show_default=False),
    ] = None,
    online: Annotated[
        bool, typer.Option("--online", help="Ask for the rows one by one, instead of aligning them first.")
    ] = False,
    paths: Annotated[
        bool,
        typer.Option(
            "--paths", help="Of boosted trees: show everybody on which side of the splits it passes a row falls."
        ),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Write --out even if it exists.")] = False,
    quiet: Quiet = False,
) -> None:
    """Predict new rows by the model that the parties of a run have trained, on this machine.

    Each party scores its own columns by its own part of the model, and one of them gets the sums. Rows that not all parties have are counted
    and not predicted. DIR/predictions/N then holds what each party did, as after a run.

    \b
    Example
      accord predict runs/first --data bank=bank-june.csv --data shop=shop-june.csv --out june.csv
    """
    from accord_scenarios.prediction import predicted
    from accord_scenarios.runner import told

    ended = predicted(folder, data, out, requester, online=online, paths=paths, force=force, quiet=quiet)
    raise typer.Exit(told(ended, quiet=quiet))
