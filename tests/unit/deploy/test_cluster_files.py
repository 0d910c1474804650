"""What stands under deploy/ for Kubernetes and systemd says what the documentation says, and what the program knows."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from accord_agents.config import party_file
from accord_broker.factory import connect
from accord_broker.kafka.topics import CREATED, LARGEST
from accord_broker.port import FAMILIES, QUARANTINE

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
RIGHTS = ROOT / "docs" / "operations.md"
ROLES = {
    "agent": "accord-agent",
    "auditor": "accord-auditor",
    "consumer (dashboards, Connect, ksqlDB)": "accord-dashboard",
    "bridge": "accord-bridge",
    "administrator": "accord-administrator",
}
"""The table of rights has the former, users.yaml the latter."""


def documents(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((DEPLOY / "strimzi" / name).read_text(encoding="utf-8")))


def test_strimzi_s_topics_are_those_that_agents_make() -> None:
    found = {one["metadata"]["name"]: one for one in documents("topics.yaml")}
    assert set(found) == {f"accord.{family}" for family in FAMILIES}
    for topic in found.values():
        assert (topic["apiVersion"], topic["kind"]) == ("kafka.strimzi.io/v1", "KafkaTopic")
        assert topic["metadata"]["labels"]["strimzi.io/cluster"] == "company"
        spec = topic["spec"]
        assert spec["partitions"] == 1 and spec["replicas"] > spec["config"]["min.insync.replicas"]
        config = {name: str(value) for name, value in spec["config"].items()}
        assert CREATED.items() <= config.items()
        assert int(config["max.message.bytes"]) >= LARGEST
        assert set(spec) == {"partitions", "replicas", "config"}


def test_strimzi_s_users_have_the_rights_of_the_table_and_no_others() -> None:
    users = {one["metadata"]["name"]: one for one in documents("users.yaml")}
    table = _table()
    assert set(users) == {ROLES[role] for role in table}
    for role, row in table.items():
        spec = users[ROLES[role]]["spec"]
        assert users[ROLES[role]]["apiVersion"] == "kafka.strimzi.io/v1" and users[ROLES[role]]["kind"] == "KafkaUser"
        assert spec["authentication"] == {"type": "scram-sha-512"} and spec["authorization"]["type"] == "simple"
        given: dict[str, set[str]] = {}
        for acl in spec["authorization"]["acls"]:
            assert set(acl) == {"resource", "operations"} and acl["resource"]["patternType"] == "literal"
            if acl["resource"]["type"] == "group":
                assert "group" in row["besides"]
                continue
            given[acl["resource"]["name"].removeprefix("accord.")] = set(acl["operations"])
        for family in FAMILIES:
            wanted = row[family]
            implied = {"Describe"} if wanted else set()  # Read and Write have it
            more = {"DescribeConfigs"} if role in ("agent", "bridge") and family != QUARANTINE else set()
            assert given.pop(family, set()) == wanted | implied | more, f"{role}: {family}"
        assert not given


def _table() -> dict[str, dict[str, Any]]:
    """The rights of each role in docs/operations.md, by family."""
    lines = RIGHTS.read_text(encoding="utf-8").splitlines()
    start = next(k for k, line in enumerate(lines) if line.startswith("| role | `control`"))
    heads = [cell.strip() for cell in lines[start].strip("|").split("|")]
    found: dict[str, dict[str, Any]] = {}
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        row: dict[str, Any] = {"besides": cells[-1]}
        for head, cell in zip(heads[1:-1], cells[1:-1], strict=True):
            for family in re.findall(r"`(\w+)`", head):
                row[family] = {right.strip() for right in cell.split(",")} - {""}
        found[cells[0]] = row
    return found


def test_the_commands_for_rights_are_whole() -> None:
    page = RIGHTS.read_text(encoding="utf-8")
    commands = re.findall(r"kafka-acls\.sh (?:.*\\\n)*.*", page)
    assert len(commands) == 3
    for command in commands:
        assert all(word in command for word in ("--bootstrap-server", "--command-config", "--add", "--allow-principal"))
    assert {"Read", "Write", "Create", "DescribeConfigs"} == set(re.findall(r"--operation (\w+)", commands[0]))


@pytest.mark.parametrize("name", ["accord@.service", "accord-bridge.service"])
def test_systemd_takes_the_units(name: str, tmp_path: Path) -> None:
    text = (DEPLOY / "systemd" / name).read_text(encoding="utf-8")
    assert "Restart=on-failure" in text and "RestartPreventExitStatus=2 4" in text
    assert "MemoryDenyWriteExecute=" not in text, "numba could not compile"
    for number in re.findall(r"^ExecStart=(\S+) (\w+)", text, re.MULTILINE):
        assert number[0] == "/opt/accord/bin/accord" and number[1] in ("agent", "bridge")
    tool = shutil.which("systemd-analyze")
    if tool is None:
        keys = [line.partition("=")[0] for line in text.splitlines() if "=" in line and not line.startswith("#")]
        assert all(re.fullmatch(r"[A-Z]\w+", key) for key in keys)
        return
    unit = tmp_path / name
    unit.write_text(text.replace("/opt/accord/bin/accord", "/bin/true"))
    done = subprocess.run([tool, "verify", "--man=no", unit], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_chart_s_values_are_a_party_s_file(tmp_path: Path) -> None:
    values = yaml.safe_load((DEPLOY / "helm" / "accord" / "values.yaml").read_text(encoding="utf-8"))
    file = tmp_path / "party.yaml"
    file.write_text(yaml.safe_dump(values["agent"]["config"]))
    loaded = party_file.load(file)
    assert loaded.party == "bank" and loaded.out == Path("/party/runs")
    for url in (loaded.broker, values["bridge"]["a"], values["bridge"]["b"]):
        connect(url, "client")
    users = {one["metadata"]["name"] for one in documents("users.yaml")}
    assert {values["broker"]["user"], values["broker"]["passwordSecret"]} <= users


def test_templates_ask_for_values_that_are_there() -> None:
    chart = DEPLOY / "helm" / "accord"
    values = yaml.safe_load((chart / "values.yaml").read_text(encoding="utf-8"))
    for template in sorted(chart.glob("templates/*")):
        for path in re.findall(r"\.Values((?:\.\w+)+)", template.read_text(encoding="utf-8")):
            found: Any = values
            for name in path[1:].split("."):
                assert name in found, f"{template.name}: {path}"
                found = found[name]
