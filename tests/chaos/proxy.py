"""A TCP proxy that cuts connections in the middle of what they carry."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading


class Proxy:
    """Listens on a free loopback port and passes everything on; a context manager.

    Args:
        target: The port behind it.
        cuts: Each of the first connections that carry more than so many bytes towards the server is reset there.
    """

    def __init__(self, target: int, cuts: list[int]) -> None:
        self._target, self.cuts = target, cuts
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.done: list[int] = []

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def retarget(self, port: int) -> None:
        """Connections from now on go there."""
        self._target = port

    def _listen(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                client.close()
                continue
            for pair, counts in (((client, server), True), ((server, client), False)):
                threading.Thread(target=self._pass, args=(*pair, counts), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, counts: bool) -> None:
        carried = 0
        with contextlib.suppress(OSError):
            while data := source.recv(4096):
                sink.sendall(data)
                carried += len(data)
                if counts and self._cut(carried):
                    for end in (source, sink):  # a reset, not an orderly end
                        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    break
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _cut(self, carried: int) -> bool:
        with self._lock:
            if not self.cuts or carried < self.cuts[0]:
                return False
            self.done.append(self.cuts.pop(0))
            return True
