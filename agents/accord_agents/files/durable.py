"""What makes files durable."""

from __future__ import annotations

import os
from pathlib import Path


def settle(folder: Path) -> None:
    """Make durable what was made or renamed in a folder."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
