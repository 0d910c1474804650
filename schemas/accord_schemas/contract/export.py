"""The contract's folder: written whole, and never in a way that breaks what was released."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from accord_schemas.contract import asyncapi
from accord_schemas.contract.compatibility import Documents, breaks
from accord_schemas.contract.schemas import NONE, schemas
from accord_schemas.errors import AccordError, UsageError

BASELINE = "baseline.json"
"""The released contract, all documents in one file: what later ones are compared with."""


def documents(files: Mapping[str, type[BaseModel]] = NONE) -> Documents:
    """The contract as this version of the program keeps it, by path in its folder; of `files` see `schemas`."""
    return {asyncapi.PATH: asyncapi.document(), **schemas(files)}


def export(folder: Path, files: Mapping[str, type[BaseModel]] = NONE, *, release: bool = False) -> int:
    """Write the contract; equal programs write equal bytes.

    Args:
        folder: Made if it does not exist. If it holds a released contract, this one must be compatible with it.
        files: Forms of files, by path; see `schemas`.
        release: Make this contract the one that later ones must be compatible with.

    Returns:
        How many documents were written.

    Raises:
        AccordError: The contract would break the released one; names each difference. Nothing was written.
        UsageError: The folder cannot be written, or its released contract is unreadable.
    """
    found = documents(files)
    try:
        broken = breaks(baseline(folder), found)
    except (KeyError, TypeError, AttributeError):
        raise _unusable(folder) from None
    if broken:
        raise AccordError(
            f"This breaks the contract released in {folder / BASELINE}: {'; '.join(broken)}.",
            hint="Give the event a new version, or publish to another folder.",
        )
    try:
        for path, document in found.items():
            _write(folder / path, document)
        if release:
            _write(folder / BASELINE, found)
    except OSError as error:
        raise UsageError(f"The contract cannot be written to {folder}: {error.strerror}.") from None
    return len(found)


def baseline(folder: Path) -> Documents:
    """The contract released in a folder; empty where none was.

    Raises:
        UsageError: It is unreadable.
    """
    path = folder / BASELINE
    try:
        if not path.exists():
            return {}
        found = json.loads(path.read_bytes())
        if isinstance(found, dict) and all(isinstance(document, dict) for document in found.values()):
            return found
    except (OSError, ValueError, RecursionError):
        pass
    raise _unusable(folder)


def _unusable(folder: Path) -> UsageError:
    return UsageError(f"{folder / BASELINE} is no released contract.", hint="Restore it, or export to another folder.")


def text(document: Any) -> str:
    """A document as it stands in its file."""
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _write(path: Path, document: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text(document), encoding="utf-8")
