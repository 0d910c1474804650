"""What a broker, a network and a machine do to a run: the same on Kafka and on MQTT."""

from __future__ import annotations

import signal
import subprocess
import time
import uuid
from pathlib import Path
from typing import Protocol

import psutil
from tests.chaos.rig import Rig

AWAY, FROZEN = 3.0, 30.0
"""Seconds that a broker is gone, or stands still."""


class Server(Protocol):
    """A real broker of one's own."""

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """The running server."""
        ...

    def url(self, namespace: str) -> str:
        """Where agents find it."""
        ...

    def start(self) -> None:
        """Start it; returns when it can be used."""
        ...

    def stop(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End it."""
        ...


class Mischief:
    """Inherit and provide the fixture `server`, a running broker of one's own.

    That a broker is killed while agents live on, `tests.chaos.test_chaos_outages` and `test_chaos_bridge` show.
    """

    def test_the_broker_stands_still_for_half_a_minute(self, rig: Rig, server: Server) -> None:
        def mischief(_: Path) -> None:
            assert server.process is not None
            server.process.send_signal(signal.SIGSTOP)
            time.sleep(FROZEN)
            server.process.send_signal(signal.SIGCONT)

        rig.play(space(server), mischief)

    def test_an_agent_is_started_again_while_the_broker_is_down(self, rig: Rig, server: Server) -> None:
        def mischief(home: Path) -> None:
            server.stop(signal.SIGKILL)
            for party in ("shop", "bank"):
                psutil.Process(int((home / party / "agent.pid").read_text())).kill()
            time.sleep(AWAY)
            server.start()

        rig.play(space(server), mischief)


def space(server: Server) -> str:
    """A namespace of one's own."""
    return server.url(f"space-{uuid.uuid4().hex}")
