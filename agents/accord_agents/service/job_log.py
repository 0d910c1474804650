"""What agent.log says of one job, for who looks on."""

from __future__ import annotations

import time
from dataclasses import dataclass

import structlog

from accord_protocols.kernel.engine import Job


@dataclass(slots=True)
class _Several:
    """Jobs alike: how many were done before the first of them began here, when that was, and how many are done."""

    before: int
    begun: float
    done: int


Series = dict[tuple[str, str, str], _Several]
"""By collaboration, instance and task."""


class JobLog:
    """Says that a job has begun, how far it is, and when it is done.

    Args:
        log: The agent's.
        cid: The collaboration.
        job: The job.
        series: What all jobs share, of those that are several alike.
    """

    def __init__(self, log: structlog.typing.FilteringBoundLogger, cid: str, job: Job, series: Series) -> None:
        self._begun, self._before = time.monotonic(), 0
        self._log = log.bind(collaboration=cid, task=job.compute.task)
        self._step, self._number, self._of = job.address.step, job.compute.number, job.compute.of
        self._series, self._key = series, (cid, job.address.instance, job.compute.task)
        if self._of > 1:
            self._series.setdefault(self._key, _Several(self._number, self._begun, self._number))
        if not self._number:
            self._log.info("job", step=self._step)

    def working(self, part: int, of: int) -> None:
        """So many of its parts are done: a line for each hundredth at most, with the seconds that the rest will take if
        it goes on as it has gone since it began here.
        """
        if of > 1 and 100 * part // of > 100 * (part - 1) // of:
            pace = (time.monotonic() - self._begun) / max(part - self._before, 1)
            self._log.info("working", part=part, of=of, left=round(pace * (of - part), 1))

    def found(self, parts: int) -> None:
        """So many parts were done before the agent died, and are not done again."""
        self._before = parts
        self._log.info("resumed", step=self._step, parts=parts)

    def done(self) -> float:
        """It is done, or has failed; returns the seconds that it took.

        Of several jobs alike each is a part of all, and the last one's end is theirs.
        """
        now, several = time.monotonic(), self._series.get(self._key)
        if several is not None:
            several.done += 1
            if (left := self._of - several.done) > 0:  # they end in any order
                pace = (now - several.begun) / (several.done - several.before)
                self._log.info("working", part=several.done, of=self._of, left=round(pace * left, 1))
                return now - self._begun
            del self._series[self._key]
        self._log.info("job done", step=self._step, seconds=round(now - self._begun, 3))
        return now - self._begun
