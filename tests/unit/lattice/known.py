"""What the lattice engine answers to fixed numbers: by digest, so that a byte that changes is seen anywhere."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tests.unit.lattice.support import elements, key, xof

from accord_protocols.primitives.lattice import (
    Layout,
    Product,
    Terms,
    encrypt_columns,
    encrypt_matrix,
    encrypt_terms,
    forward,
    loops,
    multiply_matrix,
    multiply_terms,
    open_forward,
    open_matrix,
    open_terms,
    open_transposed,
    transposed,
)

FILE = Path(__file__).with_name("vectors.json")


def answers() -> dict[str, str]:
    """SHA-256 of everything that is sent, kept and opened, by name."""
    rng = np.random.Generator(np.random.PCG64(20))
    found: dict[str, NDArray[Any]] = dict(zip(("large", "small"), key().public.encode(), strict=True))
    for bits in (64, 128):
        x = rng.integers(-(2**21), 2**21, (40, 18))
        d, w = elements(rng, 40, bits=bits), elements(rng, 18, bits=bits)
        sums, scores = Layout("sums", 40, 18, bits), Layout("scores", 40, 18, bits)
        found[f"sums.{bits}"] = blocks = encrypt_columns(key(), sums, x, xof("sums"))
        message, mask = transposed(key().public, sums, blocks, d, xof("transposed"))
        found |= {f"transposed.{bits}": message, f"transposed.mask.{bits}": mask}
        found[f"transposed.opened.{bits}"] = open_transposed(key(), sums, message)
        found[f"scores.{bits}"] = blocks = encrypt_columns(key(), scores, x, xof("scores"))
        message, mask = forward(key().public, scores, blocks, w, xof("forward"))
        found |= {f"forward.{bits}": message, f"forward.mask.{bits}": mask}
        found[f"forward.opened.{bits}"] = open_forward(key(), scores, message)
    terms, a, b = Terms(30, 5, 80), rng.integers(-(2**30), 2**30, (30, 5)), rng.integers(-(2**30), 2**30, (1, 30, 5))
    found["terms"] = blocks = encrypt_terms(key(), terms, a, xof("terms"))
    message, mask = multiply_terms(key().public, terms, blocks, b, xof("sum"))
    found |= {"terms.sum": message, "terms.mask": mask, "terms.opened": open_terms(key(), terms, message)}
    product, left, right = Product(3, 4, 5), elements(rng, 3, 4), elements(rng, 4, 5)
    found["matrix"] = blocks = encrypt_matrix(key(), product, left, xof("matrix"))
    message, mask = multiply_matrix(key().public, product, blocks, right, xof("product"))
    found |= {"product": message, "product.mask": mask, "product.opened": open_matrix(key(), product, message)}
    return {name: hashlib.sha256(value.tobytes()).hexdigest() for name, value in found.items()}


if __name__ == "__main__":
    json.dump({"compiled": loops.is_compiled(), "answers": answers()}, sys.stdout, indent=2)
