"""What makes files durable."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from accord_schemas.errors import AccordError


def written(path: Path, pieces: Iterable[bytes]) -> None:
    """Replace a file as a whole, mode 0600, on disk when this returns.

    Raises:
        AccordError: It cannot be written; what stood there before still does.
    """
    temporary = path.with_name(path.name + ".new")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        settle(path.parent)
    except OSError as error:
        hint = "Free space or change rights, then go on: nothing is lost."
        raise AccordError(f"{path} cannot be written: {error.strerror}.", hint=hint) from None


def settle(folder: Path) -> None:
    """Make durable what was made or renamed in a folder."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
