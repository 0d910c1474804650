"""Putting a backup back: into a new folder, marked, so that the agent asks its peers before it says anything."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from accord_agents.backup.stream import CHUNK, StreamReader
from accord_agents.config.party_file import load
from accord_agents.files import yaml12
from accord_agents.files.durable import settle
from accord_agents.journal.journal import Journal
from accord_agents.journal.rows import stamp
from accord_agents.security.keystore import durable, memory
from accord_agents.security.passphrase import passphrase
from accord_schemas.errors import AccordError, TamperError, UsageError

MANIFEST = 1 << 20
"""Bytes of a manifest, at most."""
KEPT = ("party", "keystore", "identities", "out")
"""What another configuration does not change."""


def restore(file: Path, out: Path, path: Path | None = None) -> str:
    """Put a party's backup into a folder, with a ``party.yaml`` of its own; says how to go on.

    Args:
        file: Of `backup`.
        out: Absent or empty.
        path: A configuration whose broker, data, policy and the like count instead of those in the backup.

    Raises:
        UsageError: The folder is not empty, the passphrase is wrong, or the configuration is another party's.
        TamperError: The file was damaged; nothing is left behind.
        AccordError: The folder cannot be written; nothing is left behind.
    """
    config = load(path) if path else None
    word = passphrase(config.passphrase_file if config else None)
    out = out.absolute()
    if Path.cwd().is_relative_to(out):
        raise UsageError(f"{out} is the folder that you are in.", hint="Name a new folder with --out.")
    part = out.with_name(out.name + ".restoring")
    try:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise UsageError(f"{out} is not empty.", hint="Name a new folder with --out.")
        if not file.is_file():
            raise UsageError(f"there is no backup {file}.")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(mode=0o700, parents=True)
        with file.open("rb") as source:
            manifest = _unpack(StreamReader(source, file, word), part, file)
        value: dict[str, Any] = manifest["config"]
        if config is not None:
            if config.party != value["party"]:
                raise UsageError(f"{file} is the backup of {value['party']}, {path} is of {config.party}.")
            other = config.model_dump(mode="json", exclude_none=True)
            value = {n: v for n, v in other.items() if n not in KEPT} | {n: value[n] for n in KEPT}
        _mark(part / value["out"] / "journal.db")  # before there is a configuration that an agent could start from
        durable(part / "party.yaml", yaml12.dump(value).encode())
        if out.exists():
            out.rmdir()
        part.replace(out)
        settle(out.parent)
    except OSError as error:
        hint = "Free space or change rights, then restore again."
        what = f"{file} cannot be read" if error.filename == str(file) else f"{out} cannot be written"
        raise AccordError(f"{what}: {error.strerror}.", hint=hint) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return f"{value['party']}: as of {manifest['made']}; go on with: accord agent --config {out / 'party.yaml'}"


def _unpack(encrypted: StreamReader, part: Path, file: Path) -> dict[str, Any]:
    entries = _entries(encrypted, file)
    name, size = next(entries, ("", 0))
    if name != "manifest" or size > MANIFEST:
        raise _unusual(file)
    try:
        manifest: dict[str, Any] = json.loads(encrypted.read(size))
        where = {name: str(_inside(PurePosixPath(manifest["config"][name]), file)) for name in KEPT}
        where["rows"] = memory(Path(where["keystore"])).as_posix()
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _unusual(file) from None
    for name, size in entries:
        root, _, rest = name.partition("/")
        _write(encrypted, part / _inside(PurePosixPath(where.get(root, "/"), rest), file), size)
    encrypted.end()
    return manifest


def _inside(path: PurePosixPath, file: Path) -> PurePosixPath:
    if path.is_absolute() or ".." in path.parts or "\0" in str(path):
        raise _unusual(file)
    return path


def _entries(encrypted: StreamReader, file: Path) -> Iterator[tuple[str, int]]:
    """(name, size) of each entry; its body is to be read before the next."""
    while length := int.from_bytes(encrypted.read(2), "big"):
        try:
            name = encrypted.read(length).decode()
        except UnicodeDecodeError:
            raise _unusual(file) from None
        yield name, int.from_bytes(encrypted.read(8), "big")


def _write(encrypted: StreamReader, path: Path, size: int) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        while size:
            body = encrypted.read(min(size, CHUNK))
            out.write(body)
            size -= len(body)
        out.flush()
        os.fsync(out.fileno())


def _mark(path: Path) -> None:
    """The journal is as of some time ago, and nobody waits any more for what was asked by hand then."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(0o600)  # where the backup has none yet, the incarnation that was lost may have had one
    journal = Journal(path)
    try:
        journal.verify()
        journal.set_meta("restored", stamp().encode())
        for number, _, _ in journal.requests():
            journal.withdraw(number)
    finally:
        journal.close()


def _unusual(file: Path) -> TamperError:
    return TamperError(f"{file} is no backup of a party.", hint="Use another copy, or an older backup.")
