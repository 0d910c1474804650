"""The jobs that this program knows, by name."""

from __future__ import annotations

from collections.abc import Mapping

from accord_protocols.jobs import bins, graph, match, online, overlap, predict, psi, query, train, trees
from accord_protocols.jobs.base import Job, Reads
from accord_protocols.kernel.plan import Plan
from accord_protocols.kernel.session import Session
from accord_schemas.agreement import Agreement

ROOT = Session.kind
"""The machine that every collaboration starts with; it starts the others."""
_ALL = (train.JOB, psi.JOB, overlap.JOB, predict.JOB, online.JOB, query.JOB, trees.JOB, bins.JOB, graph.JOB, match.JOB)
JOBS: dict[str, Job] = {job.name: job for job in _ALL}


def _nobody(_roles: Mapping[str, str]) -> str:
    raise NotImplementedError("nobody leads a job that is not known here")


def job_of(agreement: Agreement) -> Job:
    """An agreement's job; one that can only be refused, where this program does not know it."""
    known = JOBS.get(agreement.job)
    return known or Job(
        name=agreement.job,
        plan=Plan(),
        machines={},
        roles={},
        leader=_nobody,
        reads=lambda _agreement, _party: Reads(),
        completed=lambda _said: "completed.",
        about=lambda terms: f"{terms.job}, which this version of Accord does not know",
    )
