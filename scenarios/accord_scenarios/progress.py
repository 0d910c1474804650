"""What the terminal shows: a live line per party while a run lasts, and a table at its end."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from types import TracebackType
from typing import Any, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from accord_agents.results.warned import ordered
from accord_scenarios import wording
from accord_scenarios.jobs.registry import of, verdict

_WIDTH = 12
"""Of a bar, in characters."""
_EVERY = 10
"""Rounds between plain lines; a terminal shows each."""


@dataclass(slots=True)
class _Line:
    state: str = "starting"
    round: int | None = None
    loss: float | None = None
    events: int | None = None
    bytes: int | None = None
    work: tuple[int, int] | None = None
    """Parts of the job at hand that are done, and all of them."""
    left: float | None = None
    """Seconds that it will go on, as it has gone so far."""


class ProgressView:
    """A context that follows the agents of a run.

    On a terminal a table that changes in place; elsewhere a plain line for each phase and every tenth round.

    Args:
        parties: In the order to show them.
        console: Where to; None for standard error.
        quiet: Show nothing.
    """

    def __init__(self, parties: Iterable[str], console: Console | None = None, *, quiet: bool = False) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._lines = {party: _Line() for party in parties}
        self._quiet, self._begin = quiet, time.monotonic()
        live = (self._console.is_terminal or _notebook(self._console)) and not quiet
        self._live = (
            Live(get_renderable=self._table, console=self._console, refresh_per_second=8, transient=True)
            if live
            else None
        )

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def update(self, party: str, line: Mapping[str, Any]) -> None:
        """Take one line of a party's agent.log: what tells of no ``progress`` and no job is passed over.

        Args:
            party: Whose log.
            line: Any of ``state``, ``round``, ``loss``, ``events``, ``bytes``; of a job ``part`` and ``of``.
        """
        shown = self._lines[party]
        if line.get("event") == "working":
            shown.work, shown.left = (line["part"], line["of"]), line.get("left")
        if line.get("event") == "job":
            shown.work = None
        if line.get("event") != "progress":
            return
        before = (shown.state, shown.round)
        for field in ("state", "round", "loss", "events", "bytes"):
            if line.get(field) is not None:
                setattr(shown, field, line[field])
        moved = shown.state != before[0] or (shown.round != before[1] and shown.round and shown.round % _EVERY == 0)
        if moved and not self._live and not self._quiet:
            self.say(f"{party}: {_sentence(shown)}")

    def say(self, text: str) -> None:
        """A line that stays, such as that an agent was restarted."""
        if not self._quiet:
            self._console.print(Text(f"{time.monotonic() - self._begin:7.1f} s  {text}"), soft_wrap=True)

    def _table(self) -> Table:
        heads = ("party", "state", "work", "", "round", "loss", "events sent", "sent")
        table = _plain(*heads, right=slice(4, None))
        for party, line in self._lines.items():
            cells = (
                wording.number(line.round),
                wording.number(line.loss, 6),
                wording.number(line.events),
                wording.size(line.bytes),
            )
            table.add_row(escape(party), escape(line.state), _bar(line.work), _left(line), *cells)
        table.caption = wording.seconds(time.monotonic() - self._begin)
        return table


def _notebook(console: Console) -> bool:
    """Whether a table can change in place in a notebook."""
    return console.is_jupyter and find_spec("ipywidgets") is not None


def _left(line: _Line) -> str:
    """How much of a job is done in hundredths, and how long the rest will take."""
    if line.work is None:
        return " " * len(" 42 %, 1 min left")
    left = "" if line.left is None else f", {wording.seconds(line.left)} left"
    return f"{100 * line.work[0] // line.work[1]:3} %{left}"


def _bar(work: tuple[int, int] | None) -> RenderableType:
    """How much of a job is done; nothing for one of a single part."""
    return ProgressBar(total=work[1], completed=work[0], width=_WIDTH) if work else " " * _WIDTH


def summary(result: wording.Result) -> RenderableType:
    """The outcome of a run as a table that people understand.

    Args:
        result: The fields of DIR/result.json; most may be null.
    """
    table = Table.grid(padding=(0, 2))
    gate, clock = result.get("gate") or {}, result.get("seconds") or {}
    for name, text in (
        ("overlap gate", gate.get("decision")),
        *((name, line(result)) for name, line in of(result).lines),
        ("sent", _sent(result)),
        ("time", wording.seconds(clock["total"]) if clock.get("total") is not None else None),
    ):
        if text:
            table.add_row(Text(name, style="dim"), Text(str(text)))
    done = "bold yellow" if of(result).reserved(result) else "bold green"
    style = done if result.get("status") == "COMPLETED" else "bold red"
    parts: list[RenderableType] = [Text(verdict(result), style=style), table]
    parts += [
        Text(f"warning{f' ({kind})' if kind else ''}: {sentence}", style="yellow")
        for kind, sentence in ordered(result.get("warnings"))
    ]
    return Group(*parts)


def _plain(*heads: str, right: slice) -> Table:
    table = Table(box=None, padding=(0, 2), caption_justify="left")
    for head in heads:
        table.add_column(head, justify="right" if head in heads[right] else "left")
    return table


def _sentence(line: _Line) -> str:
    parts = [
        line.state,
        *([f"round {line.round}"] if line.round else []),
        *([f"loss {line.loss:.6g}"] if line.loss is not None else []),
    ]
    return ", ".join(parts)


def _sent(result: wording.Result) -> str | None:
    amount, events = result.get("bytes"), result.get("events")
    if not amount or not events:
        return None
    return f"{wording.size(sum(amount.values()))} in {wording.number(sum(events.values()))} events"
