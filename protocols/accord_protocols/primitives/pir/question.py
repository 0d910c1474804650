"""Questions, answers, and what stands in them.

A question is ``A·s + e + 2^24·u``, u with a 1 at the three slots of the wanted key: learning with errors, so that it
looks like random numbers whatever is wanted, and has one length. The answer is its product with the whole table.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.pir import loops
from accord_protocols.primitives.pir.gaussian import gaussian
from accord_protocols.primitives.pir.layout import Layout
from accord_protocols.primitives.pir.matrix import Words, masked, unmask
from accord_protocols.primitives.pir.parameters import DIMENSION, PLAIN_BITS, SCALE, SIGMA
from accord_protocols.primitives.pir.sealing import Tags, groups_of, unseal
from accord_protocols.primitives.xof import Xof

_HALF = SCALE // 2
_SHIFT = np.uint32(SCALE.bit_length() - 1)
Salts = NDArray[np.uint8]
_BLOCK = 512  # rows of the table at a time: sums of numpy's way stay below 2^47, and fit the cache


def ask(layout: Layout, seed: bytes, setup: bytes, salts: Salts, tags: Tags, xof: Xof) -> Words:
    """A question for each tag, ``(n, layout.rows)``; secrets and errors are drawn for it alone.

    Args:
        layout: Of the table.
        seed: Of the public matrix.
        setup: 32 bytes, of this table alone.
        salts: ``(groups, 16)``.
        tags: ``(n, 32)``: the OPRF of the wanted keys.
        xof: Draws secrets and errors; `read` needs an equal one.
    """
    count = len(tags)
    secrets = np.stack([_secret(xof, k) for k in range(count)])
    errors = np.stack([gaussian(layout.rows, xof.fork("error", k)) for k in range(count)])
    found = masked(seed, layout.rows, secrets, errors)
    for k, group in enumerate(groups_of(tags, setup, layout.groups).tolist()):
        slots = layout.geometry.positions(tags[k : k + 1], salts[group].tobytes())[0]
        found[k, slots] += np.uint32(SCALE)
    return found


def answer(layout: Layout, table: Tags, questions: Words) -> Words:
    """The answers, ``(n, groups · width)``.

    Args:
        layout: Of the table.
        table: ``(groups · rows, width) uint8``, the groups' filters after one another.
        questions: ``(n, rows)``.
    """
    found = np.zeros((layout.groups, len(questions), layout.width), np.uint32)
    signed = table.view(np.int8).reshape(layout.groups, layout.rows, layout.width)
    fast = loops.compiled()
    turned = np.ascontiguousarray(questions.T) if fast is not None else questions
    for group in range(layout.groups):
        if fast is not None:
            fast.accumulate(turned, signed[group], found[group])
        else:
            _accumulate(questions, signed[group], found[group])
    return np.ascontiguousarray(found.transpose(1, 0, 2)).reshape(len(questions), -1)


def _accumulate(questions: Words, table: NDArray[np.int8], out: Words) -> None:
    """The same as the compiled loop, by exact products of doubles."""
    block = np.empty((_BLOCK, table.shape[1]))
    for start in range(0, len(table), _BLOCK):
        part = table[start : start + _BLOCK]
        np.copyto(block[: len(part)], part)
        left = questions[:, start : start + _BLOCK].view(np.int32).astype(np.float64)
        out += (left @ block[: len(part)]).astype(np.int64).astype(np.uint32)


def read(
    layout: Layout, setup: bytes, tag: bytes, hints: Words, answered: Words, xof: Xof, number: int
) -> bytes | None:
    """The value of one tag; None where its key is not there.

    Args:
        layout: Of the table.
        setup: 32 bytes, of this table alone.
        tag: The OPRF of the key, 32 bytes.
        hints: ``(width, 1408)``: those of the tag's group.
        answered: ``(width,)``: the answer's part of that group.
        xof: Equal to the one that `ask` was given.
        number: Of the question among those.
    """
    noisy = answered - unmask(hints, _secret(xof, number))
    found = ((noisy + np.uint32(_HALF)) >> _SHIFT).astype(np.uint8)
    return unseal(tag, setup, found.tobytes())


def _secret(xof: Xof, number: int) -> NDArray[np.int64]:
    return gaussian(DIMENSION, xof.fork("secret", number))


def margin(layout: Layout) -> float:
    """How many standard deviations of an answer's error lie between the right value and a wrong one."""
    entry = ((1 << 2 * PLAIN_BITS) - 1) / 12 + 0.25  # the mean square of a uniform byte in [-128, 128)
    return float(_HALF / (SIGMA * (layout.rows * entry) ** 0.5))
