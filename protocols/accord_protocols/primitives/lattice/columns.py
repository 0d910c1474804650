"""Products with a matrix that its owner encrypted once: shares of ``X^T d`` and of ``X·w``.

p owns the key and X, and publishes `encrypt_columns` to a computing party q. For every ring vector that q has, it
answers `transposed` or `forward` and keeps the mask; p opens the answer. What is opened and the mask add up to the
product modulo 2^bits, exactly.

In a polynomial lie g columns by B rows, so that the wanted sum of a product lands on known coefficients. For ``X^T d``,
column j of a group at ``x^(j·B + B-1-i)`` times d at ``x^i`` gives its sum at ``x^(j·B + B-1)``. For ``X·w``, column j
at ``x^(j·B + i)`` times ``w[j]`` at ``x^((g-1-j)·B)`` gives row i at ``x^((g-1)·B + i)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.lattice import cipher
from accord_protocols.primitives.lattice.keys import Bytes, PublicKey, SecretKey
from accord_protocols.primitives.lattice.packing import MALFORMED
from accord_protocols.primitives.lattice.parameters import Plain, ring_of
from accord_protocols.primitives.lattice.remainders import words
from accord_protocols.primitives.lattice.residues import Integers, scattered, signed, unsigned
from accord_protocols.primitives.lattice.sampling import integers
from accord_protocols.primitives.ring import Ring
from accord_protocols.primitives.xof import Xof
from accord_schemas.blob import Blob
from accord_schemas.errors import ProtocolError

Words = NDArray[np.uint64]
_MOST_COLUMNS = 16
"""Of a group in layout ``sums``: more would spare answers and cost transforms of d."""


@dataclass(frozen=True)
class Layout:
    """How a matrix lies in polynomials.

    The encrypted blocks stand output by output: those of ``block // inner`` are summed to the same answer.

    Args:
        kind: ``sums`` for `transposed`, ``scores`` for `forward`.
        rows: n, at least 1.
        columns: m, at least 1.
        bits: Of the ring of results, 64 or 128.
    """

    kind: Literal["sums", "scores"]
    rows: int
    columns: int
    bits: int = 128

    @property
    def plain(self) -> Plain:
        """The parameters."""
        return ring_of(self.bits)

    @cached_property
    def groups(self) -> int:
        """Groups of columns, as even as possible."""
        if self.kind == "sums":
            return -(-self.columns // _MOST_COLUMNS)
        return -(-self.columns // max(1, self.plain.degree.size // self.rows))

    @cached_property
    def group(self) -> int:
        """g, columns of a group."""
        return -(-self.columns // self.groups)

    @cached_property
    def spans(self) -> int:
        """Spans of rows, as even as possible."""
        return -(-self.rows // (self.plain.degree.size // self.group))

    @cached_property
    def span(self) -> int:
        """B, rows of a span."""
        return -(-self.rows // self.spans)

    @property
    def outputs(self) -> int:
        """Answers to one vector."""
        return self.groups if self.kind == "sums" else self.spans

    @property
    def inner(self) -> int:
        """Blocks that are summed to an answer."""
        return self.spans if self.kind == "sums" else self.groups

    @property
    def blocks(self) -> int:
        """Polynomials, a row of the encrypted array each."""
        return self.groups * self.spans

    @property
    def width(self) -> int:
        """Bytes of an encrypted block."""
        return cipher.block_width(self.plain.degree)

    @property
    def message_width(self) -> int:
        """Bytes of an answer."""
        return cipher.answer_width(self.plain.degree, self.opened)

    @property
    def opened(self) -> int:
        """Coefficients that an answer opens."""
        return self.group if self.kind == "sums" else self.span

    @property
    def positions(self) -> slice:
        """Which ones."""
        if self.kind == "sums":
            return slice(self.span - 1, self.group * self.span, self.span)
        return slice((self.group - 1) * self.span, self.group * self.span)

    def size(self, output: int) -> int:
        """How many of an answer's coefficients are results."""
        total = self.columns if self.kind == "sums" else self.rows
        return max(0, min(self.opened, total - output * self.opened))

    def cell(self, block: int) -> tuple[slice, slice]:
        """Rows and columns of a block."""
        output, inner = divmod(block, self.inner)
        span, group = (inner, output) if self.kind == "sums" else (output, inner)
        rows = slice(min(span * self.span, self.rows), min((span + 1) * self.span, self.rows))
        return rows, slice(min(group * self.group, self.columns), min((group + 1) * self.group, self.columns))


