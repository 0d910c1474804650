"""A verdict on evidence as one HTML document, for people."""

from __future__ import annotations

from html import escape
from pathlib import Path

from accord_agents.evidence import wording as words
from accord_agents.evidence.verdict import Verdict
from accord_scenarios.report.page import document
from accord_scenarios.report.sections import Cell, section, sentences, table
from accord_schemas.errors import AccordError


def page(verdict: Verdict) -> str:
    """The document: verdict, parties, findings, what is proven and what is not, checkpoints."""
    facts = verdict.facts
    title = escape(words.headline(verdict.verdict))
    name = f"Accord evidence · {facts['name']} · {facts['collaboration']}" if facts else "Accord evidence"
    good = "good" if verdict.exit_code == 0 else ""
    parts = [f'<header><p>{escape(name)}</p><h1 class="{good}">{title}</h1></header>']
    parts.append(section("Found", sentences(map(str, verdict.findings)), "warnings"))
    parts.append(section("Proven", table(["", "rests on"], verdict.proven)))
    parts.append(section("Not proven", sentences(verdict.not_proven)))
    if facts:
        heads: list[Cell] = ["party", "role", "state", ("events",), "fingerprint"]
        rows = [
            [p, e["role"], facts["states"][p], (str(facts["events"][p]),), e["identity"]]
            for p, e in facts["parties"].items()
        ]
        parts.append(section("Parties", table(heads, rows)))
        seals: list[list[Cell]] = [
            [c["phase"], (str(c["size"]),), c["root"], ", ".join(c["signed_by"])] for c in facts["checkpoints"]
        ]
        parts.append(section("Checkpoints", table(["phase", ("events",), "Merkle root", "signed by"], seals)))
    return document("Accord evidence", "\n".join(part for part in parts if part))


def write_page(verdict: Verdict, path: Path) -> None:
    """Write the page; see `page`.

    Raises:
        AccordError: It cannot be written.
    """
    try:
        path.write_text(page(verdict), encoding="utf-8")
    except OSError as error:
        raise AccordError(f"{path} cannot be written: {error.strerror}.") from None
