"""A Mosquitto of one's own on a free loopback port; stops only what it started.

``ACCORD_TEST_MOSQUITTO=PATH`` names another program than the one that is installed, as of a newer version;
``ACCORD_TEST_MQTT=HOST:PORT`` a running server to use instead, where a test needs none of its own.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from tests.support.real import asked_for, unavailable

BINARY = (
    os.environ.get("ACCORD_TEST_MOSQUITTO")
    or shutil.which("mosquitto")
    or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
)
OUTSIDE = os.environ.get("ACCORD_TEST_MQTT")
NEEDED = (Path(__file__).parents[2] / "deploy" / "mosquitto.conf").read_text(encoding="utf-8")
"""What users are told to set, and what docker-compose.yml sets."""
SETTINGS = "allow_anonymous true\n"


def needs_mosquitto(*, own: bool = False) -> None:
    """Leave a module out unless real brokers were asked for; fail where there is none, or none of one's `own`."""
    asked_for()
    if BINARY is None and (own or OUTSIDE is None):
        unavailable("no Mosquitto")


class Mosquitto:
    """A server; a context manager that starts it and kills it in the end.

    Args:
        folder: A new folder for its files.
        settings: Lines of its configuration besides the listener and what is `NEEDED`.
    """

    def __init__(self, folder: Path, settings: str = SETTINGS) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        folder.mkdir(parents=True)
        folder.chmod(0o777)
        user = "user root\n" if os.geteuid() == 0 else ""
        self.configuration = folder / "mosquitto.conf"
        where = f"listener {self.port} 127.0.0.1\npersistence_location {folder}/\n"
        self.configuration.write_text(user + where + NEEDED + settings)
        self.log = folder / "mosquitto.log"
        self.process: subprocess.Popen[bytes] | None = None

    def url(self, namespace: str) -> str:
        return f"mqtt://127.0.0.1:{self.port}/{namespace}"

    def start(self) -> None:
        assert BINARY is not None
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([BINARY, "-c", str(self.configuration)], stdout=log, stderr=log)
        for _ in range(200):
            time.sleep(0.05)
            assert self.process.poll() is None, self.log.read_text()
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
        raise AssertionError(self.log.read_text())

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(30)
            self.process = None

    def __enter__(self) -> Mosquitto:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(signal.SIGKILL)
