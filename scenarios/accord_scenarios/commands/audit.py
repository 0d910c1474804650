"""`accord audit`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from accord_scenarios.commands.options import Identities, Json


def audit(
    broker: Annotated[str, typer.Option("--broker", metavar="URL", help="The log to read.", show_default=False)],
    identities: Identities = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on, and print what is found, until Ctrl-C.")] = False,
    as_json: Json = False,
) -> None:
    """Read a log alone and judge every collaboration on it: signatures, chains, order, states, consent, checkpoints.

    Nothing is written, and no key is needed. Without --identities, who signed is NOT proven.

    \b
    Examples
      accord audit --broker embedded:accord-runs/diabetes/broker.db
      accord audit --broker kafka://broker:9092/credit --identities identities.json --follow

    Exit codes: 0 nothing is wrong, 2 there is no such log, 4 tampering found.
    """
    from accord_agents.evidence.fingerprints import pins
    from accord_agents.evidence.watch import audit as watch
    from accord_agents.evidence.watch import lines, verdict

    known = pins(identities) if identities else None
    reports = watch(broker, known, following=follow, tell=lambda line: typer.echo(line, err=as_json))
    if as_json:
        found = [report.to_json() | {"verdict": verdict(report, known)} for report in reports]
        typer.echo(json.dumps({"collaborations": found}, ensure_ascii=False, indent=1))
    else:
        typer.echo("\n".join(lines(report, known) for report in reports) or "No collaboration is on this log.")
    raise typer.Exit(0 if all(report.clean for report in reports) else 4)
