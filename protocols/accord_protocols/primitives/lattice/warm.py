"""Compiling before it is needed: some seconds at first on a machine, and a moment afterwards, when it lies on disk."""

from __future__ import annotations

import numpy as np

from accord_protocols.primitives.lattice.keys import SecretKey
from accord_protocols.primitives.lattice.matrices import Product, encrypt_matrix, multiply_matrix, open_matrix
from accord_protocols.primitives.xof import Xof


def warm() -> None:
    """Run every inner loop once, on a product of one element."""
    xof = Xof(bytes(32), "warm")  # of nobody's numbers
    secret, product, one = SecretKey.generate(bytes(32), "", xof), Product(1, 1, 1), np.ones((1, 1, 2), np.uint64)
    message, _ = multiply_matrix(secret.public, product, encrypt_matrix(secret, product, one, xof), one, xof)
    open_matrix(secret, product, message)
