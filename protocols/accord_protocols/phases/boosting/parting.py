"""What the label holder says of a level at `shared`: what can be wrong with it, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from accord_protocols.boosting.caps import DEAD
from accord_protocols.phases.boosting.hidden import Split
from accord_protocols.phases.boosting.transfers import UNFIT
from accord_protocols.tasks.results.common import Bytes, Ints
from accord_schemas.blob import loaded
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Divided


@dataclass(frozen=True, slots=True, repr=False)
class Level:
    """A level, as a party knows it.

    Args:
        nodes: Of it.
        caps: How fine the sums of each pair may be.
        ends: Where groups of the own columns end, ``(pairs, m, W)``.
        deepest: Whether what is split are leaves' parents.
    """

    nodes: tuple[int, ...]
    caps: tuple[int, ...]
    ends: Bytes
    deepest: bool

    @property
    def each(self) -> int:
        """Nodes of a pair: one at the root, elsewhere two siblings."""
        return len(self.nodes) // len(self.caps)


@dataclass(frozen=True, slots=True, repr=False)
class Parted:
    """What follows.

    Args:
        splits: Of the level.
        live: Those whose children are looked at.
        places: Of these, among the nodes.
        pairs: Of these, among the pairs.
        caps: Of these, how fine their children's sums may be.
    """

    splits: tuple[Split, ...]
    live: tuple[Split, ...]
    places: tuple[int, ...]
    pairs: tuple[int, ...]
    caps: tuple[int, ...]


def fitting(said: Divided, level: Level, number: int, parties: int, whose: str) -> tuple[Bytes, Ints, Bytes]:
    """Owners of all nodes, the own splits, and how fine their children's sums are.

    Args:
        said: By the label holder.
        level: That it is said of.
        number: What stands for this party where owners are told.
        parties: How many there are.
        whose: The label holder.

    Raises:
        ProtocolError: It is of another form; own splits are not at ends of opened groups; or sums would be finer than
            those before.
    """
    owners, own, caps = loaded(said.owners), loaded(said.own).astype(np.int64), loaded(said.caps)
    count, mine = int((owners > 0).sum()), int((owners == number).sum())
    if len(owners) != len(level.nodes) or owners.max(initial=0) > parties or len(caps) != count:
        raise ProtocolError(UNFIT, whose=whose)
    if own.shape != (mine, 3):
        raise ProtocolError(UNFIT, whose=whose)
    pairs = [k // level.each for k, owner in enumerate(owners.tolist()) if owner]
    fine = all(cap == DEAD or cap <= level.caps[pair] for cap, pair in zip(caps.tolist(), pairs, strict=True))
    if not fine or (level.deepest and (caps != DEAD).any()):
        raise ProtocolError(UNFIT, whose=whose)
    _, columns, bins = level.ends.shape
    at = [k // level.each for k, owner in enumerate(owners.tolist()) if owner == number]
    for pair, (column, last, missing) in zip(at, own.tolist(), strict=True):
        known = 0 <= column < columns and 0 <= last < bins - 1 and missing in (0, 1)
        if not known or not level.ends[pair, column, last]:
            raise ProtocolError(UNFIT, whose=whose)
    return owners, own, caps


def parted(level: Level, said: tuple[Bytes, Ints, Bytes], number: int, numbers: Mapping[int, int]) -> Parted:
    """What follows from `said`, as `fitting` gives it.

    Args:
        level: That it is said of.
        said: Owners, own splits, fineness.
        number: What stands for this party.
        numbers: How many splits each party had before.
    """
    owners, own, caps = said
    counts, mine, splits = dict(numbers), iter(own.tolist()), []
    for node, owner in zip(level.nodes, owners.tolist(), strict=True):
        if owner:
            where = next(mine) if owner == number else (0, 0, 0)
            splits.append(Split(node, owner, counts[owner], (where[0], where[1], where[2])))
            counts[owner] += 1
    live = [k for k, cap in enumerate(caps.tolist()) if cap != DEAD]
    at = {node: k for k, node in enumerate(level.nodes)}
    places = tuple(at[splits[k].node] for k in live)
    return Parted(
        tuple(splits),
        tuple(splits[k] for k in live),
        places,
        tuple(place // level.each for place in places),
        tuple(int(caps[k]) for k in live),
    )
