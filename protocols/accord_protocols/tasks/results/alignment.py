"""What tasks of the overlap gate and of the alignment give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from accord_protocols.tasks.results.common import Bytes, Ints, Words


@dataclass(frozen=True, slots=True, repr=False)
class Sampled:
    """Blinded points ``(n, 32)`` of sampled ids and of column names."""

    points: Bytes
    names: Bytes


@dataclass(frozen=True, slots=True, repr=False)
class Doubled:
    """The same of the own side, and the other side's points blinded again."""

    points: Bytes
    names: Bytes
    doubled: Bytes
    doubled_names: Bytes


@dataclass(frozen=True, slots=True, repr=False)
class Counted:
    """How many points and names are common."""

    ids: int
    names: int


@dataclass(frozen=True, slots=True, repr=False)
class Tagged:
    """Tags ``(n, 32)`` of the own ids."""

    tags: Bytes


@dataclass(frozen=True, slots=True, repr=False)
class Stored:
    """An oblivious key-value store."""

    salt: bytes
    table: Bytes


@dataclass(frozen=True, slots=True, repr=False)
class Hashed:
    """Hashes ``(n, 16)`` of the own ids."""

    hashes: Bytes


@dataclass(frozen=True, slots=True, repr=False)
class Bucketed:
    """The same by bucket: `order (n, 4)` says which row each is of, `ends (buckets,)` where every bucket ends."""

    hashes: Bytes
    order: Bytes
    ends: Ints


@dataclass(frozen=True, slots=True, repr=False)
class Sorted:
    """A server's marks ``(n, size)``, and where their tags stand among those of all buckets, ``(n, 4)``."""

    tags: Bytes
    places: Bytes


@dataclass(frozen=True, slots=True, repr=False)
class Matched:
    """The leader's rows of the intersection, ``(k,)``, which of the server's marks they are, and what proves it."""

    rows: Ints
    bits: Bytes
    digest: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Solved:
    """The leader's table, from which its ids read their vectors, ``(rows, 5)``."""

    table: Words


@dataclass(frozen=True, slots=True, repr=False)
class Points:
    """A server's public keys of the base transfers, ``(320, 32)``."""

    points: Bytes


@dataclass(frozen=True, slots=True, repr=False)
class Answered:
    """The leader's half of the base transfers, ``(1, 32)`` and ``(320, 16)``, and all leaves ``(160, 4, 16)``.

    Of a binary code no corrections, and leaves ``(448, 2, 16)``.
    """

    point: Bytes
    corrections: Bytes
    leaves: Bytes


@dataclass(frozen=True, slots=True, repr=False)
class Learned:
    """A server's factors, low and high bits ``(160,)``, and its leaves ``(160, 3, 16)``.

    Of a binary code 448 low bits, and a leaf of each.
    """

    low: Bytes
    high: Bytes
    leaves: Bytes


@dataclass(frozen=True, slots=True, repr=False)
class Hidden:
    """A bucket of the leader's table masked, ``(rows, 5)``."""

    table: Words


@dataclass(frozen=True, slots=True, repr=False)
class Common:
    """The leader's rows of the intersection, ``(k,)``, and their tags by server."""

    rows: Ints
    tags: Mapping[str, Bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, repr=False)
class Located:
    """A server's rows of the intersection, ``(k,)``."""

    rows: Ints


@dataclass(frozen=True, slots=True, repr=False)
class Ordered:
    """MACs over the rows that were told, by other party: what it is told, and what it tells if its rows are those."""

    own: Mapping[str, bytes]
    peer: Mapping[str, bytes]


@dataclass(frozen=True, slots=True, repr=False)
class Told:
    """A party's cells of the common ids: bytes of each, ``(k, columns)``, and all in UTF-8, ``(n,)``."""

    sizes: Words
    text: Bytes
