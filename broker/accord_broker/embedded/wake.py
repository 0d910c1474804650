"""Waking the readers of a log in other processes: one Unix datagram after each commit.

Only a hint. Readers look for themselves now and then, so a datagram that is lost, a folder that cannot be used, or a
reader with another temporary folder or user costs milliseconds and nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

_LONGEST = 103
"""Bytes in a socket's path: sockaddr_un holds 108 with the final NUL on Linux, 104 on BSD and macOS."""


class Wake:
    """One process' end: hears the others and rings them.

    Sockets live in a private folder under the temporary one: the log's own path may be too long for a socket.

    Args:
        log: The log's id; only its readers are rung.
        heard: Called in the running loop when another process rang.
    """

    def __init__(self, log: str, heard: Callable[[], None]) -> None:
        self._heard = heard
        self._loop = asyncio.get_running_loop()
        self._prefix = f"{log[:16]}."
        self._folder = Path(tempfile.gettempdir()) / f"accord-{os.getuid()}"
        self._path = self._folder / f"{self._prefix}{os.urandom(8).hex()}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        try:
            self._bind()
        except OSError:
            self._socket.close()
            return
        self._loop.add_reader(self._socket, self._drain)
        self._ring("")  # every log's: removes what killed processes left

    def ring(self) -> None:
        """Wake the other readers of the log; any thread may call it."""
        self._ring(self._prefix)

    def close(self) -> None:
        """Stop listening and remove the socket."""
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            self._socket.close()
            self._path.unlink(missing_ok=True)

    def _bind(self) -> None:
        if len(os.fsencode(self._path)) > _LONGEST:
            raise OSError("the path is too long for a socket")
        self._folder.mkdir(mode=0o700, exist_ok=True)
        found = self._folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
            raise PermissionError("somebody else may use the folder")  # temporary folders are everyone's
        self._socket.bind(str(self._path))

    def _drain(self) -> None:
        with contextlib.suppress(OSError):
            while self._socket.recv(1):
                pass
        self._heard()

    def _ring(self, prefix: str) -> None:
        if self._socket.fileno() < 0:
            return
        with contextlib.suppress(OSError), os.scandir(self._folder) as entries:
            for entry in entries:
                if entry.name.startswith(prefix) and entry.name != self._path.name:
                    self._send(entry.path)

    def _send(self, path: str) -> None:
        try:
            self._socket.sendto(b"!", path)
        except ConnectionRefusedError:  # its process died
            with contextlib.suppress(OSError):
                Path(path).unlink()
        except OSError:  # its queue is full, so it is awake; or it has just left
            pass
