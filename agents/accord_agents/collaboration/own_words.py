"""What a party's own people ask of a collaboration that lives: each request once, at a number of its own."""

from __future__ import annotations

from typing import Any

from accord_protocols.jobs.base import Job
from accord_schemas.address import SELF, Address


class OwnWords:
    """Numbers requests in the order of the journal.

    Attributes:
        numbers: By the name that whoever asked gave to a request, so that asking again after a death changes nothing.
        ids: How many ids were asked for.
        ended: Whether the last word was said.
    """

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.ids = 0
        self.ended = False

    def place(self, job: Job | None, step: str, fields: dict[str, Any]) -> Address | None:
        """Where a request belongs; None where it was said before, or nothing can be.

        Args:
            job: Says which instance takes such words, if any.
            step: ``own``, or ``stop`` for the last word.
            fields: Its ``name``, and the ``ids`` that it asks for.
        """
        if job is None or not job.asks or self.ended or fields["name"] in self.numbers:
            return None
        number = self.numbers[fields["name"]] = len(self.numbers)
        self.ids += len(fields.get("ids", ()))
        self.ended = step == "stop"
        return Address(job.asks, f"{step}.{number}", SELF)
