"""Why flooding and randomisation are mandatory: without them the production code gives the other side's vector away."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.unit.lattice.support import elements, integers, key, xof

from accord_protocols.primitives.lattice import Layout, cipher, encrypt_columns, forward, parameters, transposed
from accord_protocols.primitives.lattice.columns import _multiplier
from accord_protocols.primitives.lattice.ntt import transform
from accord_protocols.primitives.lattice.packing import unpack
from accord_protocols.primitives.lattice.parameters import ERROR_BITS, RING64, SMALL, Degree
from accord_protocols.primitives.lattice.sampling import errors
from accord_protocols.primitives.lattice.switching import switch_of

UNSWITCHED = Degree(SMALL.size, SMALL.count, SMALL.count)
"""Answers with their whole modulus, from which the attacker sees strictly more."""
N, M = 2700, 3


def noise_of_answer(monkeypatch: pytest.MonkeyPatch, flood: int) -> tuple[NDArray[np.float64], ...]:
    """An answer taken apart by the key's owner: what it knows of itself, the noise that it sees; and the secret w."""
    monkeypatch.setattr(parameters, "RING64", replace(RING64, degree=UNSWITCHED, flood=flood))
    rng, layout = np.random.default_rng(1), Layout("scores", N, M, 64)
    assert layout.blocks == 1
    x, w = rng.integers(-(2**21), 2**21, (N, M)), elements(rng, M, bits=64)
    blocks = encrypt_columns(key(), layout, x, xof("columns"))
    message, _ = forward(key().public, layout, blocks, w, xof("answers"))

    own = xof("columns").fork("block", 0)  # the owner draws its errors itself, so it knows them
    own.bytes(32)
    error = errors(SMALL.size, own).astype(float) - ERROR_BITS
    known = np.stack([error[j * N : (j + 1) * N] + x[:, j] / 2.0**64 for j in range(M)], axis=1)

    residues = cipher.phase(key(), layout.plain, message[0], layout.positions, N)
    product = math.prod(SMALL.primes)
    weights = [product // p * pow(product // p, -1, p) for p in SMALL.primes]
    values = (np.array(weights, dtype=object) @ residues.astype(object)) % product
    centred = np.array([v - product if v > product // 2 else v for v in values], dtype=object)
    noise = np.array([float(v >> 64) for v in centred])
    return known, noise, integers(w).astype(float)


def test_without_flooding_the_owner_regresses_on_its_errors_and_has_the_other_sides_vector(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known, noise, w = noise_of_answer(monkeypatch, flood=1)
    found = np.linalg.lstsq(known, noise, rcond=None)[0]
    assert np.abs(found - w).max() < 2.0**20  # of 64 bits, 43 are read at once
    assert np.corrcoef(known @ w, noise)[0, 1] > 0.999999


def test_with_flooding_the_same_attack_finds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    known, noise, w = noise_of_answer(monkeypatch, flood=RING64.flood)
    found = np.linalg.lstsq(known, noise, rcond=None)[0]
    assert np.abs(found - w).min() > 2.0**100
    assert abs(np.corrcoef(known @ w, noise)[0, 1]) < 5 / math.sqrt(N)
    spread = noise / (RING64.flood / 2)
    assert np.abs(spread).max() <= 1 and abs(spread.var() - 1 / 3) < 0.05  # uniform, as the flooding is


def unrandomised_difference() -> NDArray[np.float64]:
    """How far the second half of an answer is from ``Σ a·w``, which anybody computes who guesses w; in parts of Q/2."""
    rng, layout = np.random.default_rng(2), Layout("scores", 100, M, 64)
    blocks = encrypt_columns(key(), layout, rng.integers(-9, 9, (100, M)), xof("columns"))
    w = elements(rng, M, bits=64)
    message, _ = forward(key().public, layout, blocks, w, xof("answers"))
    expanded, degree = cipher.expand(key().public, SMALL, blocks), SMALL
    factor = np.empty((1, degree.count, degree.size), np.uint32)
    _multiplier(layout, w, 0, factor[0])
    plain = np.empty((degree.count, degree.size), np.uint32)
    for i, p in enumerate(degree.primes):
        tables = transform(p, degree.size)
        plain[i] = tables.inverse(tables.multiply(expanded[0, 1, i], factor[0, i]))
    guess = switch_of(RING64)(plain)
    kept = degree.primes[: degree.kept]
    sent = unpack(message[0], kept, degree.size + 100)[:, : degree.size]
    product = math.prod(kept)
    weights = np.array([product // p * pow(product // p, -1, p) for p in kept], dtype=object)
    apart = (weights @ (sent.astype(object) - guess.astype(object))) % product
    return np.array([min(v, product - v) / (product // 2) for v in apart])


def test_with_the_public_key_alone_nothing_of_an_answer_can_be_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A right guess of the vector looks like a wrong one, as answers are randomised; else it would be confirmed."""
    apart = unrandomised_difference()
    assert abs(np.mean(apart) - 0.5) < 0.02 and apart.max() > 0.99
    monkeypatch.setattr(cipher, "ternary", lambda count, xof: np.zeros(count, np.int8))
    assert unrandomised_difference().max() < 1e-3


def test_two_answers_to_one_question_have_nothing_in_common() -> None:
    rng, layout = np.random.default_rng(3), Layout("sums", 100, M)
    blocks = encrypt_columns(key(), layout, rng.integers(-9, 9, (100, M)), xof("columns"))
    d = elements(rng, 100)
    (one, mask), (two, other) = (transposed(key().public, layout, blocks, d, xof(label)) for label in ("a", "b"))
    primes = layout.plain.degree.primes[: layout.plain.degree.kept]
    a, b = (unpack(m[0], primes, layout.plain.degree.size + layout.opened).astype(np.int64) for m in (one, two))
    assert (a == b).mean() < 1e-4 and not (mask == other).any()
    again = encrypt_columns(key(), layout, np.zeros((100, M), np.int64), xof("again"))
    assert (blocks == again).mean() < 0.01
