"""Three agents of one seeded collaboration, one of which loses its folder and is restored from an earlier backup."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import time
from typing import Any

from tests.integration.command import Command, progress, wait_for
from tests.support.files import Parties, job

from accord_scenarios import snapshots
from accord_scenarios.layout import Layout, create
from accord_scenarios.scenario import load
from accord_schemas.frame import Frame

PARTIES = ("bank", "shop", "telco")
PATIENCE = 120.0


class Trio:
    """The agents.

    Args:
        accord: Runs commands.
        people: Their data.
        url: Of the broker; empty for an embedded log of their own.
    """

    def __init__(self, accord: Command, people: Parties, url: str = "") -> None:
        self.accord, self.home = accord, accord.out()
        scenario = load(str(accord.scenario(job(people, seed=7, keys={"bits": 2048}))), [])
        with snapshots.taken(scenario, self.home) as taken:  # as the runner does
            self.layout: Layout = create(self.home, scenario, url or None, taken, force=False)
        self.agents = {party: self.start(party) for party in PARTIES}

    def start(self, party: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "accord_agents", self.layout.config(party), self.layout.one_shot(party)]
        with (self.home / f"{party}.stderr").open("ab") as errors:
            return subprocess.Popen(
                [str(c) for c in command], stdin=subprocess.PIPE, stderr=errors, env=self.accord.env
            )

    def until(self, party: str, state: str) -> None:
        def reached() -> bool:
            assert self.agents[party].poll() is None, f"{party} ended too early: {self.errors(party)}"
            return state in progress(self.layout.party(party))

        wait_for(reached, PATIENCE, f"{party} is never {state}")

    def loses_its_folder(self, party: str, backup_at: str, lost_at: str) -> None:
        """Back up while it runs, go on, die, lose everything, restore, start again."""
        folder, file = self.layout.party(party), self.home / f"{party}.backup"
        self.until(party, backup_at)
        word = (folder / "keystore.key").read_bytes()
        self.do("backup", file, "--config", self.layout.config(party))
        self.until(party, lost_at)
        self.agents[party].kill()
        self.end(party)
        shutil.rmtree(folder)
        self.do("restore", file, "--out", folder, ACCORD_PASSPHRASE=word.decode())
        (folder / "keystore.key").write_bytes(word)
        (folder / "keystore.key").chmod(0o600)
        self.agents[party] = self.start(party)

    def do(self, *arguments: object, **env: str) -> None:
        done = self.accord(*arguments, **env)
        assert done.returncode == 0, done.stderr

    def end(self, party: str) -> int:
        agent = self.agents[party]
        code = agent.wait(PATIENCE)
        assert agent.stdin is not None
        agent.stdin.close()
        return code

    def errors(self, party: str) -> str:
        return (self.home / f"{party}.stderr").read_text()[-2000:]

    def results(self) -> dict[str, dict[str, Any]]:
        """What each party ends with."""
        by = time.monotonic() + PATIENCE
        for party, agent in self.agents.items():
            assert agent.wait(max(1.0, by - time.monotonic())) == 0, f"{party}: {self.errors(party)}"
            self.end(party)
        return {p: json.loads((self.layout.party(p) / "result.json").read_bytes()) for p in PARTIES}

    def one_version(self) -> None:
        """No two journals know different events under one number, and nothing is missing before what is known."""
        known: dict[tuple[str, int], set[bytes]] = {}
        for party in PARTIES:
            path = self.layout.party(party) / "journal.db"
            with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
                heads = db.execute("SELECT head FROM journal WHERE kind IN ('event', 'own')").fetchall()
                heads += db.execute("SELECT head FROM outbox").fetchall()
                assert db.execute("SELECT reason FROM quarantine").fetchall() == []
            db.close()
            for (head,) in heads:
                frame = Frame.restore(head, None)
                known.setdefault((frame.header.source, frame.header.number), set()).add(frame.digest)
        assert all(len(digests) == 1 for digests in known.values())
        for party in PARTIES:
            numbers = {number for source, number in known if source == party}
            assert numbers == set(range(1, max(numbers) + 1))
