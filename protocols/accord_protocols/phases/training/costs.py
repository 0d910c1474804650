"""What a training costs with each engine: counts of operations times seconds that were measured (``costs.json``).

``python -m benchmarks.costs --write`` measures the table anew. Nothing here reads a clock or a machine: the same sizes
give the same choice anywhere, and whoever proposes writes it into the agreement.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from typing import Any

from accord_protocols.primitives.paillier import packing

X_BITS = 22
"""Bits of a feature with its sign, where nobody has announced any yet."""
ROUNDS = {"lbfgs": 25, "nesterov": 100}
"""Rounds that an optimiser takes, if it may; of public data sets L-BFGS took 35 at most, and Nesterov's method 110."""
MOST_COLUMNS = 16
"""Of a polynomial; as `accord_protocols.primitives.lattice.Layout` has it, which loads what compiles loops."""
_BITS_PER_MBIT = 1e6

Table = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Work:
    """How large a training is.

    Args:
        rows: n, of TRAIN, at least 1.
        columns: m, of the party that has the most, at least 1.
        parties: N.
        computing: Parties that have keys, or answer: 2, at `score` 1.
        rounds: Of the optimiser.
        ring_bits: 128, at `score` 64.
        key_bits: Of a Paillier modulus.
        link_mbit: Of the slowest party's link, in 10^6 bits a second, either way.
    """

    rows: int
    columns: int
    parties: int
    computing: int
    rounds: int
    ring_bits: int
    key_bits: int
    link_mbit: float

    @property
    def peers(self) -> int:
        """To whom a party that computes speaks."""
        return self.parties - 1

    @property
    def asked(self) -> int:
        """By how many a party is asked for products, at most."""
        return min(self.computing, self.peers)

    def travel(self, size: float) -> float:
        """Seconds that so many bytes take."""
        return 8 * size / (_BITS_PER_MBIT * self.link_mbit)


@functools.cache
def table() -> Table:
    """Seconds and bytes, of one core: what ``costs.json`` says."""
    found: Table = json.loads((resources.files(__package__) / "costs.json").read_text(encoding="utf-8"))
    return found


def cheapest(work: Work, engines: Iterable[str]) -> str:
    """Of some engines the one that takes the least time; of equal ones the first by name."""
    return min(sorted(engines), key=lambda engine: SECONDS[engine](work, table()))


def paillier(work: Work, costs: Table) -> float:
    """Seconds: keys, batches of encrypted pads and their products, and a share under a pad to each peer a round."""
    known = {int(bits): row for bits, row in costs["paillier"].items()}
    row = known[min(known, key=lambda bits: (abs(bits - work.key_bits), bits))]
    width = packing.slot_bits(work.ring_bits, X_BITS, work.rows)
    answers = work.computing * work.peers * work.columns * work.rounds
    slots = min(packing.slots(work.key_bits, width, answers), work.rounds)
    batches = -(-work.rounds // slots)
    products = work.columns * (row["hide"] + work.rows * row["multiply"])
    batch = work.rows * row["encrypt"] + work.asked * products + work.peers * work.columns * row["decrypt"]
    ciphertext = 2 * work.key_bits / 8
    bytes_ = batches * work.asked * work.rows * ciphertext
    bytes_ += work.rounds * work.peers * work.rows * work.ring_bits / 8
    return float(row["keys"] + batches * batch + work.travel(bytes_))


def lattice(work: Work, costs: Table) -> float:
    """Seconds: keys, the columns encrypted once, and an answer to each peer a round."""
    row = costs["lattice"][str(work.ring_bits)]
    groups = -(-work.columns // MOST_COLUMNS)
    group = -(-work.columns // groups)
    spans = -(-work.rows // (row["degree"] // group))
    answer = groups * (row["answer"] + spans * row["multiply"])
    seconds = row["keys"] + groups * spans * row["encrypt"]
    seconds += work.rounds * (work.peers * answer + work.asked * groups * row["open"])
    bytes_ = work.peers * groups * spans * row["block_bytes"]
    bytes_ += work.rounds * work.peers * groups * (row["answer_bytes"] + group * row["opened_bytes"])
    return float(seconds + work.travel(bytes_))


SECONDS = {"paillier": paillier, "lattice": lattice}
