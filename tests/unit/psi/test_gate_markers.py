"""A label holder that marks its points in the gate learns who is there; afterwards it cannot open what it said."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pytest
import rbcl
from numpy.typing import NDArray

from accord_protocols.primitives.psi import cardinality
from accord_protocols.primitives.psi.ids import commitment
from accord_protocols.primitives.psi.opening import COLUMN, ID, Opening, objection
from accord_protocols.primitives.psi.ristretto import ORDER, hash_to_group, random_scalar
from accord_protocols.primitives.xof import Xof

IDS = tuple(f"user{i}" for i in range(60))
THEIRS = tuple(sorted({*random.Random(5).sample(IDS, 23), *(f"a{i}" for i in range(40))}))
COLUMNS = ("age", "income")
SALT, KEY, DOMAIN, SIZES = bytes(32), b"k" * 32, bytes(32), (120, len(THEIRS))
Points = NDArray[np.uint8]


def stream(name: str) -> Xof:
    return Xof(b"s" * 32, name)


B, NAMES_B, A = (random_scalar(stream(name)) for name in ("b", "names", "a"))


def times(factor: int, point: bytes) -> bytes:
    product: bytes = rbcl.crypto_scalarmult_ristretto255((factor % ORDER).to_bytes(32, "little"), point)
    return product


@dataclass(frozen=True)
class Said:
    """What the label holder says in `keys.ids` and in the gate."""

    committed: bytes
    points: Points
    names: Points

    def objection(self, opening: Opening) -> str:
        return objection(opening, self.committed, self.points, self.names, KEY, SIZES, DOMAIN)


def honest(ids: tuple[str, ...] = IDS, columns: tuple[str, ...] = COLUMNS) -> Said:
    points = cardinality.blind(cardinality.sample(ids, KEY, SIZES), B, ID + DOMAIN, stream("order"))
    names = cardinality.blind(columns, NAMES_B, COLUMN + DOMAIN, stream("order of names"))
    return Said(commitment(ids, SALT, columns), points, names)


SHOWN = Opening(IDS, COLUMNS, SALT, (B, NAMES_B))


def test_marked_points_tell_who_is_there_and_cannot_be_opened() -> None:
    """`attack_gate`: of each id two points, b·H(y) and k_y·b·H(y), known again in the answer by their ratio."""
    b, marks = int.from_bytes(B, "little"), range(2, 2 + len(IDS))
    hashed = [hash_to_group(y.encode(), cardinality._DST + ID + DOMAIN) for y in IDS]
    pairs = ((times(b, h), times(b * k, h)) for h, k in zip(hashed, marks, strict=True))
    marked = np.frombuffer(b"".join(chain(*pairs)), np.uint8).reshape(-1, 32)
    assert len(marked) == SIZES[0], "as many as announced: the other party answers"
    doubled = {p.tobytes() for p in cardinality.reblind(marked, A, stream("again"))}
    theirs = {p.tobytes() for p in cardinality.blind(THEIRS, A, ID + DOMAIN, stream("theirs"))}

    known = {y: p for y, k in zip(IDS, marks, strict=True) for p in doubled if times(k, p) in doubled}
    there = {y for y, p in known.items() if times(pow(b, -1, ORDER), p) in theirs}
    assert len(known) == len(IDS) and there == set(IDS) & set(THEIRS), "the attack as it was: all are right"

    padded = (*IDS, *(f"nobody{i}" for i in range(60)))
    for ids in (IDS, padded):
        said = Said(commitment(ids, SALT, COLUMNS), marked, honest().names)
        assert "not those of the committed ids" in said.objection(Opening(ids, COLUMNS, SALT, (B, NAMES_B)))


def test_an_honest_sample_can_be_opened() -> None:
    assert not honest().objection(SHOWN)


@pytest.mark.parametrize(
    ("shown", "word"),
    [
        (Opening(IDS[1:], COLUMNS, SALT, (B, NAMES_B)), "the set"),
        (Opening(IDS, COLUMNS[1:], SALT, (B, NAMES_B)), "the set"),
        (Opening(IDS, COLUMNS, KEY, (B, NAMES_B)), "the set"),
        (Opening(IDS, COLUMNS, SALT, (A, NAMES_B)), "committed ids"),
        (Opening(IDS, COLUMNS, SALT, (B, A)), "committed columns"),
    ],
)
def test_nothing_else_opens_it(shown: Opening, word: str) -> None:
    assert word in honest().objection(shown)


def test_names_of_columns_that_are_guessed_cannot_be_opened() -> None:
    guesses = honest(columns=("age", "diagnosis", "salary"))
    said = Said(honest().committed, guesses.points, guesses.names)
    assert "committed columns" in said.objection(SHOWN)
