"""How agent.log is written: when and how grave first, for programs or for eyes, from a level on, in files that end."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from accord_agents.config.log import LogSettings
from accord_agents.observability.logs import logger
from accord_agents.observability.rotation import RotatingFile


def test_lines_begin_with_when_how_grave_and_what() -> None:
    stream = io.StringIO()
    logger(stream).bind(party="bank").warning("broker", problem="gone", logger="x", a=1)
    line = stream.getvalue()
    assert list(json.loads(line)) == ["timestamp", "level", "event", "a", "logger", "party", "problem"]
    assert re.match(r'\{"timestamp": "20\d\d-', line)


def test_lines_for_eyes_hold_what_they_say_on_one_line() -> None:
    stream = io.StringIO()
    log = logger(stream, human=True).bind(party="bank")
    log.info("state", state="TRAINING", round=3)
    log.error("stopped", problem='a "b"\nINFO forged\x1b[31m', code=None)
    first, second = stream.getvalue().splitlines()
    assert re.fullmatch(
        r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z  info     state         party=bank  round=3  state=TRAINING", first
    )
    assert second.endswith(r'code=null  party=bank  problem="a \"b\"\nINFO forged\u001b[31m"')


@pytest.mark.parametrize(("level", "count"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_what_is_below_the_level_is_not_said(level: str, count: int) -> None:
    stream = io.StringIO()
    log = logger(stream, level)
    for say in (log.debug, log.info, log.warning, log.error):
        say("x")
    assert len(stream.getvalue().splitlines()) == count


def test_a_large_log_is_begun_anew_and_the_last_ones_are_kept(tmp_path: Path) -> None:
    file = RotatingFile(tmp_path / "agent.log", most=10, keep=2)
    for number in range(5):
        file.write(f"line {number} äöü\n")
    file.close()
    found = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert found == {
        "agent.log": "line 4 äöü\n", "agent.log.1": "line 3 äöü\n", "agent.log.2": "line 2 äöü\n",
    }  # fmt: skip
    again = RotatingFile(tmp_path / "agent.log", most=10, keep=0)
    again.write("5\n")
    again.close()
    assert (tmp_path / "agent.log").read_text() == "5\n" and (tmp_path / "agent.log.2").exists()


def test_one_that_never_ends_is_one_file_and_a_folder_that_cannot_be_written_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = RotatingFile(tmp_path / "agent.log", most=0, keep=5)
    for number in range(9):
        endless.write(f"{number}\n")
    endless.close()
    file = RotatingFile(tmp_path / "small.log", most=1, keep=1)
    file.write("1\n")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    file.write("2\n")
    file.close()
    assert (tmp_path / "small.log").read_text() == "1\n2\n"
    assert len((tmp_path / "agent.log").read_text().splitlines()) == 9


def test_settings_are_checked() -> None:
    for wrong in ({"level": "trace"}, {"form": "xml"}, {"rotate_mib": 0}, {"keep": -1}, {"lvl": "info"}):
        with pytest.raises(ValidationError):
            LogSettings.model_validate(wrong)
