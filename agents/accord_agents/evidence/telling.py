"""Verdicts as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from accord_agents.evidence import wording as words
from accord_agents.evidence.agreed import Time, agreed_terms, learns
from accord_agents.evidence.audit import MOST_NOTES, Report
from accord_agents.evidence.finding import Note
from accord_agents.evidence.verdict import Verdict


def told(found: Verdict) -> str:
    """The verdict on a file."""
    return "\n".join(_verdict(found))


def _verdict(found: Verdict) -> Iterator[str]:
    yield words.headline(found.verdict)
    yield found.judged
    if facts := found.facts:
        yield f"collaboration {facts['collaboration']} ({facts['name']}), proposed by {facts['proposer']}"
        for party, entry in facts["parties"].items():
            yield f"  {party:<12} {entry['identity']}  {entry['role']}, {facts['states'][party]}"
        yield from _agreement(found.agreed, facts["agreement"])
        yield from _times(found.times)
    if found.findings:
        yield "found:"
        yield from (f"  - {finding}" for finding in found.findings)
    if found.proven:
        yield "proven:"
        yield from (f"  - {sentence} [{basis}]" for sentence, basis in found.proven)
    if found.not_proven:
        yield "not proven:"
        yield from (f"  - {sentence}" for sentence in found.not_proven)


def lines(report: Report, verdict: str) -> str:
    """A collaboration on a log."""
    title = f"{report.collaboration}  {report.name or 'not proposed here'}: {words.headline(verdict)}"
    witnessed = "with a final checkpoint of all" if report.witnessed else "without a final checkpoint of all"
    text = [title, f"  {report.events} events, {witnessed}"]
    text += [f"  {party:<12} {key}  {report.states[party]}" for party, key in report.parties.items()]
    return "\n".join([*text, *(f"  - {finding}" for finding in report.findings)])


def whole(report: Report, verdict: str) -> str:
    """A collaboration on a log, with what was agreed and when."""
    return "\n".join([lines(report, verdict), *_agreement(report.agreed, report.agreement), *_times(report.times)])


def aside(notes: Sequence[Note], untold: int) -> Iterator[str]:
    """What else lies on a log."""
    if notes:
        yield f"{words.ASIDE}:"
        yield from (f"  - {note.kind}: {note.sentence} ({note.place})" for note in notes)
    if untold:
        yield f"  - and {untold} more than the {MOST_NOTES} that are told one by one"


def _agreement(agreed: Mapping[str, Any], digest: str) -> Iterator[str]:
    if agreed:
        yield f"agreed, digest {digest}:"
        yield from (f"  {what:<12} {how}" for what, how in agreed_terms(agreed))
        yield from (f"  {party} learns: {what}" for party, what in learns(agreed))


def _times(times: Sequence[Time]) -> Iterator[str]:
    if times:
        yield f"{words.CLAIMED}:"
        yield from (f"  {time.claimed}  {time.party} {time.did}" for time in times)
