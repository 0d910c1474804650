"""The tree of commands."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from accord_scenarios.commands import (
    agent,
    audit,
    backup,
    bridge,
    check,
    collaborations,
    console,
    evidence,
    keys,
    model,
    overlap,
    predict,
    psi,
    replay,
    report,
    run,
    sbom,
    scenario,
    schema,
    scorecard,
)
from accord_scenarios.commands.options import BROKERS, PARTY, PROOF, TRAINING

app = typer.Typer(
    name="accord",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"accord {version('accord')}")
        raise typer.Exit


@app.callback()
def accord(
    _version_wanted: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
    _debug: Annotated[bool, typer.Option("--debug", help="Show where an error came from; may stand anywhere.")] = False,
) -> None:
    """Companies find the users they share and train a joint model; their data never leave home.

    \b
    Begin with
      accord run diabetes             three parties train on bundled data
      accord scenario show diabetes   what such a scenario says
      accord scenario list            what else there is

    Exit codes: 0 completed, 2 the input is unusable, 3 refused by gate or policy, 4 difference or tampering found, 5 not proven who signed, 1 anything else.
    """


app.command("run", rich_help_panel=TRAINING)(run.run)
app.command("predict", rich_help_panel=TRAINING)(predict.predict)
app.command("psi", rich_help_panel=TRAINING)(psi.psi)
app.command("overlap", rich_help_panel=TRAINING)(overlap.overlap)
app.add_typer(scenario.app, name="scenario", rich_help_panel=TRAINING)
app.command("scorecard", rich_help_panel=TRAINING)(scorecard.scorecard)
app.add_typer(model.app, name="model", rich_help_panel=TRAINING)
app.command("report", rich_help_panel=TRAINING)(report.report)
app.command("replay", rich_help_panel=TRAINING)(replay.replay)
app.command("agent", rich_help_panel=PARTY)(agent.agent)
app.add_typer(keys.app, name="keys", rich_help_panel=PARTY)
app.command("check", rich_help_panel=PARTY)(check.check)
app.command("propose", rich_help_panel=PARTY)(collaborations.propose)
app.command("inbox", rich_help_panel=PARTY)(collaborations.inbox)
app.command("accept", rich_help_panel=PARTY)(collaborations.accept)
app.command("refuse", rich_help_panel=PARTY)(collaborations.refuse)
app.command("ask", rich_help_panel=PARTY)(collaborations.ask)
app.command("erase", rich_help_panel=PARTY)(collaborations.erase)
app.command("status", rich_help_panel=PARTY)(collaborations.status)
app.command("bridge", rich_help_panel=BROKERS)(bridge.bridge)
app.add_typer(schema.app, name="schema", rich_help_panel=PARTY)
app.add_typer(evidence.app, name="evidence", rich_help_panel=PROOF)
app.command("audit", rich_help_panel=PROOF)(audit.audit)
app.command("sbom", rich_help_panel=PARTY)(sbom.sbom)
app.command("console", rich_help_panel=PARTY)(console.console)
app.command("backup", rich_help_panel=PARTY)(backup.backup)
app.command("restore", rich_help_panel=PARTY)(backup.restore)
