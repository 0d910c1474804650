"""The lattice engine's products without its ciphertexts: what is "encrypted" is the numbers, what is masked is masked.

For tests of what is built on it: sums, shares and masks are those of the engine, in a thousandth of the time.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from accord_protocols.primitives import sharing
from accord_protocols.primitives.sharing import RING
from accord_protocols.primitives.xof import Xof


def _said(words: np.ndarray) -> np.ndarray:
    return np.frombuffer(np.ascontiguousarray(words, "<u8").tobytes(), np.uint8).reshape(1, -1).copy()


def _read(numbers: np.ndarray, *shape: int) -> np.ndarray:
    words = np.frombuffer(np.ascontiguousarray(numbers).tobytes(), "<u8")
    return (words if -1 in shape else words[: 2 * int(np.prod(shape))]).reshape(*shape, 2)


def _masked(product: np.ndarray, xof: Xof) -> tuple[np.ndarray, np.ndarray]:
    mask = RING.random(xof, *product.shape[:-1])
    return _said(RING.sub(product, mask)), mask


def _times(x: np.ndarray, vectors: np.ndarray, xof: Xof) -> tuple[np.ndarray, np.ndarray]:
    flat = vectors if vectors.ndim == 3 else vectors[:, None]
    product = sharing.matmul(x, flat)
    return _masked(product if vectors.ndim == 3 else product[:, 0], xof)


def encrypt_columns(secret: Any, layout: Any, x: np.ndarray, xof: Xof, blocks: range | None = None) -> np.ndarray:
    whole = np.zeros((layout.blocks, layout.width), np.uint8)
    said = _said(sharing.elements(x))[0]
    whole.reshape(-1)[: len(said)] = said
    return whole if blocks is None else whole[blocks.start : blocks.stop]


def transposed(
    public: Any, layout: Any, columns: np.ndarray, d: np.ndarray, xof: Xof, outputs: range | None = None
) -> tuple[np.ndarray, np.ndarray]:
    assert outputs is None or layout.outputs == 1
    return _times(sharing.transposed(_read(columns, layout.rows, layout.columns)), d, xof)


def forward(public: Any, layout: Any, columns: np.ndarray, w: np.ndarray, xof: Xof) -> tuple[np.ndarray, np.ndarray]:
    return _times(_read(columns, layout.rows, layout.columns), w, xof)


def open_transposed(secret: Any, layout: Any, message: np.ndarray, count: int | None = None) -> np.ndarray:
    return _read(message, layout.columns, *([] if count is None else [count]))


def open_forward(secret: Any, layout: Any, message: np.ndarray, count: int | None = None) -> np.ndarray:
    return _read(message, layout.rows, *([] if count is None else [count]))


def encrypt_terms(secret: Any, terms: Any, a: np.ndarray, xof: Xof, blocks: range | None = None) -> np.ndarray:
    whole = _said(sharing.elements(a))
    return whole if blocks is None or not blocks.start else whole[:, :0]


def multiply_terms(
    public: Any, terms: Any, encrypted: np.ndarray, b: np.ndarray, xof: Xof
) -> tuple[np.ndarray, np.ndarray]:
    a = _read(encrypted, terms.rows, terms.terms)[..., 0].view(np.int64)
    if b.ndim == 4:
        b = np.array(RING.to_ints(b.reshape(-1, 2)), dtype=object).reshape(b.shape[:3])
    sums = (a.astype(object) * b.astype(object)).sum(axis=2)
    assert max(map(abs, sums.ravel().tolist())) < 1 << terms.bits
    product = RING.from_ints(sums.ravel().tolist()).reshape(*sums.shape, 2)
    return _masked(product, xof)


def open_terms(secret: Any, terms: Any, message: np.ndarray) -> np.ndarray:
    return _read(message, -1, terms.rows)


def encrypt_matrix(secret: Any, product: Any, a: np.ndarray, xof: Xof) -> np.ndarray:
    assert a.shape == (product.rows, product.inner, 2)
    return _said(a)


def multiply_matrix(
    public: Any, product: Any, encrypted: np.ndarray, b: np.ndarray, xof: Xof
) -> tuple[np.ndarray, np.ndarray]:
    assert b.shape == (product.inner, product.columns, 2)
    return _masked(sharing.matmul(_read(encrypted, product.rows, product.inner), b), xof)


def open_matrix(secret: Any, product: Any, message: np.ndarray) -> np.ndarray:
    return _read(message, product.rows, product.columns)


NO_KEY = SimpleNamespace(decode=lambda *_: None)


def put_in(patch: pytest.MonkeyPatch) -> None:
    """Have the tasks of the levels `closed` and `express` use these."""
    for name in ("scores", "sums", "inverse", "steps", "variances"):
        patch.setattr(f"accord_protocols.tasks.closed.{name}.lattice", sys.modules[__name__])
    for name in ("moments", "systems", "several"):
        patch.setattr(f"accord_protocols.tasks.express.{name}.lattice", sys.modules[__name__])
    for name in ("SecretKey", "PublicKey"):
        patch.setattr(f"accord_protocols.tasks.closed.stage.{name}", NO_KEY)
    patch.setattr("accord_protocols.tasks.lattice.encrypt_columns", encrypt_columns)
