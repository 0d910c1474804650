"""What holds for every page: for this machine's browser alone, and nothing from elsewhere is loaded, run or framed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from accord_scenarios.console.access import Access

COOKIE = "accord_console"
OPEN = "/open"
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
DOCUMENT = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""For whole documents that bring their own style, and have neither scripts nor forms."""
_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # with none at all, browsers do not say either of which site a form is
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Guard:
    """Lets through who may look, under the names of this machine alone: another site's name for it is refused.

    Args:
        app: What is behind.
        access: Who may look.
        hosts: What a browser may call this server.
    """

    def __init__(self, app: ASGIApp, access: Access, hosts: frozenset[str]) -> None:
        self._app, self._access, self._hosts = app, access, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or have it answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("content-security-policy", _POLICY)
                for name, value in _HEADERS.items():
                    headers[name] = value
            await send(message)

        refused = self._refused(Request(scope))
        await (refused or self._app)(scope, receive, headed)

    def _refused(self, request: Request) -> Callable[[Scope, Receive, Send], Awaitable[None]] | None:
        host = request.headers.get("host", "")
        if host not in self._hosts:
            return PlainTextResponse("This server answers to its own address alone.", 421)
        if request.method not in ("GET", "HEAD") and request.headers.get("origin") != f"http://{host}":
            return PlainTextResponse("A form of another site is not taken.", 403)
        if request.url.path == OPEN or self._access.knows(request.cookies.get(COOKIE)):
            return None
        return PlainTextResponse("Open the link that `accord console` printed; it works once.", 403)
