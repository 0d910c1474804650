"""What is asked for where nobody sits beside the agent: the rows of `accord predict --online` one by one.

Without ids it says the last word alone: a hidden query asks for the ids of its file without anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.service.request_watch import answering

Say = Callable[[str, str, dict[str, Any]], None]
"""Has the dispatcher say an own command: (collaboration, command, fields)."""


class Errand:
    """Asks for one id after another, each when the one before was answered, then says that it was the last.

    Args:
        ids: What to ask for; None for nothing, not even an end.
        say: See `Say`.
    """

    def __init__(self, ids: Sequence[str] | None, say: Say) -> None:
        self._ids, self._say, self._said = ids, say, set[int]()

    def go_on(self, collaboration: Collaboration, answers: int) -> None:
        """Ask for the next one, if it is its turn; `answers` is how many were answered."""
        number = len(collaboration.words.numbers)
        if self._ids is None or number in self._said or number > min(answers, len(self._ids)):
            return
        if answering(collaboration) and not collaboration.words.ended:
            self._said.add(number)
            last = number == len(self._ids)
            ids = [] if last else [self._ids[number]]
            self._say(collaboration.cid, "stop" if last else "own", {"name": str(number), "ids": ids})
