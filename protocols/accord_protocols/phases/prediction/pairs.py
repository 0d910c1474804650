"""Transfers between any two of the parties of a prediction, in both directions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from accord_protocols.kernel.effects import Spawn
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine, Setup
from accord_protocols.phases.boosting.edge import Edge, Linked, Opening
from accord_protocols.primitives.onehot.ledger import Ledger


class Pair(Edge):
    """``pair.HOLDER.SENDER``: of any two parties, whose bits it is that choose, and who has Δ."""

    kind = "pair"
    goes: ClassVar[dict[str, Goes]] = {"offer": Goes.INSTANCE, "cells": Goes.LAST, "levels": Goes.INSTANCE}

    @classmethod
    def expected(cls, setup: Setup, qualifier: str) -> bool:
        """One for any two, in each direction."""
        holder, _, sender = qualifier.partition(".")
        return holder != sender and {holder, sender} <= set(setup.agreement.parties)

    @property
    def holder(self) -> str:
        """Whose bits choose."""
        return self.qualifier.partition(".")[0]

    @property
    def sender(self) -> str:
        """Whose numbers are chosen among."""
        return self.qualifier.partition(".")[2]


@dataclass(frozen=True, slots=True, repr=False)
class Ends:
    """What a party has of its two edges with another one, and what they have used.

    Args:
        into: Over the own bits.
        out: Over the other's.
        bits: Extensions with the own bits.
        taken: With the other's.
    """

    into: Linked
    out: Linked
    bits: Ledger = field(default_factory=Ledger)
    taken: Ledger = field(default_factory=Ledger)

    def said(self, nonce: bytes) -> Ends:
        """With an extension of the own bits used."""
        return replace(self, bits=self.bits.used(self.bits.number, [nonce]))


def opened(machine: Machine) -> Iterator[Spawn]:
    """A party's part of all its edges. Of their cells there is one alone: what they are for are further transfers."""
    cell = np.zeros((1, 1), np.uint8)
    for peer in machine.setup.peers:
        for holder, sender in ((machine.me, peer), (peer, machine.me)):
            yield Spawn(_named(holder, sender), Opening(1, 1, 2, cell if holder == machine.me else None))


def names(machine: Machine) -> list[str]:
    """Of these edges."""
    return [spawn.instance for spawn in opened(machine)]


def linked(machine: Machine, inputs: Inputs) -> Mapping[str, Ends]:
    """What they ended with, by the other party."""
    return {
        peer: Ends(
            inputs.ended(Linked, _named(machine.me, peer)),
            inputs.ended(Linked, _named(peer, machine.me)),
        )
        for peer in machine.setup.peers
    }


def _named(holder: str, sender: str) -> str:
    return f"{Pair.kind}.{holder}.{sender}"
