"""What predictions by boosted trees begin with: whose split is at which node, and transfers between all parties.

All trees are one: tree t has the root T + t, T a power of two, and the children of node i are 2i and 2i + 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from accord_protocols.kernel.effects import Done, Effect, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.model.trees import TreesPart
from accord_protocols.phases.prediction.pairs import Ends, linked, names, opened
from accord_schemas.address import Address
from accord_schemas.blob import loaded
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Branches, Event

UNFIT = "what was said of trees is not of the agreed form"
LARGE = "there are more rows than one content carries: predict fewer at a time"
MOST = (1 << 32) - (1 << 16)
"""Bytes of a content, less what stands around them."""
BITS = 30
"""Fraction bits of a score."""
DEEPEST = 7
"""Splits between a root and a leaf, at most."""
Table = NDArray[np.uint64]


@dataclass(frozen=True, slots=True, repr=False)
class Branching:
    """The own part of the model, as in its file."""

    model: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Branched:
    """What everybody knows of the trees.

    Args:
        trees: How many there are.
        table: ``(splits, 3)``: node, owner by the parties' order from 1, and its number there.
        ends: By other party, the own transfers with it; none at `paths`.
    """

    trees: int
    table: Table
    ends: Mapping[str, Ends]


@dataclass(frozen=True, slots=True)
class Split:
    """A node that is split: its owner by the parties' order from 1, and its number among the owner's splits."""

    node: int
    owner: int
    number: int


class Branch(Machine):
    """One instance, at everybody: the leader, who has the trees, says whose splits are where."""

    kind = "branch"
    by_reference = True
    says: ClassVar[dict[str, type[Event]]] = {"branches": Branches}
    goes: ClassVar[dict[str, Goes]] = {"branches": Goes.ALL}

    @transition(Branching, nothing, starts=True)
    def start(self, state: Branching, inputs: Inputs, draw: Draw) -> Fired:
        """Prepare transfers in both directions with everybody, but where paths are shown. Leader: say where splits are,
        as the others know from the training.
        """
        effects: list[Effect] = [*opened(self)] if self._hides else []
        if self.setup.leads:
            trees, table = branches(TreesPart.read(state.model), self.agreement.order)
            effects.append(Send("branches", self.setup.peers, Branches(trees=trees, nodes=table)))
        return Fired(tuple(effects), self.know.keeping(state))

    @property
    def _hides(self) -> bool:
        return self.agreement.predict is not None and self.agreement.predict.protection == "shared"

    def _needed(self, _state: Branching) -> list[Address]:
        said = [] if self.setup.leads else [self.at("branches", self.setup.leader)]
        return [*said, *(map(self.done, names(self)) if self._hides else ())]

    @transition(Branching, _needed)
    def know(self, state: Branching, inputs: Inputs, draw: Draw) -> Fired:
        """All is there. The others: see to it that each own split is asked for once."""
        part, order = TreesPart.read(state.model), self.agreement.order
        if self.setup.leads:
            trees, table = branches(part, order)
        else:
            said = inputs.event(Branches, self.at("branches", self.setup.leader))
            trees, table = said.trees, loaded(said.nodes)
            if not fits(trees, table, order.index(self.me) + 1, len(part.splits), len(order)):
                raise ProtocolError(UNFIT, whose=self.setup.leader)
        return Fired((Done(Branched(trees, table, linked(self, inputs) if self._hides else {})),))


def root_of(trees: int) -> int:
    """The root of the first of so many trees."""
    return 1 << (trees - 1).bit_length()


def branches(part: TreesPart, order: Sequence[str]) -> tuple[int, Table]:
    """Of the party that has the trees: how many there are; and of every split node, owner, and its number there.

    Raises:
        ProtocolError: The part has no trees.
    """
    if not part.trees:
        raise ProtocolError("the trees are another party's, who alone can ask for predictions", whose=part.party)
    root = root_of(len(part.trees))
    rows = [
        (_node(root + number, one.node), order.index(one.party) + 1, one.split)
        for number, tree in enumerate(part.trees)
        for one in tree.nodes
    ]
    return len(part.trees), np.array(rows, np.uint64).reshape(-1, 3)


def fits(trees: int, table: Table, own: int, splits: int, parties: int) -> bool:
    """Whether splits hang together, and each of the own ones is asked for once.

    Args:
        trees: How many there are said to be.
        table: ``(splits, columns)`` as they were said.
        own: What stands for this party, from 1.
        splits: How many it has.
        parties: How many there are.
    """
    if table.shape[1:] != (3,):
        return False
    rows, root = table.tolist(), root_of(trees)
    known = {node for node, _, _ in rows}
    inner = all(root <= node < root + trees or (node >= 2 * root and node // 2 in known) for node in known)
    shallow = all(node.bit_length() - root.bit_length() < DEEPEST for node in known)
    mine = sorted(number for _, owner, number in rows if owner == own)
    owners = all(1 <= owner <= parties for _, owner, _ in rows)
    return len(known) == len(rows) and inner and shallow and owners and mine == list(range(splits))


def levels(trees: int, table: Table) -> tuple[tuple[Split, ...], ...]:
    """All splits by depth; those of a level by node."""
    first, found = root_of(trees).bit_length(), dict[int, list[Split]]()
    for node, owner, number in sorted(table.tolist()):
        found.setdefault(node.bit_length() - first, []).append(Split(node, owner, number))
    return tuple(tuple(found[depth]) for depth in sorted(found))


def leaves(part: TreesPart) -> tuple[tuple[int, int], ...]:
    """Of all trees, with the weights as integers of `BITS` fraction bits of the labels' unit; none without trees."""
    if part.trees is None:
        return ()
    root, unit = root_of(len(part.trees)), part.unit or 0
    return tuple(
        (_node(root + number, leaf.node), round(np.ldexp(leaf.weight, BITS - unit)))
        for number, tree in enumerate(part.trees)
        for leaf in tree.leaves
    )


def apart(root: int, node: int) -> tuple[int, int]:
    """Which tree a node is of, and its number there: the other way round."""
    depth = node.bit_length() - root.bit_length()
    return (node >> depth) - root, node - ((node >> depth) << depth) + (1 << depth)


def _node(root: int, node: int) -> int:
    """A node of the tree with this root."""
    depth = node.bit_length() - 1
    return (root << depth) + node - (1 << depth)
