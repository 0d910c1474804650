"""The server: on loopback alone, for one browser."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from accord_scenarios.console.access import Access
from accord_scenarios.console.guard import OPEN, Guard
from accord_scenarios.console.pages import Pages
from accord_schemas.errors import UsageError

LOOPBACK = "127.0.0.1"


def application(path: Path, access: Access, port: int) -> Starlette:
    """The console of a party.

    Args:
        path: The party's file.
        access: Who may look.
        port: At which it is served.
    """
    pages = Pages(path, access)
    hosts = frozenset(f"{name}:{port}" for name in (LOOPBACK, "localhost"))
    one = "/c/{cid:str}"
    routes = [
        Route(OPEN, pages.open),
        Route("/", pages.overview),
        Route(one, pages.collaboration),
        Route(f"{one}/live", pages.live),
        Route(f"{one}/accept", pages.accept, methods=["POST"]),
        Route(f"{one}/refuse", pages.refuse, methods=["POST"]),
        Route(f"{one}/evidence", pages.evidence),
        Route(f"{one}/verdict", pages.verdict),
        Route(f"{one}/report", pages.report),
        Route("/quarantine", pages.quarantine),
        Route("/keys", pages.keys),
        Route("/keys", pages.trust, methods=["POST"]),
        Mount("/static", StaticFiles(packages=[("accord_scenarios.console", "static")])),
    ]
    return Starlette(routes=routes, middleware=[Middleware(Guard, access=access, hosts=hosts)])


def serve(path: Path, port: int, say: Callable[[str], None]) -> None:
    """Serve until interrupted.

    Args:
        path: The party's file.
        port: On loopback; 0 takes any that is free.
        say: Told the link.

    Raises:
        UsageError: The port is taken.
    """
    import uvicorn

    access, listening = Access(), socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((LOOPBACK, port))
    except OSError as error:
        listening.close()
        raise UsageError(f"port {port} cannot be used: {error.strerror}.", hint="Name another with --port.") from None
    port = listening.getsockname()[1]
    app = application(path, access, port)
    say(f"http://{LOOPBACK}:{port}{OPEN}?link={access.link}")
    uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False, server_header=False)).run([listening])
