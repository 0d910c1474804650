"""What the clients of one connection share."""

from __future__ import annotations

import logging

TIMEOUT = 15.0
"""Seconds for any request; then the cluster counts as gone."""
FETCH = 1 << 20
"""Bytes fetched ahead per topic."""
ROOM = 8 << 20
"""Bytes that may wait for the reader before no more are fetched."""
logging.getLogger("aiokafka").addHandler(logging.NullHandler())  # its errors come as ours; nothing for stderr
