"""What tasks of graphs give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from accord_protocols.tasks.results.common import Floats, Words


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
