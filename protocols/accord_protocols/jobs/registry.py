"""The jobs that this program knows, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module

from accord_protocols.jobs.base import Job, Reads
from accord_protocols.kernel.plan import Plan
from accord_protocols.kernel.session import Session
from accord_schemas.agreement import Agreement

ROOT = Session.kind
"""The machine that every collaboration starts with; it starts the others."""
NAMES = ("train", "psi", "overlap", "predict", "online", "query", "trees", "bins", "graph", "match")
"""Each is the `JOB` of the module of that name beside this one."""


class Jobs(MutableMapping[str, Job]):
    """Jobs by name, loaded when they are asked for: an agent needs one of them, and the others take time to load."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._jobs: dict[str, Job | None] = dict.fromkeys(names)

    def __getitem__(self, name: str) -> Job:
        found = self._jobs[name]
        if found is None:
            found = self._jobs[name] = import_module(f"{__package__}.{name}").JOB
        return found

    def __setitem__(self, name: str, job: Job) -> None:
        self._jobs[name] = job

    def __delitem__(self, name: str) -> None:
        del self._jobs[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._jobs)

    def __len__(self) -> int:
        return len(self._jobs)

    def __contains__(self, name: object) -> bool:
        return name in self._jobs  # without loading it


JOBS = Jobs(NAMES)


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
