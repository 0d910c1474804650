"""User ids: the one form in which they are compared, hashed and committed to."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from accord_protocols.primitives.psi.text_order import Worded, in_parts
from accord_schemas.canonical import canonical_json, framed
from accord_schemas.errors import UsageError

if TYPE_CHECKING:  # a worker that hashes ids is spared the library that checks agreements
    from accord_schemas.agreement import Step

MAX_ID_BYTES = 1024


_STEPS: Mapping[Step, Callable[[str], str]] = {
    "trim": str.strip,
    "lower": str.lower,
    "spaces": lambda text: " ".join(text.split()),
    "digits": lambda text: "".join(filter(str.isdecimal, text)),
    "alphanumeric": lambda text: "".join(filter(str.isalnum, text)),
}


@dataclass(frozen=True, slots=True)
class Key:
    """Which columns an id is made of, in their order, and what is done to each.

    Args:
        columns: Their names.
        normalise: What was agreed on, see `accord_schemas.agreement.Ids`.
    """

    columns: tuple[str, ...]
    normalise: tuple[Step, ...] = ()

    def __str__(self) -> str:
        return ", ".join(map(repr, self.columns))


def normalise(text: str) -> str:
    """`text` in Unicode form NFKC without surrounding white space; digits stay text, so ``007`` is not ``7``.

    Raises:
        UsageError: Nothing is left, or more than `MAX_ID_BYTES` bytes of UTF-8.
    """
    identifier = unicodedata.normalize("NFKC", text).strip()
    if not identifier:
        raise UsageError("an id is empty.", hint="Give every row an id, or leave the row out.")
    return _bounded(identifier)


def evened(identifier: str, steps: Sequence[Step]) -> str:
    """A normalised id after what else the parties have agreed on, see `accord_schemas.agreement.Ids`; may be empty."""
    for step in steps:
        identifier = unicodedata.normalize("NFKC", _STEPS[step](identifier)).strip()
    return identifier


def joined(parts: Sequence[str]) -> str:
    """One id of several normalised columns: each behind its length in characters, so that no two rows are joined alike.

    ``("DE", "12")`` gives ``2:DE2:12``; ``("DE2", ":12")`` another one, which a comma between them would not see to.

    Raises:
        UsageError: More than `MAX_ID_BYTES` bytes of UTF-8.
    """
    return _bounded("".join(f"{len(part)}:{part}" for part in parts))


def _bounded(identifier: str) -> str:
    if len(identifier.encode()) > MAX_ID_BYTES:
        private = f"It begins with {identifier[:20]!r}."
        raise UsageError(f"an id is longer than {MAX_ID_BYTES} bytes.", hint="Shorten it.", private=private)
    return identifier


def is_test(identifier: str, modulus: int, equals: int) -> bool:
    """Whether a normalised id belongs to the TEST rows: the first 8 hex digits of its SHA-256, modulo, are `equals`."""
    return int(hashlib.sha256(identifier.encode()).hexdigest()[:8], 16) % modulus == equals


def commitment(ids: Sequence[str], salt: bytes, columns: Iterable[str] = ()) -> bytes:
    """A hiding and binding digest (32 bytes) of the *sets* of ids and columns; order and repetitions do not matter.

    Args:
        ids: Normalised ids.
        salt: 32 secret bytes; whoever knows them can test guesses.
        columns: Names of the columns.
    """
    h = hashlib.sha256()
    for part in framed(b"accord id set", salt, canonical_json(sorted(set(columns)))):
        h.update(part)
    # of a snapshot, whose ids are there once each, with no object per id
    if isinstance(ids, Worded):
        parts = chain.from_iterable(map(ids.framed, in_parts(ids, np.arange(len(ids)))))
    else:
        parts = chain.from_iterable(map(framed, sorted({identifier.encode() for identifier in ids})))
    for part in parts:
        h.update(part)
    return h.digest()
