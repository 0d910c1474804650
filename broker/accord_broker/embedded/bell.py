"""Waking readers after a commit: each reader owns a Unix datagram socket beside the log; writers ring them all.

A bell is a courtesy: a lost ring, a dead peer or a stale socket costs a poll interval, never a record.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import socket
import tempfile
from pathlib import Path

POLL = 0.02
"""Seconds after which a reader looks without having been rung."""


class Bell:
    """A reader's bell, and the way to ring everybody else's.

    Args:
        path: The log's file.
    """

    def __init__(self, path: Path) -> None:
        # Socket paths are limited to 108 bytes, so they live in a short folder named after the log.
        name = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:16]
        self._folder = Path(tempfile.gettempdir()) / f"accord-{os.getuid()}-{name}"
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._own = self._folder / secrets.token_hex(6)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.bind(str(self._own))

    def ring(self) -> None:
        """Wake every other reader."""
        with contextlib.suppress(OSError):
            for peer in os.scandir(self._folder):
                if peer.name != self._own.name:
                    self._wake(peer.path)

    def _wake(self, peer: str) -> None:
        try:
            self.socket.sendto(b"!", peer)
        except ConnectionRefusedError:  # its owner died
            with contextlib.suppress(OSError):
                Path(peer).unlink()
        except OSError:  # full, or gone: its owner polls
            return

    def drain(self) -> None:
        """Take what rang."""
        with contextlib.suppress(OSError):
            while self.socket.recv(16):
                pass

    def close(self) -> None:
        """Remove the own socket."""
        self.socket.close()
        with contextlib.suppress(OSError):
            self._own.unlink()
            self._folder.rmdir()  # only when it was the last
