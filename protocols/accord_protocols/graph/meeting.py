"""Which texts two parties have in common, told to the one who asks: an OPRF by Diffie-Hellman, question by question.

The asker hashes its texts to a group and multiplies those of a question by a scalar b; the other one multiplies by its
own a, and, where only their number may be known, shuffles each question (De Cristofaro, Gasti, Tsudik, CANS 2012). It
also sends a table: for each of its entries a tag of H(text)·a, and perhaps the entry's vertex under a mask that follows
from the same point. What fills the table up is random, as tags are to whoever cannot compute them.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, repeat

import numpy as np
from numpy.typing import NDArray

from accord_protocols.graph.neighbourhoods import PLACE, TAG
from accord_protocols.primitives.psi.groups import Group
from accord_protocols.primitives.psi.tags import find
from accord_protocols.primitives.xof import Xof

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]


def blind(group: Group, questions: list[list[bytes]], domain: bytes, xof: Xof) -> Bytes:
    """All texts, question after question, under a scalar of each question: ``(texts, width) uint8``.

    Args:
        group: Where.
        questions: Of equally many texts each.
        domain: Of the session, up to 200 bytes.
        xof: Draws the scalars; keep an equal one for `opened`.
    """
    scalars = (repeat(group.random_scalar(xof), len(question)) for question in questions)
    return group.multiply_each(chain.from_iterable(scalars), _hashed(group, chain.from_iterable(questions), domain))


def evaluated(group: Group, key: bytes, numbers: Bytes, each: int, shuffle: Xof | None) -> Bytes:
    """Blinded points times the own key, in a new order within each question where they are to be counted alone.

    Raises:
        ProtocolError: A point is not acceptable.
    """
    products = group.multiply(key, numbers)
    if shuffle is None:
        return products
    order = [first + shuffle.permutation(each) for first in range(0, len(products), each)]
    return products[np.concatenate(order)]


def table(
    group: Group, key: bytes, own: tuple[list[bytes], Ints, Ints], shape: tuple[int, int], domain: bytes, xof: Xof
) -> Bytes:
    """The own entries, filled up and in an order that says nothing.

    Args:
        group: Where.
        key: The own scalar.
        own: Texts, each once; of each entry its text, and its vertex.
        shape: Entries and bytes of the table.
        domain: As the asker's.
        xof: Draws what fills it up.
    """
    texts, which, whose = own
    points = group.multiply(key, _hashed(group, texts, domain)) if texts else np.zeros((0, group.width), np.uint8)
    repeats = _occurrences(which)
    found = np.frombuffer(xof.bytes(shape[0] * shape[1]), np.uint8).reshape(shape).copy()
    for entry, (text, number, place) in enumerate(zip(which.tolist(), repeats, whose.tolist(), strict=True)):
        tag, mask = _tag(group, domain, points[text].tobytes(), number)
        found[entry, :TAG] = np.frombuffer(tag, np.uint8)
        if shape[1] > TAG:
            masked = int.from_bytes(mask, "big") ^ place
            found[entry, TAG:] = np.frombuffer(masked.to_bytes(PLACE, "big"), np.uint8)
    return found[np.lexsort(found.T[::-1])]


def opened(group: Group, numbers: Bytes, questions: int, entries: Bytes, domain: bytes, xof: Xof) -> Ints:
    """The asker: which entries its questions meet.

    Args:
        group: Where.
        numbers: Evaluated points ``(texts, width)``.
        questions: How many there are.
        entries: The other party's table.
        domain: As in `blind`.
        xof: Equal to the one of `blind`.

    Returns:
        ``(met, 2)``: the question, and the vertex where the table has them, else −1.

    Raises:
        ProtocolError: A point is not acceptable.
    """
    each = len(numbers) // questions
    inverses = (_inverse(group, group.random_scalar(xof)) for _ in range(questions))
    points = group.multiply_each(chain.from_iterable(repeat(scalar, each) for scalar in inverses), numbers)
    met, names, number = list[tuple[int, int]](), entries.shape[1] > TAG, 0
    left, tags = np.arange(len(points)), np.ascontiguousarray(entries[:, :TAG])
    while len(left):  # the next entry of the same text, until there is none
        own = [_tag(group, domain, points[k].tobytes(), number) for k in left.tolist()]
        at = find(tags, np.frombuffer(b"".join(tag for tag, _ in own), np.uint8).reshape(-1, TAG))
        for k, place, (_, mask) in zip(left.tolist(), at.tolist(), own, strict=True):
            if place >= 0:
                hidden = int.from_bytes(entries[place, TAG:].tobytes(), "big") ^ int.from_bytes(mask, "big")
                met.append((k // each, hidden if names else -1))
        left, number = left[at >= 0], number + 1
    return np.array(sorted(met), np.int64).reshape(-1, 2)


def _hashed(group: Group, texts: Iterable[bytes], domain: bytes) -> Bytes:
    hashed = b"".join(group.hash_to_group(text, group.dst + domain) for text in texts)
    return np.frombuffer(hashed, np.uint8).reshape(-1, group.width)


def _tag(group: Group, domain: bytes, point: bytes, number: int) -> tuple[bytes, bytes]:
    """The tag of the n-th entry of a text, and what hides its vertex."""
    found = group.suite.digest(b"accord graph tag", domain, point, str(number).encode())
    return found[:TAG], found[TAG : TAG + PLACE]


def _occurrences(which: Ints) -> list[int]:
    """Of each entry how many before it have the same text."""
    seen, found = dict[int, int](), list[int]()
    for text in which.tolist():
        found.append(seen.get(text, 0))
        seen[text] = found[-1] + 1
    return found


def _inverse(group: Group, scalar: bytes) -> bytes:
    return pow(int.from_bytes(scalar, group.byteorder), -1, group.order).to_bytes(32, group.byteorder)
