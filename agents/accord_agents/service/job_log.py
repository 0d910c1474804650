"""What agent.log says of one job, for who looks on."""

from __future__ import annotations

import time

import structlog

from accord_protocols.kernel.engine import Job

Series = dict[tuple[str, str], tuple[int, float]]


class JobLog:
    """Says that a job has begun, how far it is, and when it is done.

    Args:
        log: The agent's.
        cid: The collaboration.
        job: The job.
        series: Of several jobs alike the first one that was begun here, and when, by collaboration and task; all its
            jobs share it.
    """

    def __init__(self, log: structlog.typing.FilteringBoundLogger, cid: str, job: Job, series: Series) -> None:
        self._begun, self._before = time.monotonic(), 0
        self._log = log.bind(collaboration=cid, task=job.compute.task)
        self._step, self._number, self._of = job.address.step, job.compute.number, job.compute.of
        self._series, self._key = series, (cid, job.compute.task)
        if self._of > 1:
            self._series.setdefault(self._key, (self._number, self._begun))
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
        seconds, part = time.monotonic() - self._begun, self._number + 1
        if part < self._of:
            first, begun = self._series[self._key]
            pace = (time.monotonic() - begun) / (part - first)
            self._log.info("working", part=part, of=self._of, left=round(pace * (self._of - part), 1))
        else:
            self._series.pop(self._key, None)
            self._log.info("job done", step=self._step, seconds=round(seconds, 3))
        return seconds
