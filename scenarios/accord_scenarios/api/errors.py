"""What a run that was not completed raises, with the exit code of the command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accord_schemas.errors import AccordError

if TYPE_CHECKING:
    from accord_scenarios.api.results import Run


class NotCompletedError(AccordError):
    """A run was started and has no result: it failed, was called off or ran out of time.

    Args:
        run: What there is of it.
    """

    def __init__(self, run: Run) -> None:
        super().__init__(run.verdict, hint=f"What there is stands in {run.folder}.")
        self.run = run


class RefusedError(NotCompletedError):
    """A gate or a policy refused."""

    exit_code = 3
