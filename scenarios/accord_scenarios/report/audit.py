"""Verdicts on a log as one HTML document, for people."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib.metadata import version

from accord_agents.evidence import wording as words
from accord_agents.evidence.audit import MOST_NOTES, Report
from accord_agents.evidence.finding import Note
from accord_agents.evidence.verdict import TAMPERED
from accord_broker.factory import redact
from accord_scenarios.report.evidence import agreement, when
from accord_scenarios.report.page import document
from accord_scenarios.report.sections import Cell, section, sentences, table


def page(url: str, reports: Sequence[tuple[Report, str]], notes: Sequence[Note], untold: int) -> str:
    """The document: per collaboration its verdict, parties, findings, agreement and times; then what else lies there.

    Args:
        url: Of the log; passwords in it are not shown.
        reports: Each with its verdict.
        notes: Records that decide nothing.
        untold: How many more of these there are.
    """
    parts = [f"<header><p>Accord audit · {escape(redact(url))}</p></header>"]
    if not reports:
        parts.append('<h1 class="good">No collaboration is on this log</h1>')
    for report, verdict in reports:
        parts += _collaboration(report, verdict)
    heads: list[Cell] = ["topic", "source", ("offset",), "under id", "what it is"]
    rows: list[list[Cell]] = [
        [n.place.topic, n.place.source, (str(n.place.offset),), n.collaboration, n.sentence] for n in notes
    ]
    more = f"<p>And {untold} more than the {MOST_NOTES} that are told one by one.</p>" if untold else ""
    parts.append(section(f"{words.ASIDE[0].upper()}{words.ASIDE[1:]}", table(heads, rows) + more))
    parts.append(f'<p class="soft">Judged by accord {escape(version("accord"))}.</p>')
    return document("Accord audit", "\n".join(part for part in parts if part))


def _collaboration(report: Report, verdict: str) -> list[str]:
    good = "" if verdict == TAMPERED else "good"
    name = report.name or "not proposed here"
    witnessed = "with a final checkpoint of all" if report.witnessed else "without a final checkpoint of all"
    about = f"{report.collaboration} · {report.events} events, {witnessed}"
    rows = [[party, report.states[party], key] for party, key in report.parties.items()]
    return [
        f'<h1 class="{good}">{escape(name)}: {escape(words.headline(verdict))}</h1>',
        section(escape(about), table(["party", "state", "fingerprint"], rows)),
        section("Found", sentences(map(str, report.findings)), "warnings"),
        *agreement(report.agreed, report.agreement),
        when(report.times),
    ]
