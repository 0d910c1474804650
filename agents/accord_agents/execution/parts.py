"""What is done of a job, kept part by part while it runs: an agent that died goes on with the parts that are missing.

A part is a file, encrypted as blobs are and bound to all that its result follows from. One that is cut short, or that
belongs to other work, is done again; so none has to be durable, and a part that is soon done again is not kept at all.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from cryptography.exceptions import InvalidTag

from accord_agents.execution.blobs import BlobStore, nonce
from accord_schemas.address import Address
from accord_schemas.blob import Blob
from accord_schemas.blocks import decode_fields, encode_fields
from accord_schemas.canonical import canonical_json, digest
from accord_schemas.errors import StorageError
from accord_schemas.payload import raw

WORTH = 0.25
"""Processor seconds of work from which on a part is kept: some tens of times what keeping it costs."""
_FOLDER, _SALT = "parts", 16


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one job that are done.

    Args:
        store: Whose key and folder they share.
        job: The job's address.
        about: Digest of what the results follow from, see `bound`.
        worth: Processor seconds of work from which on a part is kept.
    """

    store: BlobStore
    job: Address
    about: bytes = field(default=b"", repr=False)
    worth: float = WORTH

    @property
    def folder(self) -> Path:
        """Theirs alone, made when the first one is kept."""
        return self.store.folder / _FOLDER / digest(b"accord parts", *self.job).hex()

    def bound(self, task: str, inputs: Mapping[str, Any], *further: bytes | str) -> Parts:
        """Those of this very work: by the task's name, its inputs, and what else its result follows from."""
        return replace(self, about=digest(b"accord part of", task, *_facts(inputs), *further))

    def find(self, number: int) -> dict[str, Any] | None:
        """The fields of a part that is done; None where it has to be done."""
        try:
            data = (self.folder / str(number)).read_bytes()
            cipher = self.store.cipher(data[:_SALT])
            return decode_fields(cipher.decrypt(nonce(0, kind=1), data[_SALT:], self._named(number)))
        except (FileNotFoundError, InvalidTag):
            return None

    def keep(self, number: int, fields: Mapping[str, Any]) -> None:
        """Keep a part that was done.

        Raises:
            StorageError: The disk is full or cannot be written.
        """
        salt, path = os.urandom(_SALT), self.folder / str(number)
        encrypted = self.store.cipher(salt).encrypt(nonce(0, kind=1), encode_fields(fields), self._named(number))
        unfinished = path.with_name(f"{secrets.token_hex(8)}.part")
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(salt)
                file.write(encrypted)
            unfinished.replace(path)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            raise StorageError(f"{path} cannot be written: {error.strerror}.", hint="Free space, then go on.") from None

    def discard(self) -> None:
        """The job's result is kept, and its parts are of no use any more."""
        shutil.rmtree(self.folder, ignore_errors=True)
        with contextlib.suppress(OSError):  # of other jobs there are some, or there never were any
            self.folder.parent.rmdir()

    def _named(self, number: int) -> bytes:
        return digest(b"accord part", self.about, str(number))


def tidy(store: BlobStore, jobs: Iterable[Address]) -> None:
    """Leave the parts of these jobs alone, and remove all others."""
    wanted = {Parts(store, job).folder for job in jobs}
    for folder in (store.folder / _FOLDER).glob("*"):
        if folder not in wanted:
            shutil.rmtree(folder, ignore_errors=True)


def _facts(value: Any) -> Iterator[bytes | str]:
    """What tells a value from any other, however it is held."""
    if isinstance(value, Mapping):
        for name in sorted(value):
            yield from (name, *_facts(value[name]), "")
    elif isinstance(value, list | tuple):
        yield f"{len(value)} of"
        for one in value:
            yield from _facts(one)
    elif isinstance(value, Blob):
        yield from (value.dtype, str(value.shape), value.digest)
    elif isinstance(value, np.ndarray):
        yield from (value.dtype.str, str(value.shape), digest(bytes(raw(value))))
    else:
        yield value if isinstance(value, bytes) else canonical_json(value)
