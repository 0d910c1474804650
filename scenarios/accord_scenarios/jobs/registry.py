"""The jobs that can be played, by name."""

from __future__ import annotations

from accord_scenarios.jobs import bins, graph, match, online, overlap, predict, psi, query, train, trees
from accord_scenarios.jobs.base import Played, Result
from accord_scenarios.wording import listed

_ALL = (
    train.PLAYED,
    psi.PLAYED,
    overlap.PLAYED,
    predict.PLAYED,
    online.PLAYED,
    query.PLAYED,
    trees.PLAYED,
    bins.PLAYED,
    graph.PLAYED,
    match.PLAYED,
)
PLAYED: dict[str, Played] = {played.job.name: played for played in _ALL}
DEFAULT = "train"
"""What a scenario is that does not say."""
OF_MODELS = {played.MODEL: played.PLAYED.job.name for played in (trees, bins)}
"""What a scenario is that says no job, but a model of its own job."""
ALIGNED = "psi"
"""What a training without training is: it ends after alignment."""
_ENDS = {"REFUSED": "was refused", "CANCELLED": "was called off", "EXPIRED": "ran out of time", "FAILED": "failed"}


def of(result: Result) -> Played:
    """The job of a result."""
    return PLAYED[result.get("job") or DEFAULT]


def verdict(result: Result) -> str:
    """The outcome in a sentence."""
    status = result.get("status")
    if status == "COMPLETED":
        return of(result).verdict(result)
    end, parties = _ENDS.get(str(status), "has no result"), listed(result.get("parties") or [])
    return f"The collaboration of {parties} {end}. {result.get('reason') or ''}".rstrip()
