"""What docker-compose.yml starts, started by hand: its script, its commands, real brokers, the scenario's real keys."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.contract.mosquitto import Mosquitto, needs_mosquitto
from tests.integration.command import ACCORD, Command, wait_for
from tests.support.servers import Kafka, needs_kafka

needs_mosquitto(own=True)
needs_kafka(own=True)
ROOT = Path(__file__).parents[2]
PARTIES = ("registry", "clinic", "lab")
IN_CONTAINERS = {"kafka": "kafka://kafka:19092/accord", "lab": "mqtt://mosquitto:1883/accord"}


class Composed:
    """The services, as processes in folders in place of volumes.

    Args:
        folder: Where the volumes are.
        urls: By the URL that a container uses, the one that holds here.
    """

    def __init__(self, folder: Path, urls: dict[str, str]) -> None:
        self._services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
        self._folder, self._urls = folder, urls
        self.accord = Command(folder)
        (folder / "bridge").mkdir()
        (folder / "parties").mkdir()

    def prepare(self) -> None:
        """The service `parties`."""
        said = {name: self._urls[url] for name, url in self._services["parties"]["environment"].items()}
        env = self.accord.env | said | {"PATH": f"{ACCORD.parent}:/usr/bin:/bin"}
        subprocess.run(["sh", ROOT / "deploy/parties.sh", self._folder / "parties"], env=env, check=True, timeout=600)

    def start(self, service: str) -> subprocess.Popen[bytes]:
        """One service, in its working directory."""
        settings = self._services[service]
        command = settings.get("command", ["agent", "--config", "party.yaml"])  # the latter is the Dockerfile's
        place = settings.get("working_dir", "/bridge").removeprefix("/")
        log = self._folder / f"{service}.out"
        with log.open("ab") as output:
            return subprocess.Popen(
                [ACCORD, *(self._urls.get(word, word) for word in command)],
                cwd=self._folder / place,
                env=self.accord.env,
                stdout=output,
                stderr=output,
            )

    def said(self, service: str) -> str:
        return (self._folder / f"{service}.out").read_text()

    def status(self, party: str) -> list[dict[str, Any]]:
        """`docker compose exec PARTY accord status --config party.yaml`."""
        done = self.accord("status", "--json", "--config", self._folder / "parties" / party / "party.yaml")
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found

    def results(self) -> list[dict[str, Any]]:
        """Of the parties that have written theirs, the last of their files."""
        return [json.loads(path.read_text()) for path in self._folder.glob("parties/*/runs/*/result.json")]


@pytest.fixture
def composed(tmp_path: Path) -> Iterator[Composed]:
    kafka = Kafka(tmp_path / "kafka")
    kafka.start()
    try:
        with Mosquitto(tmp_path / "mosquitto") as mosquitto:
            urls = (kafka.url("accord"), mosquitto.url("accord"))
            found = Composed(tmp_path, dict(zip(IN_CONTAINERS.values(), urls, strict=True)))
            yield found
            left = found.accord.sweep()
            assert not left, f"left running: {left}"
    finally:
        kafka.stop()


def test_three_parties_on_two_brokers_complete_and_end_when_told(composed: Composed) -> None:
    composed.prepare()
    serving = {name: composed.start(name) for name in (*PARTIES, "bridge")}
    for _ in range(11):  # restart: on-failure:10
        proposal = composed.start("propose")
        if proposal.wait(60) == 0:
            break
        time.sleep(0.1)
    assert proposal.returncode == 0, composed.said("propose")
    states: dict[str, list[tuple[str, str]]] = {}

    def over() -> bool:
        for party in PARTIES:
            states[party] = [(s["state"], s["reason"]) for s in composed.status(party)]
        return all(found == [("COMPLETED", "")] for found in states.values())

    wait_for(over, 180, f"not COMPLETED everywhere: {states}")
    wait_for(lambda: len(composed.results()) == len(PARTIES), 60, "a party writes no result")
    results = composed.results()
    assert set(results[0]["model_digest"]) == set(PARTIES)
    assert all(result["model_digest"] == results[0]["model_digest"] for result in results)
    for service, process in serving.items():
        assert process.poll() is None, composed.said(service)
        process.send_signal(signal.SIGTERM)  # what Docker sends; it kills after ten seconds
    for service, process in serving.items():
        assert process.wait(10) == 0, f"{service}: {composed.said(service)}"
