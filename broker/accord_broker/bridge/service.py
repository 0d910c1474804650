"""Runs a bridge between two broker URLs until a signal ends it."""

from __future__ import annotations

import asyncio
import difflib
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from accord_broker.bridge.bridge import Bridge
from accord_broker.bridge.counts import SIDES, Counts
from accord_broker.bridge.state import State
from accord_broker.factory import connect
from accord_broker.port import FAMILIES, QUARANTINE
from accord_broker.stray import attended
from accord_schemas.errors import UsageError, code, why

CARRIED = tuple(family for family in FAMILIES if family != QUARANTINE)


def serve(
    urls: tuple[str, str], state: Path, families: Sequence[str], log: Any, report: Callable[[Counts], None]
) -> None:
    """Carry between the brokers at two URLs until SIGINT or SIGTERM.

    Args:
        urls: A and B. User and password of A come from ACCORD_BROKER_A_USER and ACCORD_BROKER_A_PASSWORD where they
            are set, else from the variables that agents use; those of B alike.
        state: The bridge's own file.
        families: Which are carried; empty for all of `CARRIED`.
        log: Structured logger.
        report: Called once a minute and at the end.

    Raises:
        UsageError: A URL, a family or the state cannot be used.
        AccordError: See `Bridge.run`.
    """
    for family in families:
        if family not in CARRIED:
            near = difflib.get_close_matches(family, CARRIED, 1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Known are {', '.join(CARRIED)}."
            raise UsageError(f"--families: no family {family!r} is carried.", hint=hint)
    places = tuple(url.partition("?")[0] for url in urls)
    if places[0] == places[1]:
        raise UsageError(f"A and B are both {places[0]}.", hint="A bridge needs two brokers, or two namespaces.")
    for url in urls:
        connect(url)  # refuses it before the state is made
    held = State(state, (places[0], places[1]))
    log.info("started", pid=os.getpid())
    try:
        asyncio.run(attended(_serve(urls, held, families or CARRIED, log, report), log))
    except BaseException as error:
        log.error("stopped", problem=why(error), code=code(error))
        raise
    finally:
        held.close()
    log.info("ended", reason="it was asked to stop")


async def _serve(
    urls: tuple[str, str], state: State, families: Sequence[str], log: Any, report: Callable[[Counts], None]
) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    brokers = [connect(url, f"{state.client}{name}", name) for url, name in zip(urls, SIDES, strict=True)]
    await Bridge((brokers[0], brokers[1]), state, families, log, report).run(stopping)
