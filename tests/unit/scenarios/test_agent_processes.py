"""What the runner gives its agents."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from accord_agents.security.passphrase import VARIABLE
from accord_scenarios import processes
from accord_scenarios.layout import Layout


def test_the_passphrase_of_the_shell_is_not_for_a_runs_agents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}

    class Process:
        def __init__(self, command: list[str], **options: Any) -> None:
            given.update(options)

    monkeypatch.setenv(VARIABLE, "of another keystore")
    monkeypatch.setenv("ACCORD_BROKER_USER", "somebody")
    monkeypatch.setattr(subprocess, "Popen", Process)
    (tmp_path / "bank").mkdir()
    processes.AgentProcess(Layout(tmp_path), "bank")
    assert VARIABLE not in given["env"]
    assert given["env"]["ACCORD_BROKER_USER"] == "somebody"
