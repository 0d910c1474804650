"""`accord sbom`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def sbom(
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Where to; default standard output.", show_default=False),
    ] = None,
    licences: Annotated[
        bool, typer.Option("--licences", help="Say each part's licence in a line, for people, instead.")
    ] = False,
) -> None:
    """Write what this installation is made of: a bill of materials (CycloneDX 1.6, JSON), from what the packages say of themselves.

    \b
    Examples
      accord sbom --out accord.cdx.json
      accord sbom --licences
    """
    from accord_scenarios import sbom as made
    from accord_scenarios.report.page import write

    text = made.licences() if licences else json.dumps(made.bill(), ensure_ascii=False, indent=1)
    if out is None:
        typer.echo(text)
    else:
        write(text + "\n", out)
