"""What tasks of looking for pictures in a gallery give."""

from __future__ import annotations

from dataclasses import dataclass

from accord_protocols.tasks.results.common import Bytes, Words


@dataclass(frozen=True, slots=True, repr=False)
class Enrolled:
    """The server's gallery in an order of its own: encrypted, with its squared norms ``(g,)``; names under keys.

    `near` of `pairs` pairs within it are as near as the threshold.
    """

    numbers: Bytes
    norms: Words
    names: Bytes
    keys: Bytes
    near: int
    pairs: int


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """The client's probes times the gallery, for the server to open, and what it looks up first."""

    numbers: Bytes
    held: Bytes


@dataclass(frozen=True, slots=True, repr=False)
class Held:
    """What a side looks up, or is asked for, of each comparison ``(n, lookups + 1)``."""

    held: Bytes


@dataclass(frozen=True, slots=True, repr=False)
class Picked:
    """What the chooser says in a step, by extension, and the joined transfers of each comparison."""

    nonces: Bytes
    checks: Bytes
    choices: Bytes
    joined: Words


@dataclass(frozen=True, slots=True, repr=False)
class Tabled:
    """What the sender tells in a step, its tweaks by extension, and what it is asked for in the next one."""

    tweaks: Bytes
    tables: Bytes
    held: Bytes


@dataclass(frozen=True, slots=True, repr=False)
class Named:
    """Matches: which probe each is of ``(m,)``, its image, and the names in the gallery, padded ``(m, width)``."""

    probes: Words
    images: list[str]
    names: Bytes
