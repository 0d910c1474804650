"""The HTTP server of an agent: what it answers, and that nobody can hold it up."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import pytest

from accord_agents.observability import server as module
from accord_agents.observability.server import MAX_CLIENTS, MAX_REQUEST, Answer, Server, text
from accord_schemas.errors import UsageError

Ask = Callable[[bytes], Awaitable[tuple[str, dict[str, str], bytes]]]
FAILED: list[Exception] = []


def broken() -> Answer:
    raise ZeroDivisionError("a value that nobody shall see")


PAGES: dict[str, Callable[[], Answer]] = {
    "/metrics": lambda: Answer(200, b"x" * 100_000, "text/x"),
    "/readyz": lambda: text(503, "not ready: why"),
    "/broken": broken,
}


def play(test: Callable[[int], Awaitable[None]], host: str = "127.0.0.1") -> None:
    async def run() -> None:
        server = Server(host, 0, PAGES, FAILED.append)
        address = await server.start()
        try:
            await test(int(address.rpartition(":")[2]))
        finally:
            await server.stop()

    asyncio.run(run())


async def send(port: int, request: bytes) -> bytes:
    """The whole answer; nothing where the connection was dropped."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        return await reader.read()
    except ConnectionError:
        return b""
    finally:
        await close(writer)


async def close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


def parts(answer: bytes) -> tuple[str, dict[str, str], bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return first, dict(line.split(": ", 1) for line in lines), body


def asked(*requests: bytes) -> list[tuple[str, dict[str, str], bytes]]:
    """The answers to requests, each on a connection of its own."""
    found = []

    async def test(port: int) -> None:
        for request in requests:
            found.append(parts(await send(port, request)))

    play(test)
    return found


def get(path: str, method: str = "GET", rest: str = "") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: x\r\n{rest}\r\n".encode()


def test_pages_are_served_whole_and_the_connection_ends() -> None:
    (first, fields, body), (unready, _, why) = asked(get("/metrics?a=b"), get("/readyz"))
    assert first == "HTTP/1.1 200 OK"
    assert (fields["Content-Type"], fields["Content-Length"], fields["Connection"]) == ("text/x", "100000", "close")
    assert body == b"x" * 100_000
    assert (unready, why) == ("HTTP/1.1 503 Service Unavailable", b"not ready: why\n")


def test_head_has_the_length_and_no_body() -> None:
    ((first, fields, body),) = asked(get("/metrics", "HEAD"))
    assert (first, fields["Content-Length"], body) == ("HTTP/1.1 200 OK", "100000", b"")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (get("/secret"), 404),
        (get("/metrics/"), 404),
        (get("/../metrics"), 404),
        (get("/metrics", "POST", "Content-Length: 3\r\n"), 405),
        (get("/metrics", "DELETE"), 405),
        (b"GET /metrics HTTP/1.1\r\n\r\n", 400),
        (get("/metrics", rest="Host: y\r\n"), 400),
        (b"GET /metrics HTTP/1.0\r\n\r\n", 200),
        (b"GET /metrics\r\n\r\n", 400),
        (b"GET  /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET http://x/metrics HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\xfc\r\n\r\n", 400),
        (b"\r\n\r\n", 400),
        (get("/metrics", rest="X: " + "y" * 2 * MAX_REQUEST + "\r\n"), 431),
    ],
)
def test_each_request_has_its_status(request_: bytes, status: int) -> None:
    ((first, fields, body),) = asked(request_)
    assert first.split(" ")[1] == str(status)
    assert len(body) == int(fields["Content-Length"])
    assert ("Allow" in fields) == (status == 405)


def test_a_page_that_fails_is_reported_and_says_nothing() -> None:
    FAILED.clear()
    (first, _, body), (after, _, _) = asked(get("/broken"), get("/metrics"))
    assert (first, after) == ("HTTP/1.1 500 Internal Server Error", "HTTP/1.1 200 OK")
    assert b"nobody" not in body
    assert [type(error) for error in FAILED] == [ZeroDivisionError]


def test_who_asks_slowly_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.05)

    async def test(port: int) -> None:
        assert (await send(port, b"GET /metrics HTTP/1.1\r\nHo")).startswith(b"HTTP/1.1 408 ")

    play(test)


def test_who_hangs_up_leaves_nothing_behind() -> None:
    async def test(port: int) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /met")
        await close(writer)
        assert (await send(port, get("/metrics"))).startswith(b"HTTP/1.1 200 ")

    play(test)


def test_who_does_not_take_its_answer_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    monkeypatch.setitem(PAGES, "/metrics", lambda: Answer(200, bytes(64 << 20)))

    async def test(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
        writer.write(get("/metrics"))
        await asyncio.sleep(0.5)  # twice the patience, several times over
        got = 0
        try:
            while chunk := await reader.read(1 << 20):
                got += len(chunk)
        except ConnectionError:
            pass
        assert got < 64 << 20
        await close(writer)

    play(test)


def test_only_so_many_at_once_and_they_are_gone_in_the_end() -> None:
    async def test(port: int) -> None:
        clients = [await asyncio.open_connection("127.0.0.1", port) for _ in range(MAX_CLIENTS)]
        assert await send(port, get("/metrics")) == b""
        await close(clients[0][1])
        while not (await send(port, get("/metrics"))).startswith(b"HTTP/1.1 200 "):
            await asyncio.sleep(0.01)
        waiting.extend(clients[1:])

    waiting: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def run() -> None:
        server = Server("127.0.0.1", 0, PAGES, FAILED.append)
        await test(int((await server.start()).rpartition(":")[2]))
        await server.stop()
        for reader, writer in waiting:
            assert await reader.read() == b""
            await close(writer)

    asyncio.run(run())


def test_a_port_in_use_is_an_error_that_names_it() -> None:
    async def test(port: int) -> None:
        with pytest.raises(UsageError, match=rf"127\.0\.0\.1:{port}: Address already in use.*metrics\.listen"):
            await Server("127.0.0.1", port, PAGES, FAILED.append).start()

    play(test)


def test_an_address_of_another_machine_is_an_error() -> None:
    with pytest.raises(UsageError, match=r"192\.0\.2\.1:0: Cannot assign requested address"):
        asyncio.run(Server("192.0.2.1", 0, PAGES, FAILED.append).start())
