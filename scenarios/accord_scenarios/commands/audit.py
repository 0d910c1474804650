"""`accord audit`."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from accord_scenarios.commands.options import UNPROVEN, Identities, Json, RequireIdentities


def audit(
    broker: Annotated[str, typer.Option("--broker", metavar="URL", help="The log to read.", show_default=False)],
    identities: Identities = None,
    require: RequireIdentities = False,
    collaboration: Annotated[
        str,
        typer.Option("--collaboration", metavar="ID", help="One alone; the beginning is enough.", show_default=False),
    ] = "",
    follow: Annotated[bool, typer.Option("--follow", help="Go on, and print what is found, until Ctrl-C.")] = False,
    as_json: Json = False,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Also write the verdicts as a page.", show_default=False),
    ] = None,
) -> None:
    """Read a log alone and judge every collaboration on it: signatures, chains, order, states, consent, checkpoints.

    Nothing is written, and no key is needed. Without --identities, who signed is NOT proven. What else lies on the log is told as a
    note, with topic and offset, and turns no verdict.

    \b
    Examples
      accord audit --broker embedded:accord-runs/diabetes/broker.db
      accord audit --broker kafka://broker:9093/credit --identities known.json --collaboration 3f9c2a7e --html audit.html
      accord audit --broker kafka://broker:9092/credit --identities identities.json --follow

    Exit codes: 0 nothing is wrong, 2 there is no such log or collaboration, 4 tampering found, 5 with --require-identities: not proven who signed.
    """
    import sys

    from accord_agents.evidence import telling
    from accord_agents.evidence.identity_file import load
    from accord_agents.evidence.verdict import PROVEN, TAMPERED
    from accord_agents.evidence.watch import audit as watch
    from accord_agents.evidence.watch import chosen
    from accord_agents.observability.logs import logger, routed

    known = load(identities) if identities else None

    def tell(line: str) -> None:
        typer.echo(line, err=as_json)

    log = logger(sys.stderr)
    with routed(log):
        auditor = watch(broker, known, following=follow, tell=tell, log=log, only=collaboration)
    reports, notes = chosen(auditor, collaboration), auditor.notes()
    verdicts = [report.verdict(known) for report in reports]
    if html is not None:
        from accord_scenarios.report.audit import page
        from accord_scenarios.report.page import write

        write(page(broker, list(zip(reports, verdicts, strict=True)), notes, auditor.untold), html)
    if as_json:
        found = [
            report.to_json() | {"verdict": verdict, "who_signed_is_proven": verdict == PROVEN}
            for report, verdict in zip(reports, verdicts, strict=True)
        ]
        value = {
            "collaborations": found,
            "notes": [note.to_json() for note in notes],
            "notes_untold": auditor.untold,
            "who_signed_is_proven": bool(verdicts) and set(verdicts) == {PROVEN},
            "accord_version": version("accord"),
        }
        typer.echo(json.dumps(value, ensure_ascii=False, indent=1))
    else:
        form = telling.whole if collaboration else telling.lines
        said = [form(report, verdict) for report, verdict in zip(reports, verdicts, strict=True)]
        said = said or ["No collaboration is on this log."]
        typer.echo("\n".join([*said, *telling.aside(notes, auditor.untold)]))
    if TAMPERED in verdicts:
        raise typer.Exit(4)
    raise typer.Exit(UNPROVEN if require and not (verdicts and set(verdicts) == {PROVEN}) else 0)
