"""Why parties have nobody in common: the runner sees all files, and tries what people often write differently."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence

from accord_agents.intake.shape import invisible

Ids = Mapping[str, Sequence[str]]
_COMPARED = 2_000_000  # ids that are compared at most, about


def _shown(identifier: str) -> str:
    return "".join(c for c in identifier if not invisible(c))


def _plain(identifier: str) -> str:
    return "".join(filter(str.isalnum, identifier))


def _whole(identifier: str) -> str:
    return re.sub(r"\.0$", "", identifier)


def _unpadded(identifier: str) -> str:
    return re.sub(r"^0+(?=\d)", "", identifier)


def _spaceless(identifier: str) -> str:
    return "".join(identifier.split()).casefold()


def _everything(identifier: str) -> str:
    return _unpadded(_plain(_whole(_shown(identifier)))).casefold()


_MEND = "write ids alike everywhere"
_WAYS: dict[str, tuple[Callable[[str], str], str]] = {
    "without .0 at the end": (_whole, _MEND),
    "without regard to case": (str.casefold, "agree on id: {column: …, normalise: [lower]}"),
    "without regard to case and spaces": (
        _spaceless,
        "agree on id: {column: …, normalise: [lower, alphanumeric]}, or write ids alike everywhere",
    ),
    "without leading zeros": (_unpadded, _MEND),
    "without characters that do not show": (_shown, _MEND),
    "by letters and digits alone": (_plain, "agree on id: {column: …, normalise: [alphanumeric]}"),
    "by letters and digits alone, without regard to case, leading zeros and .0 at the end": (_everything, _MEND),
}
_FURTHER = (_spaceless, _everything)
"""Ways that go further than others: said where they bring together more."""


def advice(ids: Ids) -> list[str]:
    """The ways to compare in which parties that have nobody in common would have somebody, with how many.

    Args:
        ids: Normalised ids, by party; of many, an even share is compared, by what they come to.
    """
    found: list[str] = []
    share, most = -(-sum(map(len, ids.values())) // _COMPARED), 0
    for way, (changed, remedy) in _WAYS.items():
        drawn = (_drawn(map(changed, own), share) for own in ids.values())
        common = len(set.intersection(*drawn)) * share
        if common > (most if changed in _FURTHER else 0):
            about = "about " if share > 1 else ""
            found.append(f"Compared {way}, they would have {about}{common} users in common: {remedy}.")
            most = max(most, common)
    return found


def _drawn(ids: Iterable[str], share: int) -> set[str]:
    """One of `share` ids, the same ones at everybody."""
    return {i for i in ids if i and (share == 1 or zlib.crc32(i.encode()) % share == 0)}
