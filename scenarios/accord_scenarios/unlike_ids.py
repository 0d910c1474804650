"""Why parties have nobody in common: the runner sees all files, and tries what people often write differently."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from accord_agents.intake.reader import read_table
from accord_agents.intake.shape import invisible
from accord_scenarios.model import Scenario

Ids = Mapping[str, Iterable[str]]


def _shown(identifier: str) -> str:
    return "".join(c for c in identifier if not invisible(c))


def _plain(identifier: str) -> str:
    return "".join(filter(str.isalnum, identifier))


def _whole(identifier: str) -> str:
    return re.sub(r"\.0$", "", identifier)


def _unpadded(identifier: str) -> str:
    return re.sub(r"^0+(?=\d)", "", identifier)


def _everything(identifier: str) -> str:
    return _unpadded(_plain(_whole(_shown(identifier)))).casefold()


_WAYS: dict[str, Callable[[str], str]] = {
    "without .0 at the end": _whole,
    "without regard to case": str.casefold,
    "without leading zeros": _unpadded,
    "without characters that do not show": _shown,
    "by letters and digits alone": _plain,
    "by letters and digits alone, without regard to case, leading zeros and .0 at the end": _everything,
}


def advice(ids: Ids) -> list[str]:
    """The ways to compare in which parties that have nobody in common would have somebody, with how many.

    Args:
        ids: Normalised ids, by party.
    """
    found: list[str] = []
    for way, changed in _WAYS.items():
        common = set.intersection(*({changed(i) for i in own} - {""} for own in ids.values()))
        if common and not (found and changed is _everything):
            found.append(f"Compared {way}, they would have {len(common)} users in common: write ids alike everywhere.")
    return found


def explained(scenario: Scenario) -> list[str]:
    """`advice` on a scenario's files.

    Raises:
        UsageError: A file cannot be used any more.
    """
    tables = {
        name: read_table(member.data.csv, member.data.id, None, None, model=None, label_required=False)
        for name, member in scenario.parties.items()
    }
    return advice({name: table.ids for name, table in tables.items()})
