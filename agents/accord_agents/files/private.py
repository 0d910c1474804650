"""Files for one's own eyes: whatever a party's processes write from here on, nobody else on the machine can read."""

from __future__ import annotations

import os


def keep_private() -> None:
    """Give new files mode 0600 and new folders 0700, from their first byte; holds for child processes too.

    A shared embedded log takes its rights from its folder instead (`accord_broker.embedded.log`).
    """
    os.umask(0o077)
