"""Verification of an evidence file: no network, no data, no secret; a verdict that names what it rests on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from accord_agents.evidence import bundle
from accord_agents.evidence import wording as words
from accord_agents.evidence.agreed import Time, times
from accord_agents.evidence.audit_rules import Scope
from accord_agents.evidence.facts import facts
from accord_agents.evidence.finding import UNKNOWN, Finding
from accord_agents.evidence.known import Known
from accord_agents.evidence.model_file import compare
from accord_agents.evidence.observer import Observer
from accord_agents.evidence.statement import signed, statement
from accord_protocols.kernel.lifecycle import COMPLETED
from accord_schemas.canonical import canonical_json
from accord_schemas.errors import UsageError
from accord_schemas.events import Propose

MAX_BYTES = 256 << 20
"""Of an evidence file; that of a long training has some megabytes."""
PROVEN, CONSISTENT, TAMPERED = "proven", "consistent", "tampered"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a file shows.

    Args:
        verdict: ``proven`` against pinned identities, ``consistent`` without any, or ``tampered``.
        findings: What is wrong.
        facts: What follows from the events; empty where there is no usable proposal.
        proven: (sentence, what it rests on).
        not_proven: Sentences.
        agreed: The agreement, as the proposal holds it.
        times: When the parties say that they did what.
        sha256: Of the file.
        size: Of the file, in bytes.
    """

    verdict: str
    exporter: str
    findings: list[Finding]
    facts: dict[str, Any] = field(default_factory=dict)
    proven: list[tuple[str, str]] = field(default_factory=list)
    not_proven: list[str] = field(default_factory=list)
    agreed: dict[str, Any] = field(default_factory=dict)
    times: list[Time] = field(default_factory=list)
    sha256: str = ""
    size: int = 0

    @property
    def exit_code(self) -> int:
        """0, or 4 where anything was tampered with."""
        return 4 if self.verdict == TAMPERED else 0

    @property
    def judged(self) -> str:
        """Which file was judged, and by what."""
        return f"evidence of {self.size:,} bytes, SHA-256 {self.sha256}; judged by accord {version('accord')}"

    def to_json(self) -> str:
        """As one JSON object."""
        value = {
            "verdict": self.verdict,
            "who_signed_is_proven": self.verdict == PROVEN,
            "exporter": self.exporter,
            "algorithms": self.facts.get("algorithms", []),
            "findings": [finding.to_json() for finding in self.findings],
            "proven": [{"sentence": sentence, "rests_on": basis} for sentence, basis in self.proven],
            "not_proven": self.not_proven,
            "agreed": self.agreed,
            "claimed_times": [time.to_json() for time in self.times],
            "facts": self.facts,
            "file": {"sha256": self.sha256, "bytes": self.size},
            "accord_version": version("accord"),
        }
        return json.dumps(value, ensure_ascii=False, indent=1)

    def with_model(self, path: Path) -> Verdict:
        """The verdict with a model file compared: another model than the one proven is tampering.

        Raises:
            UsageError: It cannot be read.
        """
        found = compare(path, self.facts)
        if isinstance(found, Finding):
            return replace(self, verdict=TAMPERED, findings=[*self.findings, found])
        return self if self.verdict == TAMPERED else replace(self, proven=[*self.proven, found])


def load(path: Path) -> bytes:
    """The bytes of an evidence file.

    Raises:
        UsageError: It cannot be read, or is far too long.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"the evidence {path} cannot be read: {error.strerror}.") from None
    if len(data) > MAX_BYTES:
        raise UsageError(f"{path} is no evidence: it has more than {MAX_BYTES >> 20} MiB.")
    return data


def verify(data: bytes, known: Known | None = None) -> Verdict:
    """Judge an evidence file.

    Args:
        data: The file.
        known: Identities that are known by another way; without them, who signed is not proven.

    Raises:
        UsageError: It is no evidence, or too damaged to be judged.
    """
    value = bundle.read(data)
    frames, wrong = bundle.unlisted(value["events"])
    exporter = value["exporter"] if isinstance(value["exporter"], str) else ""
    findings = [Finding("entry", UNKNOWN, "the file", what) for what in wrong]
    cid = next((f.header.subject for f in frames if f.header.event_class is Propose), "")
    observer = Observer(cid, known)
    for frame in frames:
        observer.take(frame)
    observed = observer.observed
    if observed is None or exporter not in observed.senders:
        findings += observer.found
        findings.append(Finding("proposal", UNKNOWN, "the file", "there is no usable proposal with its exporter in it"))
        return Verdict(TAMPERED, exporter, findings, **_file(data))
    owed = scope(observer, exporter)
    judged = observer.conclude(owed)[1]
    derived = facts(cid, observed, judged)
    outside = list(_statements(value, cid, exporter, derived, observer))
    if any(finding.kind == "statement" for finding in outside):
        owed = replace(owed, carrier=UNKNOWN)  # who has changed it since may have left out anything
    findings += observer.conclude(owed)[0] + outside
    proposal = observed.proposal
    said = {"agreed": proposal.agreement.model_dump(mode="json"), "times": times(observed), **_file(data)}
    if any(not finding.warning for finding in findings):
        return Verdict(TAMPERED, exporter, findings, derived, **said)
    proves = known is not None and known.proves(proposal.fingerprints())
    return Verdict(
        PROVEN if proves else CONSISTENT,
        exporter,
        findings,
        derived,
        list(words.proven(derived, exporter)),
        list(words.not_proven(derived, exporter, known=proves)),
        **said,
    )


def _file(data: bytes) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}


def scope(observer: Observer, exporter: str) -> Scope:
    """What a party's file must hold: all its own events, and everybody's once it has completed."""
    observed = observer.observed
    assert observed is not None
    completed = observed.senders[exporter].reached(COMPLETED) is not None
    return Scope(None if completed else frozenset({exporter}), tail=False, carrier=exporter)


def _statements(
    value: dict[str, Any], cid: str, exporter: str, derived: dict[str, Any], observer: Observer
) -> Iterator[Finding]:
    """Facts and statement against the events."""
    assert observer.observed is not None
    try:
        same = canonical_json(value["facts"]) == canonical_json(derived)
    except (TypeError, ValueError):
        same = False
    if not same:
        yield Finding("facts", UNKNOWN, "the file", "the facts in the file do not follow from its events")
    public = observer.observed.proposal.identities[exporter]
    if not signed(value["statement"], statement(cid, exporter, derived, bundle.body(value)), public):
        what = f"the file was changed after {exporter} signed it, or {exporter} never did"
        yield Finding("statement", UNKNOWN, "the file", what)
