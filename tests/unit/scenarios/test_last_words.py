"""Why an agent of a run ended, as the run tells it: a sentence for people, whatever stood on standard error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from accord_scenarios.processes import AgentProcess

TRACEBACK = "Traceback (most recent call last):\n  File ...\nasyncio.exceptions.CancelledError\n"


@pytest.fixture
def layout(tmp_path: Path) -> Any:
    return SimpleNamespace(party=lambda _: tmp_path, config=lambda _: tmp_path, one_shot=lambda _: tmp_path)


def ended(layout: Any, code: str, monkeypatch: pytest.MonkeyPatch) -> AgentProcess:
    """An agent that does what `code` says."""
    start = subprocess.Popen

    def instead(_: list[str], **how: Any) -> subprocess.Popen[bytes]:
        return start([sys.executable, "-c", f"import os, sys\nsaid = sys.stderr.write\n{code}"], **how)

    monkeypatch.setattr(subprocess, "Popen", instead)
    agent = AgentProcess(layout, "bank")
    monkeypatch.setattr(subprocess, "Popen", start)
    agent._process.communicate(timeout=60)
    return agent


def test_a_traceback_is_no_reason(layout: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    agent = ended(layout, f"said({TRACEBACK!r}); sys.exit(1)", monkeypatch)
    words = agent.last_words()
    assert words.startswith("The agent ended with exit code 1 and did not say why. See ")
    assert "CancelledError" not in words and words.endswith("agent.stderr.")


def test_what_is_said_for_people_is_the_reason(layout: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "accord: The file x.csv has no column id. Name one.\n"
    agent = ended(layout, f"said({said!r}); said({TRACEBACK!r}); sys.exit(2)", monkeypatch)
    assert agent.last_words() == "The file x.csv has no column id. Name one."


def test_a_signal_is_named(layout: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    agent = ended(layout, "os.kill(os.getpid(), 9)", monkeypatch)
    assert agent.last_words().startswith("The agent ended by signal 9 ")


def test_who_was_told_to_stop_says_nothing(layout: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ended(layout, "sys.exit(143)", monkeypatch).last_words() == ""
