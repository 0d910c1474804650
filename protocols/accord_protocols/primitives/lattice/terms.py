"""Sums of products, row by row: shares of ``Σ_j a[i, j]·b[i, j]`` in Z_2^128, a at the key's owner and b elsewhere.

One encryption of a serves any number of b. A number stands in a slot: a polynomial modulo a prime that splits x^N + 1
is its values, and products of polynomials are products of values. Each pair of such primes is the plaintext modulus of
ciphertexts of its own; together they hold integers: nothing is reduced modulo the ring before a sum is masked with 40
statistical bits more than it has. (Shares modulo 60 bits that are lifted afterwards fail once in 2^21.6.) The mask is
uniform on all that the pairs hold but 2^-42 of it, so that ciphertexts whose pairs contradict each other tell nothing.

Where n is small, terms of the same row fill the slots beside it, and the shares of its partial sums are added.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.lattice import cipher
from accord_protocols.primitives.lattice.keys import Bytes, PublicKey, SecretKey
from accord_protocols.primitives.lattice.packing import MALFORMED
from accord_protocols.primitives.lattice.parameters import SMALL, STATISTICAL_BITS, Plain, flooded, ntt_primes
from accord_protocols.primitives.lattice.remainders import modulo, words
from accord_protocols.primitives.lattice.residues import Integers, signed, unsigned
from accord_protocols.primitives.lattice.sampling import below
from accord_protocols.primitives.lattice.slots import Slots
from accord_protocols.primitives.ring import Ring
from accord_protocols.primitives.xof import Xof
from accord_schemas.errors import ProtocolError

Words = NDArray[np.uint64]
_RING = Ring(128)
_MOST_PAIRS = 8


@dataclass(frozen=True)
class Terms:
    """The sizes of such a sum.

    Args:
        rows: n, at least 1.
        terms: J of a row, at least 1.
        bits: Every partial sum is below 2^bits in absolute value: 46 for a Fourier sigmoid, 256 for a product of ring
            elements.
        outputs: How many sums may be opened in a whole run: 40 bits of statistical security are for all of them.

    Raises:
        ValueError: Numbers so large have no parameters.
    """

    rows: int
    terms: int
    bits: int = 46
    outputs: int = 1 << 20

    def __post_init__(self) -> None:
        if self.pairs > _MOST_PAIRS:
            raise ValueError("sums of so many bits have no lattice parameters")

    @cached_property
    def spans(self) -> int:
        """Spans of rows, as even as possible."""
        return -(-self.rows // SMALL.size)

    @cached_property
    def span(self) -> int:
        """Rows of a span."""
        return -(-self.rows // self.spans)

    @cached_property
    def polynomials(self) -> int:
        """Into which the terms of a span of rows are divided."""
        return -(-self.terms // (SMALL.size // self.span))

    @cached_property
    def group(self) -> int:
        """Terms of a row in one polynomial."""
        return -(-self.terms // self.polynomials)

    @cached_property
    def pairs(self) -> int:
        """Pairs of primes that hold mask and sum."""
        hidden = self.bits + 1 + STATISTICAL_BITS + (self.outputs * self.group - 1).bit_length()
        pairs = 1
        while math.prod(ntt_primes(SMALL.size, 2 * pairs, SMALL.count)) >> 1 < 1 << hidden:
            pairs += 1
        return pairs

    @cached_property
    def masks(self) -> int:
        """How many masks there are of a slot: with a sum of either sign they are what `remainders` takes."""
        room = math.prod(prime for slots in self.slots for prime in slots.primes)
        values = room - (room >> 42) - (1 << self.bits + 1)
        low = 32 * (-(-values.bit_length() // 32) - 2)
        return values >> low << low

    @cached_property
    def slots(self) -> tuple[Slots, ...]:
        """The pairs."""
        primes = ntt_primes(SMALL.size, 2 * self.pairs, SMALL.count)
        return tuple(Slots(SMALL.size, *primes[i : i + 2]) for i in range(0, len(primes), 2))

    @property
    def blocks(self) -> int:
        """Rows of the encrypted array: by span, polynomial and pair."""
        return self.spans * self.polynomials * self.pairs

    @property
    def width(self) -> int:
        """Bytes of an encrypted block."""
        return cipher.block_width(SMALL)

    @property
    def messages(self) -> int:
        """Answers to one b: by span and pair."""
        return self.spans * self.pairs

    @property
    def message_width(self) -> int:
        """Bytes of an answer."""
        return cipher.answer_width(SMALL, SMALL.size)

    def plain(self, pair: int) -> Plain:
        """What a pair's ciphertexts hold."""
        return flooded(SMALL, self.slots[pair].modulus)

    def part(self, span: int) -> slice:
        """The rows of a span."""
        return slice(span * self.span, min((span + 1) * self.span, self.rows))


