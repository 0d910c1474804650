"""Two parties on Kafka, one on MQTT, a bridge between: the model of an undisturbed run, whatever happens to either."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from tests.chaos.rig import PARTIES, PATIENCE, Rig
from tests.contract.mosquitto import Mosquitto, needs_mosquitto
from tests.integration.command import progress, wait_for
from tests.support.servers import Kafka, needs_kafka

needs_mosquitto(own=True)
needs_kafka(own=True)
EDGE = "telco"
Servers = tuple[Kafka, Mosquitto]


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("bridged")
    kafka = Kafka(folder / "kafka")
    kafka.start()
    try:
        with Mosquitto(folder / "mosquitto") as mosquitto:
            yield kafka, mosquitto
    finally:
        kafka.stop()


class Bridge:
    """`accord bridge` between two namespaces, which may be killed and started again."""

    def __init__(self, rig: Rig, servers: Servers) -> None:
        self._rig, space = rig, uuid.uuid4().hex
        self.urls = servers[0].url(f"inner-{space}"), servers[1].url(f"edge-{space}")
        self._state = rig.accord.out()
        self.log = self._state.with_suffix(".log")
        self.start()

    def start(self) -> None:
        before = self._connected()
        self.process = self._rig.accord.start("bridge", *self.urls, "--state", self._state, "--log", self.log)
        wait_for(lambda: self._connected() > before, PATIENCE, "the bridge does not connect")

    def _connected(self) -> int:
        return self.log.read_text().count('"event": "connected"') if self.log.exists() else 0

    def kill(self) -> None:
        assert self.process.poll() is None, self.log.read_text()
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30) == 0, self._rig.accord.said()


def play(rig: Rig, bridge: Bridge, mischief: Callable[[], None], state: str = "PREPARED") -> None:
    """The rig's scenario, with one party behind the bridge; `mischief` once the label holder has reached a state."""
    home = rig.accord.out()
    layout = rig.lay_out(home, bridge.urls[0])
    config = yaml.safe_load(layout.config(EDGE).read_text())
    layout.config(EDGE).write_text(yaml.safe_dump(config | {"broker": bridge.urls[1]}))
    agents: dict[str, subprocess.Popen[bytes]] = {}
    for party in (EDGE, *sorted(set(PARTIES) - {EDGE})):
        command = [sys.executable, "-m", "accord_agents", str(layout.config(party)), str(layout.one_shot(party))]
        with (layout.party(party) / "agent.stderr").open("wb") as errors:
            agents[party] = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=errors, env=rig.accord.env)
    try:
        wait_for(lambda: state in progress(home / "bank"), PATIENCE, f"never {state}")
        mischief()
        by = time.monotonic() + PATIENCE
        codes = {party: agent.wait(max(0.1, by - time.monotonic())) for party, agent in agents.items()}
    finally:
        for agent in agents.values():
            assert agent.stdin is not None
            agent.stdin.close()  # an agent of a run ends with whoever holds this
            agent.wait(30)
        bridge.end()
    assert set(codes.values()) == {0}, [(layout.party(p) / "agent.stderr").read_text()[-500:] for p in PARTIES]
    for party in PARTIES:
        result = json.loads((layout.party(party) / "result.json").read_bytes())
        assert (result["status"], result["model_digest"]) == ("COMPLETED", rig.models), result["reason"]
    rig.nothing_lost_or_doubled(home)


def carried(log: Path) -> dict[str, dict[str, int]]:
    """What the bridge's last report says, by direction."""
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    return {line["direction"]: line["carried"] for line in lines if line["event"] == "counts"}


def test_the_bridge_is_killed_and_started_again(rig: Rig, servers: Servers) -> None:
    bridge = Bridge(rig, servers)

    def mischief() -> None:
        for _ in range(3):
            bridge.kill()
            time.sleep(1.0)
            bridge.start()
            time.sleep(2.0)

    play(rig, bridge, mischief, "KEYED")


@pytest.mark.parametrize("which", [0, 1], ids=["kafka", "mosquitto"])
def test_a_broker_is_killed_and_started_again(rig: Rig, servers: Servers, which: int) -> None:
    def mischief() -> None:
        servers[which].stop(signal.SIGKILL)
        time.sleep(3.0)
        servers[which].start()

    bridge = Bridge(rig, servers)
    play(rig, bridge, mischief)
    counts = carried(bridge.log)
    assert set(counts) == {"A > B", "B > A"}
    assert all({"control", "keys", "psi", "intermediates", "gradients", "results"} == set(c) for c in counts.values())
