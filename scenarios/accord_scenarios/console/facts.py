"""What the pages say, as plain values: every page shows what commands print, and nothing is decided here."""

from __future__ import annotations

import contextlib
import json
import tempfile
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from accord_agents.config.party_file import Config
from accord_agents.evidence.agreed import agreed_terms
from accord_agents.evidence.export import export
from accord_agents.files.folder_lock import running
from accord_agents.journal.journal import Journal
from accord_agents.operator.collaborations import choices, own_columns, part, statuses
from accord_agents.operator.waiting import told
from accord_agents.results.warned import shown as shown_warnings
from accord_agents.security.fingerprint import shown
from accord_agents.security.keystore import Keystore
from accord_agents.security.passphrase import passphrase
from accord_agents.service.budget import Budget
from accord_protocols.jobs.registry import job_of
from accord_protocols.kernel.lifecycle import PROPOSED, TERMINAL
from accord_schemas.agreement import Agreement

_LAST = 200
"""Quarantined records that are listed."""


def text(value: object) -> str:
    """What others wrote, as text that stays where it stands: no signs that steer, hide or turn what is around them."""
    return "".join(
        "\ufffd" if unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp") else c for c in str(value)
    )


def overview(config: Config) -> dict[str, Any]:
    """Everything that there is, what waits for an answer first."""
    every = [_short(status, config.party) for status in statuses(config)]
    asked = [status for status in every if status["asked"]]
    return {"asked": asked, "others": [s for s in reversed(every) if not s["asked"]], "runs": running(config.out)}


def collaboration(config: Config, cid: str) -> dict[str, Any] | None:
    """One collaboration; None if there is none of that id."""
    found = next((status for status in statuses(config) if status["collaboration"] == cid), None)
    if found is None:
        return None
    facts: dict[str, Any] = _short(found, config.party) | {"result": result(config, cid)}
    facts["warnings"] = shown_warnings((facts["result"] or {}).get("warnings"))
    if found["agreement"]:
        terms = Agreement.model_validate(found["agreement"])
        facts |= {
            "about": job_of(terms).about(terms),
            "parties": [(p, part(terms.parties[p]), shown(terms.parties[p].identity)) for p in terms.order],
            "learns": sorted(terms.learns.items()),
            "terms": [(what, how) for what, how in agreed_terms(found["agreement"]) if how],
        }
        if facts["asked"]:
            verdict, why = config.policy.judge(terms, found["proposer"], config.party)
            facts |= {"columns": own_columns(config, found), "policy": why or verdict, "left": _left(config, terms)}
            facts["sets"] = choices(config, found)
    return facts


def result(config: Config, cid: str) -> dict[str, Any] | None:
    """What this party has of a collaboration's end."""
    for path in (config.out / cid / "result.json", config.out / "result.json"):
        with contextlib.suppress(OSError, ValueError):
            found: dict[str, Any] = json.loads(path.read_bytes())
            if found.get("collaboration") == cid:
                return found
    return None


def evidence(path: Path, cid: str) -> bytes:
    """Evidence about a collaboration, as a file's bytes."""
    with tempfile.TemporaryDirectory(prefix="accord-console-") as folder:
        file = Path(folder) / "evidence.json"
        export(path, file, cid)
        return file.read_bytes()


def quarantine(config: Config) -> list[dict[str, str]]:
    """The last records that were no acceptable events, the newest first."""
    if not config.journal.exists():
        return []
    journal = Journal(config.journal)
    try:
        refused = journal.quarantine()[-_LAST:]
    finally:
        journal.close()
    return [
        {"source": r.source, "reason": r.reason, "code": str(r.code), "bytes": f"{len(r.body):,}"}
        for r in refused[::-1]
    ]


def _left(config: Config, terms: Agreement) -> list[tuple[str, str]]:
    """How many collaborations more the policy allows within a day, by peer."""
    budget = Budget(
        Keystore.open(config.keystore, passphrase(config.passphrase_file)), config.policy.max_runs_per_peer_per_day
    )
    left = {peer: budget.left(peer) for peer in terms.order if peer != config.party}
    return [(peer, "no bound" if count is None else str(count)) for peer, count in left.items()]


def _short(status: Mapping[str, Any], party: str) -> dict[str, Any]:
    asked = status["state"] == PROPOSED and not status["accepted"]
    ended = status["state"] in TERMINAL
    names = ("collaboration", "name", "proposer", "state", "round", "reason", "detail")
    return {name: status.get(name) for name in names} | {
        "asked": asked,
        "ended": ended,
        "waits": told(status, party).strip(),
    }
