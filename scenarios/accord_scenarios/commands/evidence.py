"""`accord evidence`: proof for a stranger."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from accord_scenarios.commands.options import UNPROVEN, Identities, Json, RequireIdentities

app = typer.Typer(no_args_is_help=True, help="Proof for a stranger: made from a journal, verified without a network.")


@app.command()
def export(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR/PARTY", help="A party's folder, or its party.yaml.", show_default=False)
    ],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the evidence goes.", show_default=False)],
    collaboration: Annotated[
        str | None,
        typer.Option("--collaboration", metavar="ID", help="Which one; default the last.", show_default=False),
    ] = None,
) -> None:
    """Write what a party's journal proves about a collaboration: one file, signed by the party, whose every bit counts.

    It holds agreement, consents, commitments, decisions, the header and signature of every event, checkpoints and digests of the
    models. It holds no data, no encrypted payload and no key.

    \b
    Example
      accord evidence export accord-runs/diabetes/shop evidence.json
    """
    from accord_agents.evidence.export import export as write

    typer.echo(write(folder, file, collaboration))


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The evidence.", show_default=False)],
    identities: Identities = None,
    require: RequireIdentities = False,
    model: Annotated[
        list[Path],
        typer.Option(
            "--model", metavar="FILE", help="A model.json to compare with what is proven.", show_default=False
        ),
    ] = [],  # noqa: B006  # typer copies it
    as_json: Json = False,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Also write the verdict as a page.", show_default=False),
    ] = None,
) -> None:
    """Judge evidence, and say what was agreed, what is proven, on what that rests, and what is not proven.

    Needs neither network nor data nor any secret. Without --identities, who signed is NOT proven.

    \b
    Examples
      accord evidence verify evidence.json
      accord evidence verify evidence.json --identities known.json --require-identities
      accord evidence verify evidence.json --model model.json --html verdict.html

    Exit codes: 0 proven or consistent, 2 no evidence, 4 tampered with or another model, 5 with --require-identities: not proven who signed.
    """
    from accord_agents.evidence.identity_file import load as identities_in
    from accord_agents.evidence.telling import told
    from accord_agents.evidence.verdict import PROVEN, load
    from accord_agents.evidence.verdict import verify as judge

    verdict = judge(load(file), identities_in(identities) if identities else None)
    for path in model:
        verdict = verdict.with_model(path)
    if html is not None:
        from accord_scenarios.report.evidence import page
        from accord_scenarios.report.page import write

        write(page(verdict), html)
    typer.echo(verdict.to_json() if as_json else told(verdict))
    unproven = require and verdict.verdict != PROVEN
    raise typer.Exit(verdict.exit_code or (UNPROVEN if unproven else 0))
