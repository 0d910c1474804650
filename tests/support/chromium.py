"""A real Chromium without a window, told what to do over its DevTools protocol: keys are pressed, pages are read."""

from __future__ import annotations

import base64
import itertools
import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

from tests.support.real import unavailable

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")
_KEYS = {"Tab": ("Tab", 9, ""), "Enter": ("Enter", 13, "\r")}
_FINAL_TEXT, _TEXT, _LONG, _LONGER = 0x81, 0x1, 126, 127


class _Socket:
    """A WebSocket (RFC 6455), as far as DevTools need one."""

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self._socket = socket.create_connection((place.hostname or "", place.port or 0), 60)
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(
            f"GET {place.path} HTTP/1.1\r\nHost: {place.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self._file = self._socket.makefile("rb")
        assert b" 101 " in self._file.readline()
        while self._file.readline() != b"\r\n":
            pass

    def send(self, text: str) -> None:
        data, mask = text.encode(), os.urandom(4)
        size = len(data)
        head = bytes([_FINAL_TEXT, 0x80 | size]) if size < _LONG else bytes([_FINAL_TEXT, 0x80 | _LONGER])
        head += b"" if size < _LONG else size.to_bytes(8, "big")
        self._socket.sendall(head + mask + bytes(byte ^ mask[k % 4] for k, byte in enumerate(data)))

    def receive(self) -> str:
        whole, final = b"", False
        while not final:
            first, size = self._file.read(2)
            final = bool(first & 0x80)
            if size >= _LONG:
                size = int.from_bytes(self._file.read(2 if size == _LONG else 8), "big")
            whole += self._file.read(size)
        return whole.decode()

    def close(self) -> None:
        self._file.close()
        self._socket.close()


class Page:
    """One tab."""

    def __init__(self, wire: _Socket) -> None:
        self._wire, self._numbers = wire, itertools.count(1)
        self.said: list[dict[str, Any]] = []
        """What was said besides answers: requests, errors."""
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.do(f"{domain}.enable")

    def do(self, method: str, **params: Any) -> dict[str, Any]:
        reply = self._answered(method, params)
        assert "error" not in reply, reply
        found: dict[str, Any] = reply["result"]
        return found

    def _answered(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        number = next(self._numbers)
        self._wire.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            reply: dict[str, Any] = json.loads(self._wire.receive())
            if reply.get("id") == number:
                return reply
            self.said.append(reply)

    def value(self, script: str) -> Any:
        """What an expression gives in the page; None while it is being loaded."""
        params = {"expression": script, "returnByValue": True, "awaitPromise": True}
        reply = self._answered("Runtime.evaluate", params)
        if "navigated" in reply.get("error", {}).get("message", ""):  # another page came while it was being asked
            return None
        assert "error" not in reply, reply
        return reply["result"]["result"].get("value")

    def open(self, url: str) -> None:
        self.do("Page.navigate", url=url)

    def until(self, script: str, seconds: float = 60.0) -> Any:
        """Wait until an expression is true there."""
        end = time.monotonic() + seconds
        while not (found := self.value(script)):
            assert time.monotonic() < end, f"{script} is never true: {self.value('document.body.innerText')}"
            time.sleep(0.1)
        return found

    def press(self, key: str) -> None:
        name, code, text = _KEYS[key]
        for kind in ("keyDown", "keyUp"):
            given = {"type": kind, "key": name, "code": name, "windowsVirtualKeyCode": code}
            self.do("Input.dispatchKeyEvent", **given, **({"text": text} if text and kind == "keyDown" else {}))

    def type(self, text: str) -> None:
        """Put a text where the focus is, as a keyboard or a paste by keyboard does."""
        self.do("Input.insertText", text=text)

    def wide(self, width: int, *, mobile: bool = False) -> None:
        """Be so many pixels wide; 0 for as wide as at first."""
        if width:
            size = {"width": width, "height": 740, "deviceScaleFactor": 2 if mobile else 1, "mobile": mobile}
            self.do("Emulation.setDeviceMetricsOverride", **size)
        else:
            self.do("Emulation.clearDeviceMetricsOverride")

    def drawn(self, media: str = "", scheme: str = "light") -> None:
        """Draw it as on a medium (`print`), in a colour scheme."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.do("Emulation.setEmulatedMedia", media=media, features=features)

    def fits(self) -> bool:
        """Whether nothing of it stands out to the right."""
        return bool(self.value("document.documentElement.scrollWidth <= innerWidth"))

    def tab_to(self, script: str) -> None:
        """Press Tab until the focus is on an element of which an expression, with `e` for it, is true."""
        for _ in range(60):
            self.press("Tab")
            if self.value(f"(e => {script})(document.activeElement)"):
                return
        raise AssertionError(f"Tab never reaches {script}")


@contextmanager
def chromium(folder: Path) -> Iterator[Page]:
    """A browser with an empty profile, on an empty page."""
    if PROGRAM is None:
        unavailable("no Chromium")
        raise AssertionError
    command = [PROGRAM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
    command += ["--remote-debugging-port=0", "--disable-background-networking", f"--user-data-dir={folder}"]
    with subprocess.Popen([*command, "about:blank"], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        found = next(m[1] for line in process.stderr if (m := re.search(r"ws://([\d.:]+)/", line)))
        wire = None
        try:
            tabs = json.load(urlopen(f"http://{found}/json/list", timeout=60))
            wire = _Socket(next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page"))
            yield Page(wire)
        finally:
            if wire is not None:
                wire.close()
            process.terminate()
            process.wait(60)
