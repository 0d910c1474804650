"""What single parties of a training see, and what can be made of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from scipy.linalg import qr
from sklearn.datasets import load_breast_cancer
from tests.support.world import Rows, World, agreement

from accord_protocols.phases.training.glm import Train
from accord_protocols.phases.training.sizes import D_BITS
from accord_protocols.phases.training.states import Round
from accord_protocols.primitives.psi.ids import is_test
from accord_protocols.primitives.vectors import Vector
from accord_protocols.tasks.results.training import Block
from accord_schemas.address import Address

BITS = 512
Matrix = np.ndarray
Column = tuple[int, ...]


@dataclass
class Views:
    """By party, what its own machine works with: its gradients by round, its named vectors by round, its block."""

    gradients: dict[str, list[Vector]] = field(default_factory=dict)
    vectors: dict[str, list[dict[str, Vector]]] = field(default_factory=dict)
    blocks: dict[str, Block] = field(default_factory=dict)


@pytest.fixture
def views(monkeypatch: pytest.MonkeyPatch) -> Views:
    """Filled while parties train."""
    found, taken, named = Views(), Train._taken, Train._named

    def noting(self: Train, at: Round, slope: Vector) -> Round:
        found.gradients.setdefault(self.me, []).append(slope)
        found.blocks[self.me] = at.block
        return taken(self, at, slope)

    def naming(self: Train, at: Round) -> Any:
        vectors = named(self, at)
        found.vectors.setdefault(self.me, []).append({name: np.array(v) for name, v in vectors.items()})
        return vectors

    monkeypatch.setattr(Train, "_taken", noting)
    monkeypatch.setattr(Train, "_named", naming)
    return found


def split(values: Matrix, labels: Vector, shop: int) -> dict[str, Rows]:
    """Two parties with all rows: the shop has the first columns, the bank the others and the label."""
    ids = tuple(f"user-{i}" for i in range(len(values)))
    names = [f"x{j}" for j in range(values.shape[1])]
    return {
        "bank": Rows(ids, tuple(names[shop:]), values[:, shop:], labels),
        "shop": Rows(ids, tuple(names[:shop]), values[:, :shop], None),
    }


def cancer(shop: int) -> dict[str, Rows]:
    """scikit-learn's breast cancer data: 569 rows, 30 columns."""
    X, y = load_breast_cancer(return_X_y=True)
    return split(X, y.astype(np.float64), shop)


def trained(data: dict[str, Rows], **train: Any) -> World:
    """A training to its end, or to its last round."""
    world = World(agreement(len(data), BITS, **train), data).run()
    assert [party.aborted for party in world.parties.values()] == [None] * len(data)
    return world


def train_rows(world: World, party: str) -> list[int]:
    """Indices of a party's TRAIN rows in its table, in the order of the protocol."""
    own = world.parties[party]
    return [row for row in own.notes["rows"] if not is_test(own.rows.ids[row], 5, 0)]


def labels(world: World, party: str) -> Vector:
    """The labels of these rows: the truth that an attack is held to."""
    bank = world.parties["bank"].rows
    assert bank.labels is not None
    known = dict(zip(bank.ids, bank.labels.tolist(), strict=True))
    own = world.parties[party].rows
    return np.array([known[own.ids[row]] for row in train_rows(world, party)])


def opened(world: World, sender: str, step: str) -> Matrix:
    """``(n, rounds)``: what a party said of every row to the label holder in each round, read as numbers."""
    found: list[Matrix] = []
    while (at := Address(*_placed(step, len(found)), sender)) in world.log:
        event: Any = world.log[at].event
        words = event.shares if step == "scores" else event.masked
        found.append(np.ldexp(words[:, 0].view(np.int64).astype(np.float64), -D_BITS))
    return np.stack(found, axis=1)


def _placed(step: str, number: int) -> tuple[str, str]:
    return ("train", f"scores.{number}.bank") if step == "scores" else (f"padded.{number}", "residual.bank")


def explained(seen: Matrix, rows: Matrix, known: int, seed: int = 1) -> float:
    """R² of columns on rows that were not known, from linear regression on `known` rows of them."""
    order = np.random.default_rng(seed).permutation(len(rows))
    told = seen[:, np.any(seen, axis=0)]  # in round 0 all scores are 0
    design = np.column_stack([np.ones(len(told)), told / np.abs(told).max(axis=0)])
    chosen, rest = order[:known], order[known:]
    rebuilt = design[rest] @ np.linalg.lstsq(design[chosen], rows[chosen], rcond=1e-9)[0]
    missed = ((rebuilt - rows[rest]) ** 2).sum(axis=0) / ((rows[rest] - rows[rest].mean(axis=0)) ** 2).sum(axis=0)
    return float(1 - missed.mean())


def normal(column: np.ndarray) -> Column:
    """A column of zeros and ones or its negation, whichever comes first."""
    return min(tuple(column.tolist()), tuple((1 - column).tolist()))


def recovered(told: list[np.ndarray], tolerance: float = 1e-4) -> set[Column]:
    """`attack_binary`: in the span of the scores and of ones, the vectors of zeros and ones (Ye et al., TDSC 2024)."""
    span = np.column_stack([np.ones(len(told[0])), *told])
    size = span.shape[1]
    pivots = qr(span.T, pivoting=True)[2][:size]
    bits = (np.arange(1 << size)[:, None] >> np.arange(size)) & 1
    candidates = bits @ np.linalg.inv(span[pivots]).T
    found = set()
    for combination in candidates[_near(candidates @ span[:64].T, tolerance)]:
        vector = span @ combination
        if _near(vector[None], tolerance)[0] and 0 < vector.round().sum() < len(vector):
            found.add(normal(vector.round().astype(int)))
    return found


def _near(vectors: np.ndarray, tolerance: float) -> np.ndarray:
    near: np.ndarray = np.all(np.minimum(abs(vectors), abs(vectors - 1)) < tolerance, axis=1)
    return near
