"""A party's edges as integers, their product with ring vectors, and how products become scores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.graphs import IDS

from accord_protocols.graph.adjacency import Adjacency
from accord_protocols.graph.edges import Edges, listed
from accord_protocols.graph.scale import FRACTION_BITS, Scale
from accord_protocols.primitives.sharing import RING, share
from accord_protocols.primitives.xof import Xof
from accord_schemas.graph import Graph

NONE = np.zeros(0, np.uint32)


def edges(pairs: list[tuple[int, int, float]]) -> Edges:
    a, b, w = zip(*pairs, strict=True) if pairs else ((), (), ())
    return Edges(np.array(a, np.uint32), np.array(b, np.uint32), np.array(w, np.float64), NONE, NONE)


def scale(max_strength: float = 400.0, parties: int = 3, bits: int = 2048, size: int = 5000, **more: float) -> Scale:
    found = {"damping": 0.5, "rounds": 8, **more}
    terms = Graph.model_validate(
        {"task": "risk", "vertices": "0" * 64, "size": size, "result_to": ("a",), "max_strength": max_strength, **found}
    )
    return Scale(terms, parties, bits)


def reach(hops: int, parties: int = 3, bits: int = 2048, size: int = 5000) -> Scale:
    terms = Graph(task="reach", vertices="0" * 64, size=size, result_to=("a",), hops=hops)
    return Scale(terms, parties, bits)


def test_parallel_edges_add_up_and_rows_are_in_order() -> None:
    found = Adjacency.of(edges([(0, 1, 1), (1, 0, 1), (2, 1, 1)]), 4, np.array([2, 3, 4]))
    assert found.starts.tolist() == [0, 1, 3, 4, 4]
    assert found.columns.tolist() == [1, 0, 2, 1] and found.weights.tolist() == [5, 5, 4, 4]
    plain = Adjacency.of(edges([(0, 1, 9.5), (1, 0, 1)]), 2, None)
    assert plain.weights.tolist() == [1, 1], "of reach an edge is there, or is not"


def test_weights_too_small_to_count_are_left_out_and_common_twos_are_found() -> None:
    found = Adjacency.of(edges([(0, 1, 1), (1, 2, 1)]), 3, np.array([0, 24]))
    assert found.columns.tolist() == [2, 1] and found.twos == 3
    assert Adjacency.of(edges([]), 3, None).twos == 0


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1 << 32), st.integers(1, 28))
def test_a_product_is_exact_in_the_ring(seed: int, bits: int) -> None:
    rng = np.random.default_rng(seed)
    n, ends = 7, rng.integers(0, 7, (20, 2))
    ends = ends[ends[:, 0] != ends[:, 1]]
    weights = rng.integers(0, 1 << bits, len(ends))
    own = edges([(int(a), int(b), 1.0) for a, b in ends])
    vector = rng.integers(0, 1 << 64, (n, 2), np.uint64)
    numbers = RING.to_ints(vector, signed=False)
    want = [0] * n
    for (a, b), w in zip(ends.tolist(), weights.tolist(), strict=True):
        want[a] += w * numbers[b]
        want[b] += w * numbers[a]
    assert RING.to_ints(Adjacency.of(own, n, weights).times(vector), signed=False) == [v % (1 << 128) for v in want]


@pytest.mark.parametrize("strength", [1e-3, 0.37, 1.0, 3.0, 400.0, 512.0, 1e6, 2.0**28])
@pytest.mark.parametrize("damping", [0.01, 0.5, 1.0])
def test_two_holders_scale_a_product_to_within_two_units(strength: float, damping: float) -> None:
    sizes = scale(strength, damping=damping, rounds=2)
    assert not sizes.unable
    weights = np.array([strength / 3, strength / 2])
    matrix = sizes.adjacency(edges([(0, 1, weights[0]), (0, 2, weights[1])]))
    assert (np.add.reduceat(matrix.weights, matrix.starts[:3]) < 1 << sizes.row_bits).all()
    values = RING.from_ints([sizes.one, 3 * sizes.one // 2, 0, *[0] * 4997])
    first, second = share(matrix.times(values), Xof(bytes(32)))
    halves = [sizes.damped(half, Xof(bytes(32), "zero"), first=half is first) for half in (first, second)]
    got = np.array(RING.to_ints(RING.add(*halves))[:3]) / 2**FRACTION_BITS
    want = damping / strength * np.array([1.5 * weights[0], weights[0], weights[1]])
    assert np.abs(got - want).max() <= 2.0 ** (1 - FRACTION_BITS) + 1e-8


def test_sizes_follow_from_the_agreement() -> None:
    large = scale()
    assert (large.slots, large.blocks, large.numbers) == (8, 1, 5000) and not large.unable
    assert scale(rounds=30).blocks == 3 and scale(rounds=30, bits=3072).blocks == 2
    assert reach(2).slots == 2 and not reach(2).unable
    assert "agree on fewer hops" in reach(10, size=1_000_000).unable
    assert "fewer rounds" in scale(damping=1.0, rounds=40).unable


def test_slots_of_exact_numbers_have_room_for_carries() -> None:
    """Above what a slot's content may be there are 40 bits and more, so that a uniform mask carries into none."""
    sizes = reach(3)
    assert sizes.slot_bits >= 128 + sizes.sum_bits + 40 + (3 * 5000).bit_length()


def test_a_list_of_vertices_is_its_names_in_their_order() -> None:
    assert listed(IDS) == listed(list(IDS)) != listed(reversed(IDS)) and listed(["ab", "c"]) != listed(["a", "bc"])


def test_digests_tell_every_part() -> None:
    own = edges([(0, 1, 1.0)])
    other = [
        edges([(1, 0, 1.0)]),
        edges([(0, 1, 2.0)]),
        Edges(own.sources, own.targets, own.weights, np.array([1], np.uint32), NONE),
        Edges(own.sources, own.targets, own.weights, NONE, np.array([1], np.uint32)),
    ]
    assert len({own.digest(), *(one.digest() for one in other)}) == 5
