"""What results mean in words and units that people read; shared by the terminal and the report."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from accord_schemas.agreement import LABEL_HOLDER

Result = Mapping[str, Any]


def number(value: Any, digits: int = 4) -> str:
    """A number to `digits` significant digits, whole numbers in full; an en dash for null."""
    if value is None:
        return "–"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)


def size(count: float | None) -> str:
    """Bytes in decimal units: ``1.2 MB``."""
    if count is None:
        return "–"
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} B" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def seconds(value: float | None) -> str:
    """A duration in seconds with one decimal."""
    return "–" if value is None else f"{value:.1f} s"


def day(when: Any, later: int = 0) -> str:
    """The day in UTC of a moment in ISO 8601, or so many days later; empty where there is none."""
    try:
        moment = dt.datetime.fromisoformat(str(when)).astimezone(dt.UTC) + dt.timedelta(later)
    except (ValueError, OverflowError):
        return ""
    return moment.strftime("%Y-%m-%d")


def listed(items: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *head, last = [*items] or ["nobody"]
    return f"{', '.join(head)} and {last}" if head else last


def shares(result: Result) -> dict[str, float]:
    """What the leader shares with each other party, where it was counted."""
    found, first = result.get("overlap"), leader(result)
    if isinstance(found, Mapping):
        return dict(found)
    return {} if found is None else {party: found for party in sorted(result.get("parties") or {}) if party != first}


def leader(result: Result) -> str:
    """Who led."""
    parties: Mapping[str, str] = result.get("parties") or {}
    held = (party for party, role in parties.items() if role == LABEL_HOLDER)
    return result.get("leader") or next(held, "the leader")


_BEST = ("r2", "auc", "deviance", "rmse")
"""The figure that says it shortest, the first that there is."""


def without_others(result: Result) -> str | None:
    """How far the label holder comes alone and how far all come together, in a sentence; None where nobody compared."""
    joint, first = result.get("metrics") or {}, leader(result)
    own = ((result.get("alone") or {}).get(first) or {}).get("own") or {}
    name = next((name for name in _BEST if joint.get(name) is not None and own.get(name) is not None), None)
    if name is None:
        return None
    return f"On the same TEST rows {first} alone reaches {name} {number(own[name], 3)}, all together {number(joint[name], 3)}."


def other(result: Result) -> str:
    """Of two parties who did not lead."""
    return next((party for party in sorted(result.get("parties") or {}) if party != leader(result)), "the other")
