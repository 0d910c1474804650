"""The result of a run: what each party learned, put together. Only the runner, on one machine, ever sees all of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accord_protocols.jobs.registry import JOBS
from accord_schemas.agreement import LABEL_HOLDER

_ENDS = ("REFUSED", "FAILED", "CANCELLED", "EXPIRED", "COMPLETED")
"""What a run is called when parties ended differently: the first that occurs."""


_FIGURES = dict.fromkeys(name for job in JOBS.values() for name in job.figures)
FIELDS = (
    *(
        "status",
        "reason",
        "job",
        "leader",
        *_FIGURES,
        "reference",
        "alone",
        "profile",
        "seconds",
        "work",
        "bytes",
        "events",
    ),
    *("peak_rss_mib", "backend", "restarts", "warnings", "insecure_seed", "accord_version"),
    *("parties", "traffic", "timeline"),
)
"""Every field of a result, whatever the job; what a job does not have is null."""
PHASES = ("total", *dict.fromkeys(name for job in JOBS.values() for name in job.phase_of.values()))
"""What `seconds` says."""


def merge(results: Mapping[str, Mapping[str, Any]], roles: Mapping[str, str]) -> dict[str, Any]:
    """DIR/result.json from each party's result.json.

    The leader's word comes first, then the others' by name: first non-null of scalars and lists, union of
    mappings, sum of what was sent, all warnings once. `seconds` is one party's whole clock: phases of different
    parties overlap.

    Args:
        results: By party; one that left no result may be absent.
        roles: By party, of every party.

    Returns:
        Every field of a result, null where nobody knows it.
    """
    leads = {result["leader"] for result in results.values() if result.get("leader")}
    leads = leads or {party for party, role in roles.items() if role == LABEL_HOLDER}
    order = sorted(roles, key=lambda party: (party not in leads, party))
    known = [results[party] for party in order if party in results]
    merged: dict[str, Any] = dict.fromkeys(FIELDS)
    for result in known:
        for field, value in result.items():
            if field in ("bytes", "events"):
                merged[field] = _summed(merged[field], value)
            elif field == "seconds":
                merged[field] = merged[field] or value
            elif field != "party":
                merged[field] = _united(merged.get(field), value)
    merged |= _end(known, complete=len(known) == len(order))
    merged["seconds"] = {phase: (merged["seconds"] or {}).get(phase) for phase in PHASES}
    merged["warnings"] = list(dict.fromkeys(sentence for result in known for sentence in result.get("warnings") or []))
    merged["insecure_seed"] = any(result.get("insecure_seed") for result in known)
    merged["parties"] = {party: roles[party] for party in order}
    return merged


def _united(first: Any, second: Any) -> Any:
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        return {
            key: _united(first.get(key), second.get(key)) for key in [*first, *(k for k in second if k not in first)]
        }
    return second if first is None else first


def _summed(first: Mapping[str, int] | None, second: Mapping[str, int] | None) -> dict[str, int] | None:
    if first is None or second is None:
        return dict(first or second or {}) or None
    return {key: first.get(key, 0) + second.get(key, 0) for key in [*first, *(k for k in second if k not in first)]}


def _end(known: list[Mapping[str, Any]], *, complete: bool) -> dict[str, Any]:
    ends = [(result.get("status"), result.get("reason")) for result in known]
    status = next((end for end in _ENDS if any(end == s for s, _ in ends)), None)
    if status is None or (status == "COMPLETED" and not (complete and all(s == status for s, _ in ends))):
        return {"status": "FAILED", "reason": "A party left no result."}
    return {"status": status, "reason": next((reason for s, reason in ends if s == status and reason), None)}
