"""Looking for pictures in a gallery: encrypted embeddings, and tables of which the client opens an entry each."""

from __future__ import annotations

from accord_schemas.arrays import Blocks16, Digests, Numbers
from accord_schemas.events.base import Count, Event


class Gallery(Event):
    """Server to client: the gallery's embeddings under its lattice key, each name under a key of its own, points of the
    base transfers; and of how many pairs within the gallery how many are as near as the threshold.
    """

    family, name = "intermediates", "gallery"
    numbers: Numbers
    names: Numbers
    points: Digests
    near: Count
    pairs: Count


class Transfers(Event):
    """Client to server: its half of the base transfers, with the proof that its seeds are consistent."""

    family, name = "intermediates", "transfers"
    point: Digests
    corrections: Blocks16
    proofs: Numbers


class Picks(Event):
    """Client to server: what it looks up in a step of all comparisons, in extensions with a nonce and a check each."""

    family, name = "intermediates", "picks"
    nonces: Blocks16
    checks: Numbers
    choices: Numbers


class Tables(Event):
    """Server to client: the tables of a step under their pads, a row a comparison; and each extension's tweak."""

    family, name = "intermediates", "tables"
    tweaks: Blocks16
    tables: Numbers
