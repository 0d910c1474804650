"""How far a running agent is with the jobs at hand, by the end of its log."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

_END = 256 << 10
"""Bytes at the end of a log that are looked at."""


def work(log: Path, since: float = 0.0) -> dict[str, dict[str, Any]]:
    """By collaboration, the job that told last how far it is: `task`, `part` done `of` all, and the seconds `left`.

    Args:
        log: An agent's log, of lines of JSON at level `info`: of others nothing is read.
        since: When the agent started, in seconds since 1970. What it said before, perhaps by other settings of its log,
            is no word on what it does now.
    """
    found: dict[str, dict[str, Any]] = {}
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _END))
            lines = file.read().splitlines()
    except OSError:
        return found
    for line in lines:
        try:
            said = json.loads(line)
            event, cid, task = said["event"], said["collaboration"], said["task"]
            if datetime.datetime.fromisoformat(said["timestamp"]).timestamp() < since:
                continue
            if event == "working":
                found[cid] = {"task": task} | {name: said[name] for name in ("part", "of", "left")}
        except (ValueError, TypeError, KeyError):  # not of a job, cut off, or of an older program
            continue
        if event in ("job", "job done") and found.get(cid, {}).get("task") == task:
            del found[cid]
    return found


def told(work: dict[str, Any]) -> str:
    """The same for people: ``align.blind 42 %, about 12 s left``."""
    left = work["left"]
    many = f"{left:.0f} s" if left < 120 else f"{left / 60:.0f} min"
    return f"{work['task']} {100 * work['part'] // work['of']} %, about {many} left"
