"""`accord model`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from accord_schemas.errors import UsageError

app = typer.Typer(no_args_is_help=True, help="A party's part of a model, for other tools.")


@app.callback()
def _model() -> None:
    """A party's part of a model, for other tools."""


@app.command()
def export(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR/PARTY", help="A party's results, or its model.json.", show_default=False),
    ],
    onnx: Annotated[
        Path | None, typer.Option("--onnx", metavar="FILE", help="Write one ONNX file.", show_default=False)
    ] = None,
    mlflow: Annotated[
        Path | None,
        typer.Option("--mlflow", metavar="DIR", help="Write a folder that MLflow loads.", show_default=False),
    ] = None,
) -> None:
    """Export the own part of a model, preparation included: from columns as the file has them to the part of each row's score.

    `score` is this party's part. `prediction` is right once `others` holds the sum of all other parties' parts of the same rows.

    \b
    Examples
      accord model export accord-runs/breast_cancer/hospital --onnx hospital.onnx
      accord model export runs/3f9c2a7e51d04b6c9a3e8d2f7b105c64 --mlflow bank-model
    """
    from accord_scenarios.onnx_model import as_mlflow, read, written

    if onnx is None and mlflow is None:
        raise UsageError("It is not said what to write.", hint="Use --onnx FILE or --mlflow DIR.")
    part = read(folder)
    if onnx is not None:
        written(part, onnx)
        typer.echo(str(onnx))
    if mlflow is not None:
        as_mlflow(part, mlflow)
        typer.echo(str(mlflow))
