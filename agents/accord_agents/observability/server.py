"""A small HTTP/1.1 server for scrapes and probes (RFC 9112): GET and HEAD, one request per connection, in the loop.

Whoever asks is bounded: so many at once, so many bytes of request, so many seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass

from accord_schemas.errors import UsageError

MAX_CLIENTS = 16
MAX_REQUEST = 8192
"""Bytes of a request's head, at most."""
PATIENCE = 5.0
"""Seconds in which a client must have asked, and taken the answer."""
PLAIN = "text/plain; charset=utf-8"
_REASONS = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client gets."""

    status: int
    body: bytes
    kind: str = PLAIN


def text(status: int, sentence: str) -> Answer:
    """An answer in words."""
    return Answer(status, f"{sentence}\n".encode())


class Server:
    """The server.

    Args:
        host: Address to listen on.
        port: 0 for any that is free.
        pages: What answers a GET, by path. One that raises is answered with 500, and the agent goes on.
        failed: Told what a page raised.
    """

    def __init__(
        self, host: str, port: int, pages: dict[str, Callable[[], Answer]], failed: Callable[[Exception], None]
    ) -> None:
        self._host, self._port, self._pages, self._failed = host, port, pages, failed
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()

    async def start(self) -> str:
        """Listen; returns the address as ADDRESS:PORT.

        Raises:
            UsageError: It cannot be had.
        """
        try:
            self._server = await asyncio.start_server(self._client, self._host, self._port, limit=MAX_REQUEST)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            hint = "Correct metrics.listen in the party's file: each agent needs a port of its own."
            place = _place(self._host, self._port)
            raise UsageError(f"metrics cannot be served on {place}: {reason}.", hint=hint) from None
        return _place(*self._server.sockets[0].getsockname()[:2])

    async def stop(self) -> None:
        """Stop listening, and drop who is still there."""
        if self._server is not None:
            self._server.close()
        for client in self._clients:
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        try:
            if len(self._clients) <= MAX_CLIENTS:
                with contextlib.suppress(TimeoutError, OSError):
                    async with asyncio.timeout(2 * PATIENCE):
                        await self._serve(reader, writer)
        except asyncio.CancelledError:
            pass  # the agent ends
        finally:
            self._clients.discard(task)
            if writer.transport.get_write_buffer_size():  # it does not read: nothing is flushed for it
                writer.transport.abort()
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        method = "GET"
        try:
            async with asyncio.timeout(PATIENCE):
                head = await reader.readuntil(b"\r\n\r\n")
            method, path = _request(head)
            answer = self._answer(method, path)
        except asyncio.IncompleteReadError:
            return
        except asyncio.LimitOverrunError:
            answer = text(431, "the request is too long")
        except TimeoutError:
            answer = text(408, "the request took too long")
        except ValueError as error:
            answer = text(400, str(error))
        lines = [f"HTTP/1.1 {answer.status} {_REASONS[answer.status]}", f"Content-Type: {answer.kind}"]
        lines += [f"Content-Length: {len(answer.body)}", "Cache-Control: no-store", "Connection: close"]
        lines += ["Allow: GET, HEAD"] if answer.status == 405 else []
        body = b"" if method == "HEAD" else answer.body
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await writer.drain()

    def _answer(self, method: str, path: str) -> Answer:
        if path not in self._pages:
            return text(404, "here are " + ", ".join(self._pages))
        if method not in ("GET", "HEAD"):
            return text(405, "only GET and HEAD")
        try:
            return self._pages[path]()
        except Exception as error:  # noqa: BLE001 - who looks must never stop the agent
            self._failed(error)
            return text(500, "this cannot be shown; see agent.log")


def _place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _request(head: bytes) -> tuple[str, str]:
    """Method and path.

    Raises:
        ValueError: It is no request of HTTP/1.
    """
    first, *fields = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    match first.split(" "):
        case [method, target, "HTTP/1.1" | "HTTP/1.0" as version] if target.startswith("/") and method.isalpha():
            pass
        case _:
            raise ValueError("no request of HTTP/1")
    names = [line.partition(":")[0].lower() for line in fields]
    if version == "HTTP/1.1" and names.count("host") != 1:
        raise ValueError("one Host field is needed")
    return method, target.partition("?")[0]
