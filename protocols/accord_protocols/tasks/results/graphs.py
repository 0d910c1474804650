"""What tasks of graphs give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from accord_protocols.tasks.results.common import Floats, Ints, Words


@dataclass(frozen=True, slots=True, repr=False)
class Share:
    """A share of an entry a vertex, ``(n, words)``."""

    share: Words


@dataclass(frozen=True, slots=True, repr=False)
class Parted:
    """What is missing from a common mask to something own, ``(n, words)``."""

    shares: Words


@dataclass(frozen=True, slots=True, repr=False)
class Shelved:
    """Hidden entries ``(n, values, 2)``, and the own share ``(n, 2)``."""

    values: Words
    share: Words


@dataclass(frozen=True, slots=True, repr=False)
class Veiled:
    """A share under a pad, ``(n, 2)``."""

    values: Words


@dataclass(frozen=True, slots=True, repr=False)
class Stepped:
    """A share after a round, and under the next pad: empty after the last one."""

    share: Words
    covered: Words


@dataclass(frozen=True, slots=True, repr=False)
class Outcome:
    """A score a vertex, or 1 for each vertex asked for that is reached; and what is drawn of it."""

    values: Floats
    drawing: Mapping[str, Any]


@dataclass(frozen=True, slots=True, repr=False)
class Met:
    """What a party has in common with whom asks: question, vertex, how much, ``(k, 3)``."""

    values: Ints


@dataclass(frozen=True, slots=True, repr=False)
class Rows:
    """The same of all parties, the party first, ``(k, 4)``; and what is drawn of it."""

    values: Ints
    drawing: Mapping[str, Any]
