"""Whatever stands on a broker outlives its absence: nobody ends, nothing is lost, and whoever watches knows in seconds.

Short outages of two kinds; ``python -m benchmarks.outages`` plays long ones, in every phase.
"""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from tests.chaos.standing import Server, Standing
from tests.contract.mosquitto import Mosquitto, needs_mosquitto
from tests.integration.command import Command
from tests.support.servers import Kafka, needs_kafka

needs_kafka(own=True)
needs_mosquitto(own=True)
SHOWN = 15.0
"""Seconds within which an outage is seen, on a machine however busy; a quiet one takes two."""


@pytest.mark.parametrize("kind", [Kafka, Mosquitto])
def test_nobody_ends_when_the_broker_is_away(kind: type[Kafka | Mosquitto], tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    server: Server = kind(tmp_path / "server")
    server.start()
    try:
        with Standing(Command(home), server) as standing:
            for state, how in (("", signal.SIGTERM), ("PREPARED", signal.SIGKILL)):
                _, down, _ = standing.outage(state, how, 3.0)
                assert down < SHOWN
                assert standing.ended() == []
            standing.copied()
            assert standing.stop() == dict.fromkeys(standing.processes, 0)
            assert standing.lost_and_doubled() == (0, 0) and standing.restarted() == 0
            for line in standing.last_words():
                assert line["event"] == "ended" and "asked" in line["reason"], line
            for errors in home.glob("errors-*"):
                said = [line for line in errors.read_text().splitlines() if "Ctrl-C ends it" not in line]
                assert all(json.loads(line)["event"] for line in said), "a traceback of a library's own task"
    finally:
        server.stop(signal.SIGKILL)
