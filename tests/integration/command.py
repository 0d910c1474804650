"""The installed command as a user has it: processes with real keys, every one of which is accounted for."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import psutil
from tests.support.files import write_scenario

from accord_scenarios.cli import main

ACCORD = Path(sys.executable).with_name("accord")
MARK = "ACCORD_TEST"
APART = {"agent", "bridge", "replay"}
"""Commands that have a process of their own also here; a test that is about the process starts it with `start`."""


@dataclass
class Run:
    """An `accord run` that ended."""

    code: int
    out: Path
    text: str

    @property
    def result(self) -> dict[str, Any]:
        """DIR/result.json."""
        found: dict[str, Any] = json.loads((self.out / "result.json").read_text(encoding="utf-8"))
        return found

    def completed(self) -> dict[str, Any]:
        """The result of a run that must have succeeded."""
        assert self.code == 0, f"exit {self.code}: {self.text}"
        assert self.result["status"] == "COMPLETED", self.result["reason"]
        return self.result


class Command:
    """Runs `accord` in a folder; its processes carry a mark in their environment, so that orphans are found too."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._count = 0
        self._output = folder / "background-0", folder / "errors-0"
        self.env = os.environ | {MARK: str(folder), "NO_COLOR": "1", "COLUMNS": "400"}

    def __call__(self, *arguments: object, **env: str) -> subprocess.CompletedProcess[str]:
        """Run to the end; in this process, where starting Python is most of what a command costs."""
        words = list(map(str, arguments))
        if words[0] not in APART:
            return self._here(words, self.env | env)
        return subprocess.run(
            [ACCORD, *words],
            capture_output=True,
            text=True,
            timeout=600,
            env=self.env | env,
            cwd=self.folder,
            check=False,
        )

    def _here(self, words: list[str], env: dict[str, str]) -> subprocess.CompletedProcess[str]:
        out, errors = io.StringIO(), io.StringIO()
        with (
            contextlib.chdir(self.folder),
            mock.patch.dict(os.environ, env, clear=True),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(errors),
        ):
            code = main(words)
        return subprocess.CompletedProcess(words, code, out.getvalue(), errors.getvalue())

    def start(self, *arguments: object, **env: str) -> subprocess.Popen[bytes]:
        """Run in the background; see `said`."""
        self._count += 1
        self._output = self.folder / f"background-{self._count}", self.folder / f"errors-{self._count}"
        with self._output[0].open("wb") as output, self._output[1].open("wb") as errors:
            return subprocess.Popen(
                [ACCORD, *map(str, arguments)],
                stdout=output,
                stderr=errors,
                env=self.env | env,
                cwd=self.folder,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
            )

    def said(self) -> str:
        """What the command that was started last has printed so far, standard error last."""
        return "".join(path.read_text() for path in self._output)

    def out(self) -> Path:
        """A folder that does not exist yet."""
        self._count += 1
        return self.folder / f"out-{self._count}"

    def scenario(self, content: dict[str, Any]) -> Path:
        """A scenario file."""
        self._count += 1
        return write_scenario(self.folder / f"scenario-{self._count}.yaml", content)

    def run(self, content: dict[str, Any], *more: object) -> Run:
        """Play a scenario."""
        out = self.out()
        done = self("run", self.scenario(content), "--out", out, *more)
        assert "Traceback" not in done.stderr + done.stdout
        return Run(done.returncode, out, done.stdout + done.stderr)

    def processes(self) -> list[psutil.Process]:
        """Every live process that came from here."""
        return [p for p in psutil.process_iter() if self._ours(p)]

    def _ours(self, process: psutil.Process) -> bool:
        try:
            return process.status() != psutil.STATUS_ZOMBIE and process.environ().get(MARK) == str(self.folder)
        except psutil.Error:
            return False

    def nobody_left(self, seconds: float = 3.0) -> None:
        """Every process has ended, or does within seconds."""
        wait_for(lambda: not self.processes(), seconds, "processes are left behind")

    def sweep(self) -> list[str]:
        """Kill what is left, after a test that failed; says what it was. Who was just told to end may take its time."""
        end = time.monotonic() + 10.0
        while (left := self.processes()) and time.monotonic() < end:
            time.sleep(0.1)
        names = []
        for process in left:
            try:
                names.append(" ".join(process.cmdline())[-200:])
                process.kill()
            except psutil.Error:
                continue
        return names


def wait_for(condition: Callable[[], object], seconds: float, otherwise: str) -> None:
    """Wait until something holds: so many seconds on a quiet machine, and on a busy one six times as long."""
    end = time.monotonic() + 6 * seconds
    while True:
        asked = time.monotonic()
        if condition():
            return
        now = time.monotonic()
        assert now < end, otherwise
        time.sleep(max(0.01, 2 * (now - asked)))  # who is asked much does little else


def progress(folder: Path) -> list[str]:
    """The states that a party's agent has logged, in order."""
    return [line["state"] for line in log_lines(folder) if line.get("event") == "progress"]


def log_lines(folder: Path) -> Iterator[dict[str, Any]]:
    """agent.log, without a last line that is being written."""
    path = folder / "agent.log"
    whole = path.read_bytes().rpartition(b"\n")[0] if path.exists() else b""
    yield from (json.loads(line) for line in whole.splitlines())


def frames(log: Path) -> list[tuple[str, bytes]]:
    """(family, frame) of everything on an embedded log, read with nothing but SQLite."""
    with sqlite3.connect(f"file:{log}?mode=ro", uri=True) as db:
        found = db.execute("SELECT family, frame FROM log ORDER BY position").fetchall()
    db.close()
    return found


def raw(folder: Path) -> bytes:
    """Every byte of a run's log."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob("broker.db*")))


def column(path: Path, name: str) -> list[str]:
    """One column of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return [line[name] for line in csv.DictReader(file)]
