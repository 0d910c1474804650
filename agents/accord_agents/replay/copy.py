"""A private copy of a journal: what is replayed is what stood there at one moment, whoever works on the file."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from accord_agents.files.folder_lock import running
from accord_schemas.errors import AccordError, TamperError, UsageError

_TRIES = 20


@contextlib.contextmanager
def copied(journal: Path) -> Iterator[Path]:
    """The path of a copy, which is removed in the end; nothing is ever written beside the original.

    Errors that are raised while it is in use name the original.

    Raises:
        UsageError: There is no journal, or it cannot be read.
        TamperError: SQLite cannot make sense of it.
    """
    if not journal.is_file():
        raise UsageError(f"there is no journal {journal}.", hint="Name a party's folder, or that of a run.")
    with tempfile.TemporaryDirectory(prefix="accord-replay-") as folder:
        copy = Path(folder) / journal.name
        try:
            if running(journal.parent):
                _backup(journal, copy)
            else:
                _copy(journal, copy)
        except sqlite3.DatabaseError as error:
            raise damaged(journal, error) from None
        except OSError as error:
            raise UsageError(f"the journal {journal} cannot be copied to {folder}: {error.strerror}.") from None
        try:
            yield copy
        except sqlite3.Error as error:
            raise damaged(journal, error) from None
        except AccordError as error:
            error.message = error.message.replace(str(copy), str(journal))
            raise


def damaged(journal: Path, error: Exception) -> TamperError:
    """The error for a file that cannot be understood."""
    return TamperError(f"the journal {journal} is damaged: {error}.", hint="Restore it from a backup.")


def _backup(journal: Path, copy: Path) -> None:
    """From under a running agent, whose -wal and -shm files are there already."""
    with (
        contextlib.closing(sqlite3.connect(f"{journal.absolute().as_uri()}?mode=ro", uri=True, timeout=30)) as source,
        contextlib.closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)


def _copy(journal: Path, copy: Path) -> None:
    """Of a file at rest; opened by SQLite it would get new files beside it, and lose a -wal that it has."""
    parts = [(path, copy.with_name(path.name)) for path in (journal, journal.with_name(journal.name + "-wal"))]
    for _ in range(_TRIES):
        before = [_state(source) for source, _ in parts]
        for source, target in parts:
            target.unlink(missing_ok=True)
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(source, target)
        if before == [_state(source) for source, _ in parts]:
            return
        time.sleep(0.05)
    raise AccordError(f"the journal {journal} changes all the time.", hint="Replay it again.", retry=True)


def _state(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_size
