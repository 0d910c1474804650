"""The agents of a run as processes: started, watched, started again after a signal, stopped."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from accord_agents.__main__ import SAYS, STOPPED
from accord_agents.security.passphrase import VARIABLE
from accord_scenarios.layout import Layout

MAX_RESTARTS = 20
GRACE = 5.0
"""Seconds that an agent has to stop when asked to."""


class AgentProcess:
    """One party's agent.

    Args:
        layout: The run's folder.
        party: Whose.
    """

    def __init__(self, layout: Layout, party: str) -> None:
        self._layout, self.party = layout, party
        self.restarts = 0
        self._stopping = self._terminated = False
        self._log = layout.party(party) / "agent.log"
        self._read = self._log.stat().st_size if self._log.exists() else 0
        self._rest = b""
        self._problem = ""
        self._said = self._stderr.stat().st_size if self._stderr.exists() else 0
        self._start()

    def _start(self) -> None:
        command = [
            sys.executable,
            "-m",
            "accord_agents",
            str(self._layout.config(self.party)),
            str(self._layout.one_shot(self.party)),
        ]
        environment = {name: value for name, value in os.environ.items() if name != VARIABLE}  # of another keystore
        with self._stderr.open("ab") as errors:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors, env=environment
            )

    @property
    def _stderr(self) -> Path:
        return self._layout.party(self.party) / "agent.stderr"

    @property
    def code(self) -> int | None:
        """The exit code once it has ended for good; None while it runs."""
        code = self._process.poll()
        if code is not None and self._process.stdin is not None:
            self._process.stdin.close()  # it told the agent that we live
        return code

    def revive(self) -> str:
        """Start it again if a signal ended it; says so, or nothing."""
        code = self.code
        by_signal = code is not None and (code < 0 or code == STOPPED)
        if code is None or not by_signal or self._stopping or self.restarts >= MAX_RESTARTS:
            return ""
        self.restarts += 1
        self._start()
        number = -code if code < 0 else int(signal.SIGTERM)
        return f"{self.party}: the agent was ended by signal {number}; started again ({self.restarts})"

    def lines(self) -> Iterator[dict[str, Any]]:
        """New lines of its log."""
        with contextlib.suppress(OSError), self._log.open("rb") as file:
            file.seek(self._read)
            data = file.read()
            self._read += len(data)
            *whole, self._rest = (self._rest + data).split(b"\n")
            for line in whole:
                with contextlib.suppress(ValueError):
                    found = json.loads(line)
                    if found.get("event") == "stopped":
                        self._problem = found.get("problem", "")
                    yield found

    def stop(self) -> None:
        """Ask it to stop."""
        self._stopping = True
        if self._process.poll() is None:
            self._terminated = True
            self._process.terminate()

    def end(self, by: float) -> None:
        """Wait for it until `by` on the monotonic clock, then kill it."""
        try:
            self._process.wait(max(0.0, by - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def last_words(self) -> str:
        """Why it ended: what its log or its standard error says for people; nothing where it was told to end."""
        if self._problem:
            return self._problem
        with contextlib.suppress(OSError), self._stderr.open("rb") as file:
            file.seek(self._said)
            lines = file.read().decode(errors="replace").splitlines()
            if said := [line.removeprefix(SAYS) for line in lines if line.startswith(SAYS)]:
                return said[-1][:500]
        code = self._process.returncode
        if self._terminated or code == STOPPED:
            return ""
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        return f"The agent ended {how} and did not say why. See {self._stderr}."
