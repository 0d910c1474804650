"""A folder of images as a table: which files count, and what its columns are called."""

from __future__ import annotations

from pathlib import Path

from accord_protocols.matching.layout import NUMBERS
from accord_schemas.errors import UsageError
from accord_schemas.matching import Kind

ENDINGS = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})


def columns(kind: Kind) -> list[str]:
    """Names of an embedding's columns."""
    return [f"e{number:03d}" for number in range(NUMBERS[kind])]


def listed(folder: Path, width: int = 0) -> list[Path]:
    """The images of a folder, by name; hidden files and what lies deeper are passed over.

    Args:
        folder: The folder.
        width: Bytes that a name may have; 0 for any number.

    Raises:
        UsageError: There is no such folder, it holds none, or a name is longer than was agreed.
    """
    try:
        files = sorted(f for f in folder.iterdir() if f.suffix.lower() in ENDINGS and not f.name.startswith("."))
    except OSError as error:
        raise UsageError(
            f"the folder {folder} cannot be read: {error.strerror}.",
            hint="data.images names a folder of images; paths are relative to the file that says so.",
        ) from None
    if not files:
        known = ", ".join(sorted(ending.removeprefix(".") for ending in ENDINGS))
        raise UsageError(f"the folder {folder} holds no image.", hint=f"Files that end with {known} count.")
    for file in files:
        if width and (size := len(file.name.encode())) > width:
            raise UsageError(
                f"{folder.name}: the file name {file.name[:40]!r} has {size} bytes, of which {width} are agreed.",
                hint="Shorten it, or have it proposed with a larger match.width.",
            )
    return files
