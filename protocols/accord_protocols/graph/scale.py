"""The sizes of a computation over graphs, from the agreement alone: units, rounds, how pads lie in ciphertexts.

``risk``: a vector has 24 fraction bits, a weight is counted in units of which `max_strength` has 2^27 to 2^28. After
each product A·r both holders cut 24 bits off their shares, multiply by the public ``damping / max_strength`` in that
unit with 30 bits behind the point, and cut these off: no message. ``reach``: numbers of walks, exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from accord_protocols.graph.adjacency import Adjacency
from accord_protocols.graph.edges import Edges
from accord_protocols.primitives.paillier import packing
from accord_protocols.primitives.paillier.packing import STATISTICAL_BITS, log2_ceil
from accord_protocols.primitives.sharing import Words, scaled, truncated
from accord_protocols.primitives.xof import Xof
from accord_schemas.agreement import Agreement
from accord_schemas.graph import STRENGTH_BITS, Graph

FRACTION_BITS = 24
_FIRST, _SECOND = 24, 30
"""Bits that are cut off after a product, and after its scaling."""
_RING = 128
MAX_PARTIES = 5


@dataclass(frozen=True)
class Scale:
    """Of one agreement.

    Args:
        terms: Its section.
        parties: How many there are.
        key_bits: Of a Paillier modulus.
    """

    terms: Graph
    parties: int
    key_bits: int

    @staticmethod
    def of(agreement: Agreement) -> Scale:
        """The sizes of an agreement of this job."""
        assert agreement.graph is not None
        return Scale(agreement.graph, len(agreement.parties), agreement.key_bits)

    # ---- how far numbers go

    @property
    def rounds(self) -> int:
        """Products of the vector with all edges."""
        return self.terms.rounds if self.terms.task == "risk" else self.terms.hops

    @property
    def row_bits(self) -> int:
        """A row of one party's integers adds up to less than 2 to this: with rounding, a bit more than the strength."""
        return STRENGTH_BITS + 1 if self.terms.task == "risk" else self.terms.size.bit_length()

    @property
    def sum_bits(self) -> int:
        """The same of all parties' rows together."""
        return self.row_bits + log2_ceil(self.parties)

    @property
    def unable(self) -> str:
        """Why numbers would not fit; or nothing."""
        if self.terms.task == "reach":
            walks = 1 + self.terms.hops * self.sum_bits + self.parties.bit_length()
            return "" if walks < _RING else "there are too many walks of so many hops to count: agree on fewer hops"
        # a cut fails with probability |value| / 2^127 an element, and a value is at most this
        largest = FRACTION_BITS + STRENGTH_BITS - _FIRST + 1 + _SECOND - 2 + log2_ceil(self.parties) + self._growth
        cuts = 1 + log2_ceil(self.terms.size * self.rounds)
        if largest + cuts + STATISTICAL_BITS < _RING - 1:
            return ""
        return "scores may grow beyond what shares hold: agree on less damping, fewer rounds, or fewer parties"

    @property
    def _growth(self) -> int:
        """Bits of the largest score: where every party's edges have the full strength at every vertex."""
        factor = Fraction(self.terms.damping) * self.parties
        return math.ceil(sum(factor**k for k in range(self.rounds + 1))).bit_length()

    # ---- how pads lie in plaintexts

    @cached_property
    def slot_bits(self) -> int:
        """Width of a slot. A carry from below is a unit of the last place, or, where numbers are exact, never comes."""
        exact = STATISTICAL_BITS + log2_ceil(self.terms.size * self.rounds) if self.terms.task == "reach" else 0
        return _RING + self.sum_bits + 1 + exact

    @cached_property
    def slots(self) -> int:
        """Rounds in one ciphertext."""
        answers = 2 * self.terms.size * self.rounds
        return min(packing.slots(self.key_bits, self.slot_bits, answers), self.rounds)

    @property
    def blocks(self) -> int:
        """Ciphertexts of a vertex."""
        return -(-self.rounds // self.slots)

    @property
    def numbers(self) -> int:
        """Ciphertexts of one party's pads: block after block, vertex after vertex."""
        return self.blocks * self.terms.size

    # ---- units

    @cached_property
    def _shift(self) -> int:
        """A weight is counted in units of 2 to minus this."""
        mantissa, exponent = math.frexp(self.terms.max_strength)
        return STRENGTH_BITS - exponent + (mantissa == 0.5)

    def adjacency(self, edges: Edges) -> Adjacency:
        """A party's edges in integers."""
        counted: NDArray[np.float64] | None = None
        if self.terms.task == "risk":
            counted = np.rint(np.ldexp(edges.weights, self._shift))
        return Adjacency.of(edges, self.terms.size, None if counted is None else counted.astype(np.int64))

    @cached_property
    def factor(self) -> int:
        """What a product is scaled by between the two cuts."""
        unit = Fraction(self.terms.max_strength) * Fraction(2) ** self._shift
        return round(Fraction(self.terms.damping) * (1 << _FIRST + _SECOND) / unit)

    @property
    def one(self) -> int:
        """What a flag is."""
        return 1 << FRACTION_BITS if self.terms.task == "risk" else 1

    def damped(self, own: Words, zero: Xof, *, first: bool) -> Words:
        """A holder's share of a product, of ``(n, 2)``, as a share of ``damping · A·r``; of ``reach`` as it is.

        Args:
            own: The share.
            zero: Common to both holders, used for nothing else.
            first: Whether this is the first holder.
        """
        if self.terms.task == "reach":
            return own
        small = truncated(own, _FIRST, zero.fork("first"), first=first)
        return truncated(scaled(small, self.factor), _SECOND, zero.fork("second"), first=first)
