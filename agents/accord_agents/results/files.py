"""The files that a party writes when a collaboration has ended: its result, its model, its rows and predictions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.intake.shape import described
from accord_agents.intake.table import Table
from accord_agents.results.summary import RunSummary
from accord_agents.security.keystore import durable
from accord_protocols.jobs.base import Learned
from accord_protocols.kernel.lifecycle import COMPLETED
from accord_protocols.phases.alignment.star import NOBODY
from accord_schemas.errors import AccordError


def write(
    folder: Path,
    collaboration: Collaboration,
    run: RunSummary,
    table: Table | None,
    facts: dict[str, Any],
    *,
    again: bool = False,
) -> None:
    """Write what this party learned.

    Args:
        folder: Where to; made if needed.
        table: The party's rows, for the ids in intersection.csv and predictions.csv.
        facts: More fields for result.json.
        again: Whether this process has written these before: another witness changes result.json alone.

    Raises:
        AccordError: The folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, body in documents(collaboration, run, table).items() if not again else ():
            durable(folder / name, body)
        result = result_fields(collaboration, run) | facts
        result["warnings"] += _looks(collaboration, run, table)
        durable(folder / "result.json", json.dumps(result, ensure_ascii=False, indent=1, sort_keys=True).encode())
    except OSError as error:
        raise AccordError(
            f"the results cannot be written to {folder}: {error.strerror}.",
            hint="Free space or change rights, then resume.",
        ) from None


def documents(collaboration: Collaboration, run: RunSummary, table: Table | None) -> dict[str, bytes]:
    """What a completed collaboration leaves besides result.json, by file name."""
    found = dict[str, bytes]()
    if collaboration.state == COMPLETED and collaboration.job is not None:
        for output in collaboration.job.outputs:
            if (body := output.made(run.notes, table)) is not None:
                found[output.file] = body
    return found


def result_fields(collaboration: Collaboration, run: RunSummary) -> dict[str, Any]:
    """This party's result.json."""
    me, agreement, job = collaboration.me, collaboration.agreement, collaboration.job
    read = [f"{me}: {warning}" for warning in collaboration.data.get("warnings", ())]
    detail = [f"{me}: {collaboration.detail}"] if collaboration.detail else []
    figures: dict[str, Any] = {}
    if agreement is not None and job is not None:
        learned = Learned(me, agreement, run.notes, collaboration.state == COMPLETED)
        figures = {name: figure(learned) for name, figure in job.figures.items()}
    return {
        "party": me,
        "collaboration": collaboration.cid,
        "job": job.name if job else None,
        "leader": agreement.leader if agreement else None,
        "status": collaboration.state,
        "reason": collaboration.reason or None,
        **figures,
        "checkpoint": collaboration.witness.summary() if collaboration.witness else None,
        "profile": agreement.profile if agreement else None,
        "seconds": run.seconds,
        "bytes": dict(run.bytes),
        "events": dict(run.events),
        "traffic": {me: dict(run.traffic)},
        "timeline": {me: run.timeline},
        "warnings": list(dict.fromkeys([*detail, *read, *run.warnings])),
        "insecure_seed": bool(agreement and agreement.seeded),
    }


def _looks(collaboration: Collaboration, run: RunSummary, table: Table | None) -> list[str]:
    """What the own ids look like, where they were nobody else's: for people to compare with what the others tell."""
    if table is None or not (collaboration.reason == NOBODY or run.notes.get("intersection_size") == 0):
        return []
    return [f"{collaboration.me}: it has {described(table.ids)}."]
