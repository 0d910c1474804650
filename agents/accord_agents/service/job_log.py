"""What agent.log says of one job, for who looks on."""

from __future__ import annotations

import time

import structlog

from accord_protocols.kernel.engine import Job


class JobLog:
    """Says that a job has begun, how far it is, and when it is done.

    Args:
        log: The agent's.
        cid: The collaboration.
        job: The job.
    """

    def __init__(self, log: structlog.typing.FilteringBoundLogger, cid: str, job: Job) -> None:
        self._begun, self._before = time.monotonic(), 0
        self._log = log.bind(collaboration=cid, task=job.compute.task)
        self._step = job.address.step
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
        """It is done, or has failed; returns the seconds that it took."""
        seconds = time.monotonic() - self._begun
        self._log.info("job done", step=self._step, seconds=round(seconds, 3))
        return seconds
