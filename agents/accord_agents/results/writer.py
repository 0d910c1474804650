"""Puts results into a party's folder beside the loop: one after another, and each file once."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.intake.table import Table
from accord_agents.results.files import Findings
from accord_agents.results.summary import RunSummary


class ResultsWriter:
    """Writes what a party learned.

    Args:
        spawn: Does something beside the loop.
        table: Gives the party's rows of a collaboration.
        wrote: Is told, once result.json lies there, of which collaboration it is and which of its fields follow from
            the journal.

    Attributes:
        under_way: What is being written, with the collaboration's id.
    """

    def __init__(
        self,
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
        table: Callable[[Collaboration], Table | None],
        wrote: Callable[[str, tuple[str, ...]], None],
    ) -> None:
        self._spawn, self._table, self._wrote = spawn, table, wrote
        self._written: set[tuple[str, str, int]] = set()
        self._turn = asyncio.Lock()
        self.under_way: dict[asyncio.Task[None], str] = {}

    def write(self, folder: Path, collaboration: Collaboration, run: RunSummary, facts: Mapping[str, Any]) -> None:
        """Write what is there now, soon; another witness changes result.json alone."""
        ended = collaboration.cid, collaboration.state, run.noted  # the state may be ahead of what is noted
        findings, table = Findings.of(collaboration, run, facts), functools.partial(self._table, collaboration)
        write = functools.partial(findings.write, folder, table, again=ended in self._written)
        task = self._spawn(self._put(write, collaboration.cid, findings.figures))
        self._written.add(ended)
        self.under_way[task] = collaboration.cid
        task.add_done_callback(self.under_way.pop)

    async def _put(self, write: Callable[[], None], cid: str, figures: tuple[str, ...]) -> None:
        async with self._turn:
            await asyncio.to_thread(write)
            self._wrote(cid, figures)  # after: a file that has more than the journal knows of is compared in all it has
