"""`accord report`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from accord_schemas.errors import UsageError


def report(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Of a run, or of a collaboration in a party's folder.", show_default=False),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Where to; default DIR/report.html.", show_default=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write it even if it exists.")] = False,
) -> None:
    """Write the report of a result as a page: of a run, or what one party has of a real collaboration.

    A party's own folder holds what that party learned, and the report says no more.

    \b
    Examples
      accord report runs/3f9c2a7e51d04b6c9a3e8d2f7b105c64
      accord report accord-runs/diabetes/shop --out shop.html
    """
    from accord_scenarios.report.page import render, write

    path = folder / "result.json"
    try:
        result = json.loads(path.read_bytes())
        if not isinstance(result, dict) or "status" not in result:
            raise ValueError
    except OSError as error:
        hint = "Name the folder that holds it: DIR of a run, or OUT/ID of a party."
        raise UsageError(f"{path} cannot be read: {error.strerror}.", hint=hint) from None
    except ValueError:
        raise UsageError(f"{path} is no result of Accord.") from None
    target = out or folder / "report.html"
    if target.exists() and not force:
        raise UsageError(f"{target} exists.", hint="Name a new file with --out, or use --force.")
    write(render(result), target)
    typer.echo(str(target))
