"""An MQTT 5 server of a few lines that behaves oddly, in the loop of whoever tests."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType

CONNECT, PUBLISH, SUBSCRIBE, PINGREQ, DISCONNECT = 1, 3, 8, 12, 14
CONNACK = bytes((0x20, 3, 0, 0, 0))


class OddServer:
    """Accepts connections on a free loopback port; an asynchronous context manager.

    Args:
        mute: Accepts and says nothing.
        connack: What it answers to a CONNECT.
        pushes: What it sends after a subscription, the first time.
        drops_sessions: Hangs up on every client that wants an earlier session, once it is connected.
        limit: Hangs up without a word on a PUBLISH of more bytes.
        pongs: Whether it answers a PINGREQ.

    Attributes:
        taken: Bytes of each PUBLISH that it acknowledged.
        connections: How many there were.
    """

    def __init__(
        self,
        *,
        mute: bool = False,
        connack: bytes = CONNACK,
        pushes: bytes = b"",
        drops_sessions: bool = False,
        limit: int = 1 << 30,
        pongs: bool = True,
    ) -> None:
        self._mute, self._connack, self._pushes = mute, connack, pushes
        self._drops, self._limit, self._pongs = drops_sessions, limit, pongs
        self.taken: list[int] = []
        self.connections = 0
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> OddServer:
        self._server = await asyncio.start_server(self._client, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for writer in self._writers:
            writer.close()

    @property
    def url(self) -> str:
        """Of a namespace on it."""
        return f"mqtt://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/space"

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, asyncio.CancelledError, OSError):
            while not self._mute:
                kind, body = await self._packet(reader)
                if not self._answer(kind, body, writer):
                    writer.close()
                    return
                await writer.drain()

    def _answer(self, kind: int, body: bytes, writer: asyncio.StreamWriter) -> bool:
        """Answer a packet; returns whether to go on."""
        if kind == CONNECT:
            writer.write(self._connack)
            clean = body[7] & 2  # after the protocol's name and version
            return bool(clean) or not self._drops
        if kind == SUBSCRIBE:
            count, at = 0, 2 + 1 + body[2]
            while at < len(body):
                at += 3 + int.from_bytes(body[at : at + 2], "big")
                count += 1
            writer.write(bytes((0x90, 3 + count)) + body[:2] + b"\0" + bytes((1,)) * count + self._pushes)
            self._pushes = b""
        elif kind == PUBLISH:
            if len(body) > self._limit:
                return False
            at = 2 + int.from_bytes(body[:2], "big")
            writer.write(bytes((0x40, 2)) + body[at : at + 2])
            self.taken.append(len(body))
        elif kind == PINGREQ and self._pongs:
            writer.write(bytes((0xD0, 0)))
        return kind != DISCONNECT

    @staticmethod
    async def _packet(reader: asyncio.StreamReader) -> tuple[int, bytes]:
        (first,) = await reader.readexactly(1)
        length = shift = 0
        while True:
            (byte,) = await reader.readexactly(1)
            length |= (byte & 127) << shift
            shift += 7
            if not byte & 128:
                return first >> 4, await reader.readexactly(length)
