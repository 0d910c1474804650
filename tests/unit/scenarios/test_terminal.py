"""Terminals that cannot show everything, and readers that leave."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SAY = """
import sys
from accord_scenarios.terminal import Terminal, prepare
prepare()
Terminal(stderr=True).print("größe → ∑")
terminal = Terminal()
terminal.print("größe → 😀")
print('{"größe": "→ 😀"}')
"""
TALK = """
import sys
from accord_scenarios.terminal import Terminal, prepare
prepare()
for terminal in (Terminal(), Terminal(stderr=True)):
    for line in range(9):
        terminal.print("word " * 2000)
"""


def said(encoding: str) -> subprocess.CompletedProcess[bytes]:
    env = os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0", "NO_COLOR": "1"}
    return subprocess.run([sys.executable, "-c", SAY], env=env, capture_output=True, check=False)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_what_a_terminal_cannot_show_is_escaped(encoding: str) -> None:
    done = said(encoding)
    assert done.returncode == 0, done.stderr
    text, plain = done.stdout.decode(encoding).splitlines()
    assert json.loads(plain) == {"größe": "→ 😀"}
    assert json.loads(f'"{text}"') == "größe → 😀"
    assert json.loads(f'"{done.stderr.decode(encoding).strip()}"') == "größe → ∑"


def test_a_reader_that_leaves_ends_nothing() -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run([sys.executable, "-c", TALK], stdout=write, stderr=write, check=False)
    finally:
        os.close(write)
    assert done.returncode == 0


def test_a_full_disk_ends_nothing() -> None:
    with Path("/dev/full").open("wb") as full:
        assert subprocess.run([sys.executable, "-c", TALK], stdout=full, stderr=full, check=False).returncode == 0


def test_closed_streams_end_nothing() -> None:
    done = subprocess.run(["/bin/sh", "-c", '"$0" -c "$1" >&- 2>&-', sys.executable, TALK], check=False)
    assert done.returncode == 0


def test_streams_of_others_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from accord_scenarios.terminal import prepare

    monkeypatch.setattr(sys, "stdout", io.StringIO())
    prepare()
