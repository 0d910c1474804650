"""The files that a party writes when a collaboration has ended: its result, its model, its rows and predictions."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.intake.shape import described
from accord_agents.intake.table import Table
from accord_agents.results.summary import Ledger
from accord_agents.security.keystore import durable
from accord_protocols.kernel.session import NOBODY
from accord_schemas.canonical import canonical_json
from accord_schemas.errors import AccordError


def write(
    folder: Path, collaboration: Collaboration, ledger: Ledger, table: Table | None, facts: dict[str, Any]
) -> None:
    """Write what this party learned.

    Args:
        folder: Where to; made if needed.
        table: The party's rows, for the ids in intersection.csv and predictions.csv.
        facts: More fields for result.json.

    Raises:
        AccordError: The folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, body in documents(collaboration, ledger, table).items():
            durable(folder / name, body)
        result = summary(collaboration, ledger) | facts
        result["warnings"] += _looks(collaboration, ledger, table)
        durable(folder / "result.json", json.dumps(result, ensure_ascii=False, indent=1, sort_keys=True).encode())
    except OSError as error:
        raise AccordError(
            f"the results cannot be written to {folder}: {error.strerror}.",
            hint="Free space or change rights, then resume.",
        ) from None


def documents(collaboration: Collaboration, ledger: Ledger, table: Table | None) -> dict[str, bytes]:
    """What a completed collaboration leaves besides result.json, by file name."""
    notes, found = ledger.notes, dict[str, bytes]()
    if collaboration.state != "COMPLETED":
        return found
    if "model" in notes:
        found["model.json"] = canonical_json(notes["model"])
    if table is not None and "rows" in notes:
        found["intersection.csv"] = _csv(["id"], [[table.ids[row]] for row in notes["rows"]])
    if table is not None and table.labels is not None and "predictions" in notes:
        rows, predictions = notes["predicted_rows"].tolist(), notes["predictions"].tolist()
        lines = [
            [table.ids[row], repr(float(table.labels[row])), repr(p)] for row, p in zip(rows, predictions, strict=True)
        ]
        found["predictions.csv"] = _csv(["id", "label", "prediction"], lines)
    return found


def summary(collaboration: Collaboration, ledger: Ledger) -> dict[str, Any]:
    """This party's result.json."""
    notes, agreement = ledger.notes, collaboration.agreement
    train = agreement.train if agreement else None
    model = notes.get("model") or {}
    completed = collaboration.state == "COMPLETED"
    me = collaboration.me
    read = [f"{me}: {warning}" for warning in collaboration.data.get("warnings", ())]
    detail = [f"{me}: {collaboration.detail}"] if collaboration.detail else []
    return {
        "party": me,
        "collaboration": collaboration.cid,
        "status": collaboration.state,
        "reason": collaboration.reason or None,
        "intersection_size": notes.get("intersection_size"),
        "train_rows": notes.get("train_rows"),
        "test_rows": notes.get("test_rows"),
        "gate": notes.get("gate"),
        "rounds": notes.get("rounds"),
        "converged": notes.get("converged"),
        "loss": notes.get("loss"),
        "unique": notes.get("unique"),
        "constant_label": notes.get("constant_label"),
        "coefficients": {me: model["coefficients"]} if completed and model else None,
        "intercept": model.get("intercept") if completed else None,
        "metrics": notes.get("metrics"),
        "model_digest": notes.get("model_digest"),
        "checkpoint": collaboration.witness.summary() if collaboration.witness else None,
        "engine": train.engine if train else None,
        "protection": train.protection if train else None,
        "profile": agreement.profile if agreement else None,
        "seconds": ledger.seconds,
        "bytes": dict(ledger.bytes),
        "events": dict(ledger.events),
        "traffic": {me: dict(ledger.traffic)},
        "timeline": {me: ledger.timeline},
        "columns": {me: notes.get("columns", [])},
        "warnings": list(dict.fromkeys([*detail, *read, *ledger.warnings])),
        "insecure_seed": bool(agreement and agreement.seeded),
    }


def _looks(collaboration: Collaboration, ledger: Ledger, table: Table | None) -> list[str]:
    """What the own ids look like, where they were nobody else's: for people to compare with what the others tell."""
    if table is None or not (collaboration.reason == NOBODY or ledger.notes.get("intersection_size") == 0):
        return []
    return [f"{collaboration.me}: it has {described(table.ids)}."]


def _csv(header: list[str], rows: list[list[str]]) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return buffer.getvalue().encode()
