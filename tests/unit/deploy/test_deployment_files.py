"""docker-compose.yml and the Dockerfile say what the tests start by hand: versions, settings, commands."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.contract.mosquitto import NEEDED
from tests.integration.command import ACCORD
from tests.support.servers import FLOOR, SETTINGS

from accord_agents.config import party_file as config
from accord_agents.config.data_sets import Source
from accord_broker.factory import connect

ROOT = Path(__file__).parents[3]
PLACES = {
    "process.roles", "node.id", "controller.quorum.voters", "listeners", "advertised.listeners", "log.dirs",
    "controller.listener.names", "inter.broker.listener.name", "listener.security.protocol.map",
}  # fmt: skip
"""Where a server is, which differs between a container and a test."""
FOR_TESTS = {"log.cleaner.dedupe.buffer.size", "log.index.size.max.bytes", "broker.session.timeout.ms"} | {
    "broker.heartbeat.interval.ms"
}
"""Less memory and shorter waits, which nobody wants in earnest."""


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return found


def test_it_is_whole(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert {"kafka", "mosquitto", "parties", "bridge", "propose", "registry", "clinic", "lab"} == set(services)
    for name, service in services.items():
        assert service["image"].partition(":")[0] in ("apache/kafka", "eclipse-mosquitto", "accord"), name
        assert set(service.get("depends_on", {})) <= set(services), name
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert source in compose["volumes"] or (ROOT / source).exists(), f"{name}: {source}"
        for port in service.get("ports", ()):
            assert port.startswith("127.0.0.1:"), f"{name} listens to everybody"
    for used in services["mosquitto"]["configs"]:
        assert used["source"] in compose["configs"]


def test_kafka_is_that_of_the_tests(compose: dict[str, Any]) -> None:
    kafka = compose["services"]["kafka"]
    assert kafka["image"] == f"apache/kafka:{FLOOR}"
    said = {k.removeprefix("KAFKA_").lower().replace("_", "."): str(v) for k, v in kafka["environment"].items()}
    tested = dict(line.split("=", 1) for line in SETTINGS.splitlines())
    assert set(said) | FOR_TESTS == set(tested)
    for name in set(said) - PLACES:
        assert said[name] == tested[name], name
    assert said["process.roles"] == tested["process.roles"]
    listeners = {text.partition("://")[0] for text in said["listeners"].split(",")}
    mapped = {text.partition(":")[0] for text in said["listener.security.protocol.map"].split(",")}
    assert listeners == mapped
    assert {said["controller.listener.names"], said["inter.broker.listener.name"]} <= listeners


def test_mosquitto_is_that_of_the_tests(compose: dict[str, Any]) -> None:
    mosquitto = compose["services"]["mosquitto"]
    assert mosquitto["image"] == "eclipse-mosquitto:2.0"
    settings = compose["configs"]["mosquitto-settings"]["file"]
    assert (ROOT / settings).read_text(encoding="utf-8") == NEEDED
    targets = {used["source"]: used["target"] for used in mosquitto["configs"]}
    lines = compose["configs"]["mosquitto"]["content"].splitlines()
    assert f"include_dir {Path(targets['mosquitto-settings']).parent}" in lines
    assert targets["mosquitto-settings"].endswith(".conf"), "the only files that include_dir takes"
    if tool := shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin"):
        shown = subprocess.run([tool, "-h"], capture_output=True, text=True, check=False).stdout
        assert "version 2.0." in shown


def test_its_urls_and_commands_are_known(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for url in [*services["parties"]["environment"].values(), *services["bridge"]["command"][1:3]]:
        connect(url, "client")
    for service in ("bridge", "propose"):
        command = services[service]["command"]
        done = subprocess.run([ACCORD, command[0], "--help"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        for option in [word for word in command if word.startswith("--")]:
            assert option in done.stdout, f"accord {command[0]} has no {option}"


def test_the_image_holds_what_the_distribution_needs() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = {word for line in lines if line.startswith("COPY ") for word in line.split()[1:-1]}
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for name in ("pyproject.toml", "README.md", "LICENSE", "schemas", "protocols", "broker", "agents", "scenarios"):
        assert name in copied and f"!{name}" in ignored and (ROOT / name).exists(), name
    assert "USER accord" in lines and lines.index("USER accord") < lines.index('ENTRYPOINT ["accord"]')


@pytest.mark.sweep
def test_the_script_makes_three_parties_that_know_each_other(tmp_path: Path) -> None:
    script = ROOT / "deploy" / "parties.sh"
    env = os.environ | {"PATH": f"{ACCORD.parent}:/usr/bin:/bin"}
    env |= {"ACCORD_BROKER": "kafka://kafka:19092/accord", "ACCORD_BROKER_LAB": "mqtt://mosquitto:1883/accord"}
    for _ in range(2):  # a second time it changes nothing
        subprocess.run(["sh", script, tmp_path], env=env, check=True, capture_output=True)
    fingerprints = set()
    for party, scheme in (("registry", "kafka"), ("clinic", "kafka"), ("lab", "mqtt")):
        file = tmp_path / party / "party.yaml"
        loaded = config.load(file)
        assert loaded.party == party and loaded.broker.startswith(f"{scheme}://")
        assert isinstance(loaded.data, Source) and isinstance(loaded.data.csv, Path) and loaded.data.csv.exists()
        assert (loaded.data.label is not None) == (party == "registry")
        assert (tmp_path / party / "passphrase").stat().st_mode & 0o777 == 0o600
        shown = subprocess.run([ACCORD, "keys", "show", "--config", file], capture_output=True, text=True, check=True)
        pairs = {line.split()[0]: line.split()[1] for line in shown.stdout.splitlines()}
        assert set(pairs) == {"registry", "clinic", "lab"}
        fingerprints.add(frozenset(pairs.items()))
    assert len(fingerprints) == 1
