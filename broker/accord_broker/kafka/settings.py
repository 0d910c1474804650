"""What the clients of one connection share."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine
from typing import Any

TIMEOUT = 15.0
"""Seconds for any request; then the cluster counts as gone."""
FETCH = 1 << 20
"""Bytes fetched ahead per topic."""
ROOM = 8 << 20
"""Bytes that may wait for the reader before no more are fetched."""
logging.getLogger("aiokafka").addHandler(logging.NullHandler())  # its errors come as ours; nothing for stderr


async def discard(stop: Coroutine[Any, Any, None]) -> None:
    """Stop a client that nobody will use again; with the server gone, its own tasks may fail in any way."""
    with contextlib.suppress(Exception):
        await asyncio.wait_for(stop, TIMEOUT)