def pieces(rows: int) -> tuple[slice, ...]:
    """Rows that fill the slots of a polynomial, as even as possible: sums of their own, so that one piece is multiplied
    while the next is encrypted."""
    size = -(-rows // -(-rows // SMALL.size)) if rows else 1
    return tuple(slice(at, min(at + size, rows)) for at in range(0, max(rows, 1), size))


def encrypt_terms(
    secret: SecretKey, terms: Terms, a: NDArray[np.int64] | Words, xof: Xof, blocks: range | None = None
) -> Bytes:
    """The owner's numbers.

    Args:
        secret: The owner's.
        terms: Sizes.
        a: ``(n, J) int64``, or ``(n, J, 2) uint64``: ring elements, taken as signed integers.
        xof: Draws errors. Which blocks are asked for makes no difference to their bytes.
        blocks: Which ones, where a part of the work is done; all by default.

    Returns:
        ``(len(blocks), terms.width) uint8``.
    """
    if a.shape[:2] != (terms.rows, terms.terms):
        raise ValueError("the numbers are not of the agreed sizes")
    asked = range(terms.blocks) if blocks is None else blocks
    out = np.empty((len(asked), terms.width), np.uint8)
    for row, block in zip(out, asked, strict=True):
        at, pair = divmod(block, terms.pairs)
        message = terms.slots[pair].polynomial(signed(_laid(terms, a, *divmod(at, terms.polynomials))))
        row[:] = cipher.encrypt(secret, terms.plain(pair), message, xof.fork("block", block))
    return out


def _laid(terms: Terms, numbers: NDArray[Any], span: int, polynomial: int) -> NDArray[Any]:
    """Some terms of a span of rows in the order of slots."""
    cell = numbers[terms.part(span), polynomial * terms.group : (polynomial + 1) * terms.group]
    laid = np.zeros((SMALL.size, *cell.shape[2:]), cell.dtype)
    table = laid[: terms.group * terms.span].reshape(terms.group, terms.span, *cell.shape[2:])
    table[: cell.shape[1], : len(cell)] = np.moveaxis(cell, 1, 0)
    return laid


def multiply_terms(
    public: PublicKey, terms: Terms, encrypted: Bytes, b: NDArray[np.int64] | Words, xof: Xof
) -> tuple[Bytes, Words]:
    """Answer ``Σ_j a·b - mask`` for several b.

    Args:
        public: The key of a's owner.
        terms: Sizes.
        encrypted: From `encrypt_terms`, all blocks; some at a time are expanded.
        b: ``(c, n, J) int64``, or ``(c, n, J, 2) uint64``.
        xof: Draws masks, flooding and randomisation; used for nothing else.

    Returns:
        The message ``(messages, width) uint8`` and the mask ``(c, n, 2) uint64``; of several b, one after another.

    Raises:
        ProtocolError: The encrypted numbers are not of the one form.
    """
    if b.shape[1:3] != (terms.rows, terms.terms):
        raise ValueError("the numbers are not of the agreed sizes")
    if len(encrypted) != terms.blocks:
        raise ProtocolError(MALFORMED)
    messages = np.empty((len(b), terms.spans, terms.pairs, terms.message_width), np.uint8)
    masks = np.empty((len(b), terms.rows, 2), np.uint64)
    for span in range(terms.spans):
        sums = [[cipher.Products(public, terms.plain(pair)) for pair in range(terms.pairs)] for _ in b]
        for start in range(0, terms.polynomials, cipher.MOST):
            some = range(start, min(start + cipher.MOST, terms.polynomials))
            first, last = ((span * terms.polynomials + at) * terms.pairs for at in (some.start, some.stop))
            parts = (encrypted[first + pair : last : terms.pairs] for pair in range(terms.pairs))
            blocks = [cipher.expand(public, SMALL, part) for part in parts]
            for numbers, products in zip(b, sums, strict=True):
                factors = np.empty((terms.pairs, len(some), SMALL.count, SMALL.size), np.uint32)
                for place, polynomial in enumerate(some):
                    rows = signed(_laid(terms, numbers, span, polynomial))
                    for pair, slots in enumerate(terms.slots):
                        cipher.multiplier(SMALL, slots.polynomial(rows), factors[pair, place])
                for pair, product in enumerate(products):
                    product.add(blocks[pair], factors[pair])
        for number, products in enumerate(sums):
            own = xof.fork("answer", number, span)
            drawn = unsigned(below(terms.masks, SMALL.size, own))
            hidden = Integers(drawn.rows, drawn.weights, -(terms.masks // 2))
            for pair, slots in enumerate(terms.slots):
                mask = slots.polynomial(hidden)
                messages[number, span, pair] = products[pair].answer(slice(None), mask, own.fork("pair", pair))
            masks[number, terms.part(span)] = _added(terms, _negative(hidden), span)
    return messages.reshape(-1, terms.message_width), masks


def _negative(hidden: Integers) -> Words:
    """Of integers by words and an offset, in the ring."""
    rows = np.zeros((4, hidden.rows.shape[1]), np.uint32)
    rows[: min(4, len(hidden.rows))] = hidden.rows[:4]
    added = np.ascontiguousarray(rows.T).view("<u8").astype(np.uint64, copy=False)
    return _RING.sub(_RING.from_ints([-hidden.offset]), added)


def _added(terms: Terms, shares: Words, span: int) -> Words:
    """The shares of a row's slots, added: ``(rows of the span, 2)``."""
    table = shares[: terms.group * terms.span].reshape(terms.group, terms.span, 2)
    total: Words = table[0]
    for more in table[1:]:
        total = _RING.add(total, more)
    part = terms.part(span)
    return total[: part.stop - part.start]


def open_terms(secret: SecretKey, terms: Terms, message: Bytes) -> Words:
    """The owner's shares, ``(c, n, 2) uint64``.

    Raises:
        ProtocolError: The message is not of the one form.
    """
    if message.ndim != 2 or len(message) % terms.messages or message.shape[1] != terms.message_width:
        raise ProtocolError(MALFORMED)
    answers = message.reshape(-1, terms.spans, terms.pairs, terms.message_width)
    out = np.empty((len(answers), terms.rows, 2), np.uint64)
    kept = SMALL.primes[: SMALL.kept]
    for number, span in np.ndindex(*answers.shape[:2]):
        values = np.empty((terms.pairs, 2, SMALL.size), np.uint32)
        for pair, slots in enumerate(terms.slots):
            plain = terms.plain(pair)
            residues = cipher.phase(secret, plain, answers[number, span, pair], slice(None), SMALL.size)
            for i, prime in enumerate(slots.primes):
                values[pair, i] = slots.values(i, modulo(residues, kept, prime, SMALL.dropped))
        primes = tuple(prime for slots in terms.slots for prime in slots.primes)
        shares = words(values.reshape(len(primes), SMALL.size), primes, 128)
        out[number, terms.part(span)] = _added(terms, shares, span)
    return out