def encrypt_columns(
    secret: SecretKey, layout: Layout, x: NDArray[np.int64] | Words, xof: Xof, blocks: range | None = None
) -> Bytes:
    """What the owner of X publishes once.

    Args:
        secret: The owner's.
        layout: Of X.
        x: ``(n, m) int64``, or ring elements ``(n, m, words) uint64``; may be mapped from a file.
        xof: Draws errors; used for nothing else. Which blocks are asked for makes no difference to their bytes.
        blocks: Which ones, where a part of the work is done; all by default.

    Returns:
        ``(len(blocks), layout.width) uint8``; parts are joined along their first axis.
    """
    if x.shape[:2] != (layout.rows, layout.columns):
        raise ValueError("the matrix is not of the layout's sizes")
    asked = range(layout.blocks) if blocks is None else blocks
    out = np.empty((len(asked), layout.width), np.uint8)
    for row, block in zip(out, asked, strict=True):
        row[:] = cipher.encrypt(secret, layout.plain, _polynomial(layout, x, block), xof.fork("block", block))
    return out


def _polynomial(layout: Layout, x: NDArray[Any], block: int) -> Integers:
    rows, columns = layout.cell(block)
    cell = np.asarray(x[rows, columns])
    laid = np.zeros((layout.group, layout.span, *cell.shape[2:]), cell.dtype)
    laid[: cell.shape[1], : len(cell)] = np.moveaxis(cell, 1, 0)
    if layout.kind == "sums":
        laid = laid[:, ::-1]
    size = layout.group * layout.span
    return scattered(signed(laid.reshape(size, *cell.shape[2:])), slice(size), layout.plain.degree.size)


def expand(public: PublicKey, layout: Layout, blocks: Bytes) -> NDArray[np.uint32]:
    """Received blocks, any number of the layout's, as products need them: ``(blocks, 2, primes, N) uint32``.

    `transposed` and `forward` take either form. This one is twice as long and spares them about half of their time.

    Raises:
        ProtocolError: Not of the one form.
    """
    return cipher.expand(public, layout.plain.degree, blocks)


def transposed(
    public: PublicKey,
    layout: Layout,
    columns: Bytes | NDArray[np.uint32] | Blob,
    d: Words,
    xof: Xof,
    *,
    masked: bool = True,
    outputs: range | None = None,
) -> tuple[Bytes, Words]:
    """Answer ``X^T d - mask``.

    Args:
        public: The key of X's owner.
        layout: Of kind ``sums``.
        columns: As received, perhaps by reference, or from `expand`; the blocks of `outputs`, some at a time in memory.
        d: ``(n, words)``, or ``(n, c, words)`` for c vectors at once.
        xof: Draws masks, flooding and randomisation; used for nothing else.
        masked: Whether the owner is to see a share; else it opens the product itself, and the mask is zero.
        outputs: Which groups of columns, where a part of the work is done; all by default.

    Returns:
        The message ``(messages, width) uint8`` and the mask, ``(m, words)`` or ``(m, c, words)``.

    Raises:
        ProtocolError: The blocks are not of the one form.
    """
    return _answers(public, layout, "sums", columns, d, xof, masked=masked, outputs=outputs)


def forward(
    public: PublicKey,
    layout: Layout,
    columns: Bytes | NDArray[np.uint32] | Blob,
    w: Words,
    xof: Xof,
    *,
    masked: bool = True,
    outputs: range | None = None,
) -> tuple[Bytes, Words]:
    """Answer ``X·w - mask``: as `transposed`, with a layout ``scores`` and w ``(m, words)`` or ``(m, c, words)``.

    Returns:
        The message and the mask, ``(n, words)`` or ``(n, c, words)``.
    """
    return _answers(public, layout, "scores", columns, w, xof, masked=masked, outputs=outputs)


