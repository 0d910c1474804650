"""What is not of the one form is refused with one sentence; what is random opens to noise and never to an exception."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.unit.lattice.support import SID, elements, key, xof

from accord_protocols.primitives.lattice import (
    Layout,
    Product,
    PublicKey,
    SecretKey,
    Terms,
    encrypt_columns,
    encrypt_matrix,
    encrypt_terms,
    forward,
    multiply_matrix,
    multiply_terms,
    open_forward,
    open_matrix,
    open_terms,
    open_transposed,
    transposed,
)
from accord_protocols.primitives.lattice.packing import pack
from accord_schemas.errors import ProtocolError

SENTENCE = "an encrypted number is not of the agreed form"
Bytes = Any
RNG = np.random.default_rng(5)
SUMS, SCORES, TERMS, PRODUCT = Layout("sums", 30, 18, 64), Layout("scores", 9000, 2, 64), Terms(9, 3), Product(2, 3, 2)
VECTORS = {"sums": elements(RNG, 30, bits=64), "scores": elements(RNG, 2, bits=64), "b": elements(RNG, 3, 2)}
PUBLIC = key().public


def blocks(name: str) -> Bytes:
    match name:
        case "sums":
            return encrypt_columns(key(), SUMS, np.zeros((30, 18), np.int64), xof())
        case "scores":
            return encrypt_columns(key(), SCORES, np.zeros((9000, 2), np.int64), xof())
        case "terms":
            return encrypt_terms(key(), TERMS, np.zeros((9, 3), np.int64), xof())
        case _:
            return encrypt_matrix(key(), PRODUCT, np.zeros((2, 3, 2), np.uint64), xof())


ANSWER: dict[str, Callable[[Bytes], Bytes]] = {
    "sums": lambda b: transposed(PUBLIC, SUMS, b, VECTORS["sums"], xof())[0],
    "scores": lambda b: forward(PUBLIC, SCORES, b, VECTORS["scores"], xof())[0],
    "terms": lambda b: multiply_terms(PUBLIC, TERMS, b, np.zeros((1, 9, 3), np.int64), xof())[0],
    "matrix": lambda b: multiply_matrix(PUBLIC, PRODUCT, b, VECTORS["b"], xof())[0],
}
OPEN: dict[str, Callable[[Bytes], Any]] = {
    "sums": lambda m: open_transposed(key(), SUMS, m),
    "scores": lambda m: open_forward(key(), SCORES, m),
    "terms": lambda m: open_terms(key(), TERMS, m),
    "matrix": lambda m: open_matrix(key(), PRODUCT, m),
}


def spoiled(array: Bytes, place: int) -> list[Bytes]:
    """Rows or bytes too few or too many, another number of dimensions, a residue that is not reduced."""
    unreduced = array.copy()
    unreduced[0, place : place + 60] = 255
    return [
        array[:-1],
        array[:, :-60],
        array[0],
        np.concatenate([array, array[:1]]),
        np.pad(array, ((0, 0), (0, 60))),
        unreduced,
    ]


@pytest.mark.parametrize("name", ANSWER)
def test_malformed_blocks_and_answers_are_refused(name: str) -> None:
    good = blocks(name)
    for wrong in spoiled(good, 32):
        with pytest.raises(ProtocolError) as caught:
            ANSWER[name](wrong)
        assert caught.value.message == SENTENCE
    for wrong in spoiled(ANSWER[name](good), 0):
        with pytest.raises(ProtocolError) as caught:
            OPEN[name](wrong)
        assert caught.value.message == SENTENCE


def test_malformed_keys_are_refused() -> None:
    large, small = PUBLIC.encode()
    for wrong in spoiled(large, 0):
        with pytest.raises(ProtocolError, match=SENTENCE):
            PublicKey.decode(SID, "clinic", wrong, small)
    for wrong in spoiled(small, 0):
        with pytest.raises(ProtocolError, match=SENTENCE):
            PublicKey.decode(SID, "clinic", large, wrong)
    with pytest.raises(ValueError, match="not an encoded lattice key"):
        SecretKey.decode(b"short")


def test_what_is_random_but_of_the_form_opens_to_something() -> None:
    """No answer ends in an exception that would tell its sender about the secret."""
    degree = SUMS.plain.degree
    random = np.stack([RNG.integers(0, p, degree.size + SUMS.opened) for p in degree.primes[: degree.kept]])
    message = np.stack([pack(random.astype(np.uint32))] * SUMS.outputs)
    assert open_transposed(key(), SUMS, message).shape == (18, 1)
