"""Paths as people write them."""

from __future__ import annotations

import os
from pathlib import Path


def expanded(path: str | Path) -> Path:
    """`path` with a leading ``~`` or ``~user`` as the home folder, as a shell would write it out.

    A user that there is not leaves it as it is.
    """
    return Path(os.path.expanduser(path))  # noqa: PTH111  # Path.expanduser raises where a shell leaves the text
