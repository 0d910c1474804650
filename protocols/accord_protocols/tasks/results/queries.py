"""What tasks of hidden queries give."""

from __future__ import annotations

from dataclasses import dataclass

from accord_protocols.tasks.results.common import Bytes


@dataclass(frozen=True, slots=True, repr=False)
class Built:
    """The server's table ``(groups · rows, width)``, its groups' salts ``(groups, 16)``, and its hint."""

    table: Bytes
    salts: Bytes
    hint: Bytes


@dataclass(frozen=True, slots=True, repr=False)
class Questions:
    """Questions of a batch ``(n, 4 · rows)``, and the tags ``(n, 32)`` of the keys that are wanted."""

    vectors: Bytes
    tags: Bytes


@dataclass(frozen=True, slots=True, repr=False)
class Summed:
    """Answers ``(n, 4 · groups · width)``."""

    sums: Bytes


THERE, UNREADABLE = 1, 2
"""What is found of a key, besides 0 for nothing."""


@dataclass(frozen=True, slots=True, repr=False)
class Read:
    """What is found of each key of a batch ``(n,)``, and the values ``(n, value)``, zeros where there is nothing."""

    found: Bytes
    values: Bytes
