"""A running agent shows itself over HTTP; two cannot on one port."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest
import yaml
from tests.integration.command import Command, log_lines, wait_for
from tests.support.files import people


def party(accord: Command, name: str, listen: str) -> tuple[Path, Path]:
    data = people(accord.folder, 2, 60, seed=4, nasty=False)["shop"]["data"]
    path, out = accord.folder / f"{name}.yaml", accord.folder / f"{name}-runs"
    value = {
        "party": name,
        "broker": f"embedded:{accord.folder / 'log.db'}",
        "data": data,
        "keystore": f"{name}.keystore",
        "identities": f"{name}.identities.json",
        "out": out.name,
        "workers": 1,
        "metrics": {"listen": listen},
    }
    path.write_text(yaml.safe_dump(value), encoding="utf-8")
    assert accord("keys", "init", "--config", path).returncode == 0
    return path, out


def get(address: str, path: str) -> str:
    with urllib.request.urlopen(f"http://{address}{path}") as answer:
        text: str = answer.read().decode()
    return text


@pytest.mark.sweep
def test_an_agent_serves_metrics_until_it_ends_and_another_finds_its_port_taken(accord: Command) -> None:
    accord.env["ACCORD_PASSPHRASE"] = "correct horse battery staple"  # noqa: S105
    config, out = party(accord, "shop", "127.0.0.1:0")
    agent = accord.start("agent", "--config", config)
    try:
        wait_for(lambda: "connected" in {line["event"] for line in log_lines(out)}, 30, "the agent does not start")
        (address,) = [line["listen"] for line in log_lines(out) if line["event"] == "metrics"]
        assert get(address, "/healthz") == "alive\n"
        wait_for(lambda: "accord_ready 1.0" in get(address, "/metrics"), 30, "the agent is never ready")
        assert get(address, "/readyz") == "ready\n"
        other, _ = party(accord, "telco", address)
        refused = accord("agent", "--config", other)
        assert refused.returncode == 2
        assert f"{address}: Address already in use" in refused.stderr and "metrics.listen" in refused.stderr
        agent.terminate()
        assert agent.wait(30) == 0
    finally:
        agent.kill()
        agent.wait()
    assert [line["event"] for line in log_lines(out)][-1] == "ended"
