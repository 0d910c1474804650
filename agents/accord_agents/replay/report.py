"""What a replay found: for people a line per party, for scripts the same as JSON."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from accord_agents.collaboration.difference import DifferenceError
from accord_agents.replay.commitments import sentence
from accord_schemas.errors import AccordError, TamperError


@dataclass(slots=True)
class Folded:
    """One collaboration.

    Args:
        cid: Its id.
        state: In which it is.
        erased: When its payloads were erased; empty while they are there.
        figures: Those of its result.json, where one was written and held against the journal.
        roles: By party.
        commitments: What holds of the committed data; None where it was not asked for.
    """

    cid: str
    state: str = ""
    erased: str = ""
    figures: dict[str, Any] = field(default_factory=dict, repr=False)
    roles: dict[str, str] = field(default_factory=dict)
    commitments: dict[str, Any] | None = None


@dataclass(slots=True)
class Replayed:
    """One party.

    Args:
        party: Its name, or that of its folder.
        written: The version of accord that made the journal.
        collaborations: Those that were reached, the last of which has the difference, if there is one.
        rows: Journal rows folded.
        frames: Own frames compared.
        jobs: Finished jobs.
        again: How many of them were executed again, by task.
        seconds: Wall.
        error: Why the replay ended early.
    """

    party: str
    written: str = "unknown"
    collaborations: list[Folded] = field(default_factory=list)
    rows: int = 0
    frames: int = 0
    jobs: int = 0
    again: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    error: AccordError | None = None

    @property
    def verdict(self) -> str:
        """identical, different, or unusable."""
        if self.error is None:
            return "identical"
        return "different" if isinstance(self.error, TamperError) else "unusable"

    def line(self) -> str:
        """For people."""
        if self.verdict == "unusable":
            return f"{self.party}: unusable"
        tasks = ", ".join(sorted(self.again))
        erased = [f"{c.cid[:12]} was erased on {c.erased[:10]}" for c in self.collaborations if c.erased]
        parts = [
            f"{self.rows} rows, {self.frames} frames",
            f"{sum(self.again.values())} of {self.jobs} jobs executed again" + (f" ({tasks})" if tasks else ""),
            *(f"{words}: signatures and chain only" for words in erased),
            *(f"{c.cid[:12]}, {sentence(c.commitments)}" for c in self.collaborations if c.commitments),
            f"{self.seconds:.1f} s",
            f"journal of accord {self.written}",
        ]
        return f"{self.party}: {self.verdict}; " + "; ".join(parts)

    def _where(self) -> str:
        """The collaboration with the difference."""
        named = self.error.collaboration if isinstance(self.error, DifferenceError) else ""
        return named or (self.collaborations[-1].cid if self.collaborations else "")

    def problem(self) -> str:
        """The difference in words; empty when there is none."""
        if self.error is None:
            return ""
        cid = self._where()
        where = f", collaboration {cid[:12]}" if cid and cid not in self.error.message else ""
        written = f" (written by accord {self.written})" if self.verdict == "different" else ""
        return f"{self.party}{where}: {self.error.message}{written} {self.error.hint}".rstrip()

    def to_json(self) -> dict[str, Any]:
        """For scripts."""
        found: dict[str, Any] = {
            "verdict": self.verdict,
            "journal_version": self.written,
            "rows": self.rows,
            "frames": self.frames,
            "jobs": {"finished": self.jobs, "executed_again": dict(sorted(self.again.items()))},
            "collaborations": {
                c.cid: {"state": c.state, "erased": c.erased or None, "commitments": c.commitments}
                for c in self.collaborations
            },
            "seconds": round(self.seconds, 3),
            "difference": None,
        }
        if self.error is not None:
            difference = self.error if isinstance(self.error, DifferenceError) else None
            found["difference"] = {
                "collaboration": self._where() or None,
                "event": difference.sequence or None if difference else None,
                "address": difference.address or None if difference else None,
                "field": difference.field if difference else None,
                "message": self.error.message,
            }
        return found


def to_json(parties: list[Replayed], error: AccordError | None = None) -> dict[str, Any]:
    """The whole report.

    Args:
        parties: One each.
        error: A difference in what was put together from several parties.
    """
    code = exit_code(parties, error)
    return {
        "verdict": {0: "identical", TamperError.exit_code: "different"}.get(code, "unusable"),
        "accord_version": version("accord"),
        "parties": {p.party: p.to_json() for p in parties},
        "problems": [p.problem() for p in parties if p.error] + ([error.message] if error else []),
    }


def exit_code(parties: list[Replayed], error: AccordError | None = None) -> int:
    """0 identical, 4 a difference was found, else what made the replay impossible."""
    codes = {e.exit_code for e in (error, *(p.error for p in parties)) if e is not None}
    return TamperError.exit_code if TamperError.exit_code in codes else max(codes, default=0)
