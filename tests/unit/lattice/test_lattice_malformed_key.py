"""What the owner of a malformed key or malformed blocks gains from answers: nothing, as masks cover the modulus."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.unit.lattice.support import integers, key, xof

from accord_protocols.primitives.lattice import (
    Layout,
    PublicKey,
    Terms,
    encrypt_terms,
    forward,
    multiply_terms,
    open_terms,
    parameters,
)
from accord_protocols.primitives.lattice.ntt import transform
from accord_protocols.primitives.lattice.packing import pack, unpack
from accord_protocols.primitives.lattice.parameters import RING64, SMALL

N = SMALL.size
WINDOW = 256


def turns(monkeypatch: pytest.MonkeyPatch, flood: int, w: int) -> NDArray[np.float64]:
    """Opened coefficients as parts of Q, after an owner whose public key is 0 encrypted Q/256 everywhere.

    Then the vector's low byte stands in the upper bits of every coefficient; Q/2^k would show other bits. No switch of
    the modulus blurs them.
    """
    degree = replace(SMALL, kept=SMALL.count)
    monkeypatch.setattr(parameters, "RING64", replace(RING64, degree=degree, flood=flood))
    layout, zero = Layout("scores", N, 1, 64), np.zeros((SMALL.count, N), np.uint32)
    step = SMALL.modulus // WINDOW
    b = np.stack([transform(p, N).forward(np.full(N, step % p, np.uint32)) for p in SMALL.primes])
    block = np.concatenate([np.zeros(32, np.uint8), pack(b)])[None]
    public = PublicKey(key().context, (key().public.halves[0], zero))
    message, _ = forward(public, layout, block, np.array([[w]], np.uint64), xof("answers"))
    residues = unpack(message[0], SMALL.primes, 2 * N)[:, N:]
    weights = [SMALL.modulus // p * pow(SMALL.modulus // p, -1, p) for p in SMALL.primes]
    values = np.array(weights, dtype=object) @ residues.astype(object) % SMALL.modulus
    return np.array([float(v / SMALL.modulus) for v in values])


def test_a_malformed_key_reads_nothing_of_a_vector(monkeypatch: pytest.MonkeyPatch) -> None:
    found = turns(monkeypatch, RING64.flood, 0xAB)
    counts = np.bincount((found * 16).astype(int), minlength=16)
    assert ((counts - N / 16) ** 2 / (N / 16)).sum() < 45  # chi-square, 15 degrees of freedom: 2^-13
    assert abs(np.exp(2j * math.pi * found).mean()) < 4 / math.sqrt(N)


def test_with_less_flooding_than_there_is_room_for_it_would_read_a_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    """Why `flooded` takes all the room: for hiding noise alone, 2^10 less would do as well."""
    found = turns(monkeypatch, 1 << RING64.flood.bit_length() - 10, 0xAB)
    angle = float(np.angle(np.exp(2j * math.pi * found).mean())) / (2 * math.pi)
    assert round(angle * WINDOW) % WINDOW == 0xAB


def test_pairs_of_ciphertexts_that_contradict_each_other_read_nothing() -> None:
    """An owner encrypts 0 in one pair and 1 in the other, to see the vector's slots in the upper bits of both."""
    terms, count = Terms(N, 1), N
    encrypted = np.concatenate(
        [
            encrypt_terms(key(), terms, np.full((N, 1), value), xof(f"a{value}"))[pair : pair + 1]
            for pair, value in ((0, 0), (1, 1))
        ]
    )
    b = np.full((1, N, 1), 12_345)
    message, mask = multiply_terms(key().public, terms, encrypted, b, xof("answers"))
    opened = integers(open_terms(key(), terms, message))
    room = math.prod(p for slots in terms.slots for p in slots.primes)
    assert terms.pairs == 2 and mask.shape == (1, count, 2) and room.bit_length() == 120
    found = np.array([float(v / room) for v in opened.ravel()]) + 0.5
    counts = np.bincount((found * 16).astype(int), minlength=16)
    assert ((counts - N / 16) ** 2 / (N / 16)).sum() < 45
