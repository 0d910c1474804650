"""A browser without a network: requests to an ASGI application, one after another, with its cookies."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Browser:
    app: Any
    origin: str
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> Reply:
        return self._asked("GET", path, b"", headers)

    def post(self, path: str, form: dict[str, str], **headers: str) -> Reply:
        return self._asked("POST", path, urlencode(form).encode(), {"origin": self.origin, **headers})

    def _asked(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Reply:
        host, place = urlsplit(self.origin).netloc, urlsplit(path)
        named = {"host": host, "cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items()), **headers}
        scope: dict[str, Any] = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "root_path": "",
        }
        scope |= {"path": place.path, "raw_path": place.path.encode(), "query_string": place.query.encode()}
        scope |= {"client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80)}
        scope |= {"headers": [(name.encode(), value.encode()) for name, value in named.items()]}
        said: list[dict[str, Any]] = []

        sent: list[bool] = []

        async def receive() -> dict[str, Any]:
            if sent:
                await asyncio.Event().wait()  # it stays until it has its answer
            sent.append(True)
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            said.append(message)

        asyncio.run(self.app(scope, receive, send))
        found = {name.decode(): value.decode() for name, value in said[0]["headers"]}
        if "set-cookie" in found:
            name, _, value = found["set-cookie"].partition(";")[0].partition("=")
            self.cookies[name] = value
        return Reply(said[0]["status"], found, b"".join(part.get("body", b"") for part in said[1:]))
