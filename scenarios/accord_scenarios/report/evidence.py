"""A verdict on evidence as one HTML document, for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from accord_agents.evidence import wording as words
from accord_agents.evidence.agreed import Time, agreed_terms, learns
from accord_agents.evidence.verdict import Verdict
from accord_scenarios.report.page import document
from accord_scenarios.report.sections import Cell, section, sentences, table


def page(verdict: Verdict) -> str:
    """The document: verdict, parties, agreement, findings, what is proven and what is not, times, checkpoints."""
    facts = verdict.facts
    title = escape(words.headline(verdict.verdict))
    name = f"Accord evidence · {facts['name']} · {facts['collaboration']}" if facts else "Accord evidence"
    good = "good" if verdict.exit_code == 0 else ""
    parts = [f'<header><p>{escape(name)}</p><h1 class="{good}">{title}</h1></header>']
    parts.append(section("Found", sentences(map(str, verdict.findings)), "warnings"))
    if facts:
        heads: list[Cell] = ["party", "role", "state", ("events",), "fingerprint"]
        rows = [
            [p, e["role"], facts["states"][p], (str(facts["events"][p]),), e["identity"]]
            for p, e in facts["parties"].items()
        ]
        parts.append(section("Parties", table(heads, rows)))
        parts += agreement(verdict.agreed, facts["agreement"])
    parts.append(section("Proven", table(["", "rests on"], verdict.proven)))
    parts.append(section("Not proven", sentences(verdict.not_proven)))
    if facts:
        parts.append(when(verdict.times))
        checkpoints: list[list[Cell]] = [
            [c["phase"], (str(c["size"]),), c["root"], ", ".join(c["signed_by"])] for c in facts["checkpoints"]
        ]
        parts.append(section("Checkpoints", table(["phase", ("events",), "Merkle root", "signed by"], checkpoints)))
    parts.append(f'<p class="soft">{escape(verdict.judged)}</p>')
    return document("Accord evidence", "\n".join(part for part in parts if part))


def agreement(agreed: Mapping[str, Any], digest: str) -> list[str]:
    """What was agreed on, and who learns what."""
    note = f'<p class="soft">Digest {escape(digest)}, in the header of every signed event.</p>' if digest else ""
    what = table(["", ""], agreed_terms(agreed)) if agreed else ""
    return [
        section("What was agreed", what and what + note),
        section("Who learns what, as agreed", table(["party", ""], learns(agreed))),
    ]


def when(times: Sequence[Time]) -> str:
    """When the parties say that they did what."""
    note = "<p>Each time is the word of its party's own clock. No signature proves a time.</p>"
    rows = table(["claimed time", "party", ""], [[t.claimed, t.party, t.did] for t in times])
    return section("When, as the parties claim", rows and note + rows)
