"""Products of several matrices at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from accord_protocols.closed.shape import Shape
from accord_protocols.primitives import lattice
from accord_protocols.primitives.lattice import Product
from accord_protocols.primitives.lattice.packing import MALFORMED
from accord_protocols.primitives.sharing import Words
from accord_protocols.tasks.closed.stage import Stage
from accord_schemas.errors import ProtocolError

Bytes = np.ndarray


def on_moments(shape: Shape, penalties: int) -> Product:
    """Of moments and the weights of all penalties."""
    return Product(shape.m, shape.m, penalties)


def on_weights(shape: Shape, penalties: int) -> Product:
    """Of these weights, as rows, and what is left of the right sides; its diagonal is what is asked for."""
    return Product(penalties, shape.m, penalties)


def matrix(row: Bytes, count: int) -> Bytes:
    """One of several encrypted matrices, or answers, as its `count` blocks or messages.

    Raises:
        ProtocolError: It is not of that form.
    """
    if len(row) % count:
        raise ProtocolError(MALFORMED)
    return row.reshape(count, -1)


def encrypted(stage: Stage, product: Product, many: Words, name: str) -> Bytes:
    """The own matrices, encrypted, ``(matrices, bytes)``."""
    secret, xof = stage.secret, stage.xof.fork("encrypt", name)
    rows = (lattice.encrypt_matrix(secret, product, one, xof.fork("matrix", i)) for i, one in enumerate(many))
    return np.stack([row.reshape(-1) for row in rows])


def answered(stage: Stage, product: Product, name: str, many: Words) -> tuple[Bytes, Words]:
    """What was heard by `name` times `many`, masked, and the masks."""
    numbers, masks, xof = [], [], stage.xof.fork("answer", name)
    for i, one in enumerate(many):
        theirs = matrix(stage.heard(name)[i], product.blocks)
        number, mask = lattice.multiply_matrix(stage.other, product, theirs, one, xof.fork("matrix", i))
        numbers.append(number.reshape(-1))
        masks.append(mask)
    return np.stack(numbers), np.stack(masks)


def opened(stage: Stage, product: Product, name: str, count: int) -> list[Words]:
    """What was answered to `count` own matrices."""
    heard, secret = stage.heard(name), stage.secret
    return [lattice.open_matrix(secret, product, matrix(heard[i], product.messages)) for i in range(count)]


def each(function: Callable[[int, Words], Words], many: Words) -> Words:
    """A function of number and matrix, of each one."""
    return np.stack([function(i, one) for i, one in enumerate(many)])


def diagonal(matrix: Words) -> Words:
    """``(m, m, 2)`` to ``(m, 2)``."""
    places = np.arange(len(matrix))
    return np.ascontiguousarray(matrix[places, places])
