"""Products with encrypted columns are exact modulo the ring, on random and extreme numbers and at every edge."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from tests.unit.lattice.support import elements, integers, joined, key, reduced, xof

from accord_protocols.primitives.lattice import (
    Layout,
    encrypt_columns,
    expand,
    forward,
    open_forward,
    open_transposed,
    transposed,
)

SIZES = [(1, 1), (2, 3), (700, 5), (60, 16), (60, 17), (3000, 3), (8191, 2), (8193, 2)]
Kind = Literal["sums", "scores"]


def extreme(rng: np.random.Generator, n: int, m: int) -> np.ndarray:
    x = rng.integers(-(2**63), 2**63, (n, m))
    x[rng.random((n, m)) < 0.2] = -(2**63)
    return x


@pytest.mark.parametrize("bits", [64, 128])
@pytest.mark.parametrize(("n", "m"), SIZES)
def test_sums_and_scores_are_exact(n: int, m: int, bits: int) -> None:
    rng = np.random.default_rng(n + m)
    x, public = extreme(rng, n, m), key().public
    d, w = elements(rng, n, bits=bits), elements(rng, m, bits=bits)
    sums, scores = Layout("sums", n, m, bits), Layout("scores", n, m, bits)

    message, mask = transposed(public, sums, encrypt_columns(key(), sums, x, xof()), d, xof("answers"))
    expected = reduced(x.T.astype(object) @ integers(d), bits)
    assert (joined(open_transposed(key(), sums, message), mask) == expected).all()

    message, mask = forward(public, scores, encrypt_columns(key(), scores, x, xof()), w, xof("answers"))
    expected = reduced(x.astype(object) @ integers(w), bits)
    assert (joined(open_forward(key(), scores, message), mask) == expected).all()


def test_ring_elements_may_be_encrypted_and_vectors_come_in_batches() -> None:
    rng, (n, m, c) = np.random.default_rng(8), (300, 18, 3)
    x, d, w = elements(rng, n, m), elements(rng, n, c), elements(rng, m, c)
    sums, scores = Layout("sums", n, m), Layout("scores", n, m)
    message, mask = transposed(key().public, sums, encrypt_columns(key(), sums, x, xof()), d, xof("a"))
    opened = open_transposed(key(), sums, message, c)
    assert mask.shape == opened.shape == (m, c, 2)
    assert (joined(opened, mask) == reduced(integers(x).T @ integers(d))).all()
    message, mask = forward(key().public, scores, encrypt_columns(key(), scores, x, xof()), w, xof("a"))
    opened = open_forward(key(), scores, message, c)
    assert mask.shape == opened.shape == (n, c, 2)
    assert (joined(opened, mask) == reduced(integers(x) @ integers(w))).all()


def test_without_a_mask_the_owner_opens_the_product_itself() -> None:
    rng, (n, m) = np.random.default_rng(9), (90, 4)
    x, d = rng.integers(-(2**21), 2**21, (n, m)), elements(rng, n)
    layout = Layout("sums", n, m)
    message, mask = transposed(key().public, layout, encrypt_columns(key(), layout, x, xof()), d, xof(), masked=False)
    assert not mask.any()
    assert (open_transposed(key(), layout, message) == reduced(x.T.astype(object) @ integers(d))).all()


@pytest.mark.parametrize("kind", ["sums", "scores"])
def test_work_may_be_done_in_parts_and_in_either_form(kind: Kind) -> None:
    """Where blocks and answers are divided does not change a byte; expanded blocks are the same as packed ones."""
    rng, n, m = np.random.default_rng(10), 9000, 19
    x, layout = rng.integers(-(2**21), 2**21, (n, m)), Layout(kind, n, m, 64)
    assert layout.outputs > 1 and layout.inner > 1
    whole = encrypt_columns(key(), layout, x, xof())
    half = layout.blocks // 2
    parts = [encrypt_columns(key(), layout, x, xof(), r) for r in (range(half), range(half, layout.blocks))]
    assert (np.concatenate(parts) == whole).all() and whole.shape == (layout.blocks, layout.width)

    public, (multiply, length) = key().public, (transposed, n) if kind == "sums" else (forward, m)
    vector = elements(rng, length, bits=64)
    message, mask = multiply(public, layout, whole, vector, xof("a"))
    again, same = multiply(public, layout, expand(public, layout, whole), vector, xof("a"))
    assert (message == again).all() and (mask == same).all()
    assert message.shape == (layout.outputs, layout.message_width)
    each = [
        multiply(
            public, layout, whole[o * layout.inner : (o + 1) * layout.inner], vector, xof("a"), outputs=range(o, o + 1)
        )
        for o in range(layout.outputs)
    ]
    assert (np.concatenate([part for part, _ in each]) == message).all()
    assert (np.concatenate([part for _, part in each]) == mask).all()


def test_wrong_sizes_are_the_callers_fault() -> None:
    layout, x = Layout("sums", 10, 2), np.zeros((10, 2), np.int64)
    blocks = encrypt_columns(key(), layout, x, xof())
    with pytest.raises(ValueError, match="not of the layout's sizes"):
        encrypt_columns(key(), layout, x[:9], xof())
    for vectors in (np.zeros((9, 2), np.uint64), np.zeros((10, 1), np.uint64)):
        with pytest.raises(ValueError, match="not of the layout's sizes"):
            transposed(key().public, layout, blocks, vectors, xof())
    with pytest.raises(ValueError, match="not of the layout's sizes"):
        forward(key().public, layout, blocks, np.zeros((2, 2), np.uint64), xof())
