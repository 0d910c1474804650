"""Bundled scenarios on real data, one folder each: the scenario, its tables, and where they come from."""

from __future__ import annotations

import shutil
from difflib import get_close_matches
from pathlib import Path

from accord_schemas.errors import UsageError

FOLDER = Path(__file__).parent
FILE = "scenario.yaml"


def names() -> list[str]:
    """All bundled scenarios."""
    return sorted(path.parent.name for path in FOLDER.glob(f"*/{FILE}"))


def find(scenario: str | Path) -> Path:
    """The file of a scenario given by path or by bundled name; a file wins over a name.

    Raises:
        UsageError: There is neither.
    """
    path = Path(scenario)
    if str(scenario) in names() and not path.is_file():
        return FOLDER / scenario / FILE
    if path.exists():
        return path
    close = get_close_matches(str(scenario), names(), n=1)
    raise UsageError(
        f"{scenario} does not exist{f'; did you mean {close[0]}?' if close else '.'}",
        hint=f"Give the path of a scenario file, or a bundled name: {', '.join(names())}.",
    )


def title(name: str) -> str:
    """One line on a bundled scenario: the comment it begins with."""
    first, _, _ = (FOLDER / name / FILE).read_text(encoding="utf-8").partition("\n")
    return first.removeprefix("#").strip()


def copy(name: str, folder: Path) -> Path:
    """Copy a bundled scenario with its tables into a new or empty folder.

    Returns:
        The copied scenario file.

    Raises:
        UsageError: No bundled scenario of that name, or the folder holds something.
    """
    if name not in names():
        raise UsageError(f"{name} is not a bundled scenario.", hint=f"There are: {', '.join(names())}.")
    try:
        if folder.exists() and any(folder.iterdir()):
            raise UsageError(f"{folder} is not empty.", hint="Name a new folder.")
        shutil.copytree(FOLDER / name, folder, dirs_exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}.") from None
    return folder / FILE