def _answers(
    public: PublicKey,
    layout: Layout,
    kind: str,
    columns: NDArray[Any] | Blob,
    vectors: Words,
    xof: Xof,
    *,
    masked: bool,
    outputs: range | None,
) -> tuple[Bytes, Words]:
    asked = range(layout.outputs) if outputs is None else outputs
    batch = vectors if vectors.ndim == 3 else vectors[:, None]
    length = layout.rows if kind == "sums" else layout.columns
    if layout.kind != kind or batch.shape[::2] != (length, layout.bits // 64):
        raise ValueError("the vectors are not of the layout's sizes")
    if len(columns) != len(asked) * layout.inner:
        raise ProtocolError(MALFORMED)
    count, ring = batch.shape[1], Ring(layout.bits)
    messages = np.empty((len(asked), count, layout.message_width), np.uint8)
    masks = []
    for number, output in enumerate(asked):
        sums = [cipher.Products(public, layout.plain) for _ in range(count)]
        first = number * layout.inner
        for start in range(0, layout.inner, cipher.MOST):
            inner = range(start, min(start + cipher.MOST, layout.inner))
            span = slice(first + inner.start, first + inner.stop)
            some = _some(columns, span)
            blocks = expand(public, layout, some) if some.dtype == np.uint8 else some
            factors = np.empty((len(inner), *blocks.shape[2:]), np.uint32)
            for v, products in enumerate(sums):
                for factor, i in zip(factors, inner, strict=True):
                    _multiplier(layout, batch[:, v], i, factor)
                products.add(blocks, factors)
        size, kept = layout.size(output), []
        for v, products in enumerate(sums):
            own = xof.fork("answer", output, v)
            rows = integers(layout.bits, layout.opened, own) if masked else np.zeros((1, layout.opened), np.uint32)
            messages[number, v] = products.answer(layout.positions, unsigned(rows), own)
            kept.append(_taken_off(ring, rows)[:size] if masked else np.zeros((size, ring.words), np.uint64))
        masks.append(np.stack(kept, axis=1))
    mask = np.concatenate(masks)
    return messages.reshape(-1, layout.message_width), mask if vectors.ndim == 3 else mask[:, 0]


def _some(numbers: NDArray[Any] | Blob, span: slice) -> NDArray[Any]:
    return numbers.rows(span) if isinstance(numbers, Blob) else numbers[span]


def _taken_off(ring: Ring, rows: NDArray[np.uint32]) -> Words:
    """What the evaluator's share is, for integers that were added to what is opened."""
    added = np.ascontiguousarray(rows[: 2 * ring.words].T).view("<u8").astype(np.uint64, copy=False)
    return ring.sub(np.zeros_like(added), added)


def _multiplier(layout: Layout, vector: Words, inner: int, out: NDArray[np.uint32]) -> None:
    """The plain polynomial of a span of d, or of a group of w."""
    if layout.kind == "sums":
        message = signed(vector[inner * layout.span : (inner + 1) * layout.span])
    else:
        part = vector[inner * layout.group : (inner + 1) * layout.group]
        positions = (layout.group - 1 - np.arange(len(part))) * layout.span
        message = scattered(signed(part), positions, (layout.group - 1) * layout.span + 1)
    cipher.multiplier(layout.plain.degree, message, out)


def open_transposed(secret: SecretKey, layout: Layout, message: Bytes | Blob, count: int | None = None) -> Words:
    """The owner's share of ``X^T d``: ``(m, words)``, or ``(m, c, words)`` where `count` says c.

    Raises:
        ProtocolError: The message is not of the one form.
    """
    return _open(secret, layout, message, count)


def open_forward(secret: SecretKey, layout: Layout, message: Bytes | Blob, count: int | None = None) -> Words:
    """The owner's share of ``X·w``: ``(n, words)``, or ``(n, c, words)`` where `count` says c.

    Raises:
        ProtocolError: The message is not of the one form.
    """
    return _open(secret, layout, message, count)


def _open(secret: SecretKey, layout: Layout, message: Bytes | Blob, count: int | None) -> Words:
    many = 1 if count is None else count
    if len(message.shape) != 2 or len(message) != layout.outputs * many:
        raise ProtocolError(MALFORMED)
    plain, out = layout.plain, []
    for output in range(layout.outputs):
        shares = []
        for row in _some(message, slice(output * many, (output + 1) * many)):
            residues = cipher.phase(secret, plain, row, layout.positions, layout.opened)
            primes = plain.degree.primes[: plain.degree.kept]
            shares.append(words(residues, primes, layout.bits, plain.degree.dropped)[: layout.size(output)])
        out.append(np.stack(shares, axis=1))
    opened = np.concatenate(out)
    return opened if count is not None else opened[:, 0]
