"""Jobs as docs/state-machines.md says them; ``python -m accord_protocols.jobs.document PAGE`` brings it up to date."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from accord_protocols.jobs.base import Job
from accord_protocols.jobs.registry import JOBS
from accord_protocols.kernel.lifecycle import begins, diagram

MARK = "<!-- generated from here on: python -m accord_protocols.jobs.document docs/state-machines.md -->\n"


def document(jobs: Iterable[Job]) -> str:
    """Every job's life, phases and machines, in Markdown."""
    return "\n".join(line for job in jobs for line in _job(job))


def _job(job: Job) -> Iterator[str]:
    yield f"\n## `job: {job.name}`\n\n```mermaid\n{diagram(job.table)}\n```\n"
    yield "| phase | begins in | machine | starts | said in clear | leads to |\n|---|---|---|---|---|---|"
    for state, phase in begins(job.plan.phases):
        said = ", ".join(f"`{event.family}.{event.name}`" for event in phase.clear)
        inner = f", then {phase.rounds.name} in {phase.rounds.reaches}" if phase.rounds else ""
        starts = ", ".join(f"`{kind}`" for kind in phase.starts)
        end = phase.reaches or "completion"
        yield f"| {phase.name}{inner} | {state} | `{phase.machine}` | {starts} | {said} | {end} |"
    yield "\n| machine | version | what it is |\n|---|---|---|"
    for (kind, version), machine in job.machines.items():
        about = (machine.__doc__ or "").partition("\n")[0].replace("``", "`")
        yield f"| `{kind}` | {version} | {about} |"


if __name__ == "__main__":
    page = Path(sys.argv[1])
    text, mark, _ = page.read_text(encoding="utf-8").partition(MARK)
    page.write_text(text + mark + document(JOBS.values()) + "\n", encoding="utf-8")
