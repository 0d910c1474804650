"""`accord scorecard`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from accord_scenarios.commands.options import Json


def scorecard(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR/PARTY", help="A party's results, or its model.json.", show_default=False),
    ],
    pdo: Annotated[float, typer.Option("--pdo", help="Points that double the odds.")] = 20.0,
    base_points: Annotated[float, typer.Option("--base-points", help="Points of a row with the base odds.")] = 600.0,
    base_odds: Annotated[float, typer.Option("--base-odds", help="Odds of the good label at the base points.")] = 50.0,
    good: Annotated[int, typer.Option("--good", help="The label that is good, 0 or 1.")] = 0,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the card as JSON, too.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Say a party's part of a logistic model in points: by column, what a missing value gets, and what every row has.

    All parties take the same four numbers; the sum of their points of a row is the points of the joint prediction. Nothing is sent.

    \b
    Examples
      accord scorecard accord-runs/breast_cancer/hospital
      accord scorecard accord-runs/credit/bank --pdo 15 --base-points 500 --base-odds 20 --out bank-card.json
    """
    from accord_scenarios.scorecard import made, told, written

    card = made(folder, pdo=pdo, base_points=base_points, base_odds=base_odds, good=good)
    if out is not None:
        written(card, out)
    typer.echo(card.model_dump_json(indent=1) if as_json else told(card))
