"""The agent's log: JSON lines, flushed one by one. No secret, no row, no payload ever reaches it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import structlog


def open_log(path: Path, party: str) -> Any:
    """A logger that appends to `path`."""
    file = path.open("a", encoding="utf-8", buffering=1)
    logger = structlog.wrap_logger(
        structlog.WriteLogger(file),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    return logger.bind(party=party)
