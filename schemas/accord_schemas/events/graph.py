"""Computing over graphs: vectors with an entry for each agreed vertex, in shares; no event holds an edge."""

from __future__ import annotations

from accord_schemas.arrays import RingMatrix, RingVector
from accord_schemas.events.base import Event


class Flagged(Event):
    """A party that does not compute to the second one that does: what is missing from a common mask to its own flags.

    Of ``risk`` modulo the number of parties plus one, ``(n, 1)``; of ``reach`` in Z_2^128, ``(n, 2)``.
    """

    family, name = "intermediates", "flagged"
    shares: RingVector


class Entries(Event):
    """The second computing party to the first: for each vertex a table, by what the first may hold, of its share of
    whether anybody flagged it; each entry hidden by a key, of which the first has one a vertex.
    """

    family, name = "intermediates", "entries"
    values: RingMatrix


class Covered(Event):
    """A computing party to all others: its share of the vector, an element a vertex, under a pad used once."""

    family, name = "intermediates", "covered"
    values: RingVector


class Part(Event):
    """A party that does not compute to the second one that does: the own edges' part of a round, less a common mask."""

    family, name = "intermediates", "part"
    shares: RingVector
