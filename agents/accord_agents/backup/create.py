"""Making a backup, while the agent runs or not: everything that a party needs but its data file and its passphrase."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from accord_agents.backup.stream import CHUNK, StreamWriter
from accord_agents.config.party_file import Config, load
from accord_agents.files.durable import settle
from accord_agents.journal.journal import Journal
from accord_agents.journal.rows import stamp
from accord_agents.security.keystore import Keystore, memory
from accord_agents.security.passphrase import passphrase
from accord_schemas.errors import AccordError, UsageError

LEFT_OUT = ("agent.lock", "agent.log", "agent.pid", "journal.db", "journal.db-shm", "journal.db-wal")
"""Of the party's folder; the journal is copied as of one moment."""
NEEDED = ("out/journal.db", "keystore", "identities")
"""Without which a backup would be none."""


def backup(path: Path, file: Path) -> str:
    """Write a party's encrypted backup; says what it holds.

    Args:
        path: The party's configuration.
        file: A new file.

    Raises:
        UsageError: The file exists, or the passphrase is not the keystore's.
        AccordError: It cannot be written; nothing is left behind.
    """
    config = load(path)
    word = passphrase(config.passphrase_file)
    Keystore.open(config.keystore, word)
    if file.exists():
        raise UsageError(f"{file} exists.", hint="Name a new file; keep the older ones until it is safe elsewhere.")
    if file.resolve().is_relative_to(config.out.resolve()):
        raise UsageError(f"{file} would be lost together with {config.out}.", hint="Name a file elsewhere.")
    part = file.with_name(file.name + ".part")
    copy = config.out / "journal.db.part"  # in clear, and so where the journal is, not where backups go
    try:
        manifest = {"made": stamp(), "accord": version("accord"), "config": described(config, path.resolve().parent)}
        count = _write(config, manifest, word, part, copy)
        part.replace(file)
        settle(file.parent)
    except OSError as error:
        hint = "Free space or change rights, then make it again."
        where = error.filename or file
        raise AccordError(f"the backup {file} cannot be written: {where}: {error.strerror}.", hint=hint) from None
    finally:
        part.unlink(missing_ok=True)
        copy.unlink(missing_ok=True)
    return f"{config.party}: {count} files, {file.stat().st_size} bytes, encrypted in {file}"


def _write(config: Config, manifest: dict[str, Any], word: bytes, part: Path, copy: Path) -> int:
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        with StreamWriter(out, word) as encrypted:
            body = json.dumps(manifest, sort_keys=True).encode()
            _head(encrypted, "manifest", len(body))
            encrypted.write(body)
            count = 0
            # the journal first: what it refers to is durable before its rows are, and so is in what is copied later
            for name, source in _files(config, copy):
                count += _add_file(encrypted, name, source)
            encrypted.write(bytes(2))
        out.flush()
        os.fsync(out.fileno())
    return count


def _files(config: Config, copy: Path) -> Iterator[tuple[str, Path]]:
    """(name in the backup, file), in the order in which they are to be read."""
    if config.journal.exists():
        journal = Journal(config.journal)
        try:
            copy.unlink(missing_ok=True)
            copy.touch(0o600, exist_ok=False)
            journal.copy(copy)
        finally:
            journal.close()
        yield "out/journal.db", copy
    yield "keystore", config.keystore
    rows = sorted(memory(config.keystore).glob("*.rows"))
    yield from ((f"rows/{path.name}", path) for path in rows)
    if config.identities.exists():
        yield "identities", config.identities
    log = config.broker.removeprefix("embedded:")
    apart = {p.resolve() for p in (config.keystore, config.identities, config.passphrase_file, copy) if p is not None}
    apart |= {p.resolve() for p in rows}
    for source in sorted(p for p in config.out.rglob("*") if p.is_file() and not p.is_symlink()):
        name = source.relative_to(config.out).as_posix()
        temporary = source.suffix in (".new", ".part")
        if name in LEFT_OUT or temporary or source.resolve() in apart or str(source).startswith(log):
            continue
        yield f"out/{name}", source


def _add_file(encrypted: StreamWriter, name: str, source: Path) -> bool:
    """Every file but the journal is replaced as a whole when it changes, so that an open one is of one piece; or it is
    only appended to, and holds what the journal named a moment before."""
    try:
        file = source.open("rb")
    except FileNotFoundError:
        if name in NEEDED:
            raise
        return False  # erased meanwhile
    with file:
        left = os.fstat(file.fileno()).st_size
        _head(encrypted, name, left)
        while left:
            body = file.read(min(left, CHUNK))
            if not body:
                raise AccordError(f"{source} changed while it was read.", hint="Make the backup again.", retry=True)
            encrypted.write(body)
            left -= len(body)
    return True


def _head(encrypted: StreamWriter, name: str, size: int) -> None:
    data = name.encode()
    encrypted.write(len(data).to_bytes(2, "big") + data + size.to_bytes(8, "big"))


def described(config: Config, home: Path) -> dict[str, Any]:
    """The configuration as JSON: paths of what is in the backup relative to where it goes, others as they are.

    Args:
        config: The party's.
        home: The folder of its file. What is outside gets a name in the folder that is restored.
    """
    value: dict[str, Any] = config.model_dump(mode="json", exclude_none=True)
    for name, outside in (("keystore", "keystore"), ("identities", "identities.json"), ("out", "runs")):
        path = Path(value[name]).resolve()
        value[name] = path.relative_to(home).as_posix() if path.is_relative_to(home) else outside
    if config.passphrase_file and config.passphrase_file.resolve().is_relative_to(home):
        value["passphrase_file"] = config.passphrase_file.resolve().relative_to(home).as_posix()
    return value
