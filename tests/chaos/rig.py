"""A small seeded run on a real broker, something bad that happens to it, and what must hold afterwards."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.integration.command import Command, progress, wait_for
from tests.support.files import Parties, job, people

from accord_scenarios import snapshots
from accord_scenarios.layout import Layout, create
from accord_scenarios.scenario import load
from accord_schemas.frame import Frame

PARTIES = ("bank", "shop", "telco")
PATIENCE = 240.0
Mischief = Callable[[Path], None]


class Rig:
    """Plays one scenario again and again.

    Args:
        accord: Runs commands.
    """

    def __init__(self, accord: Command) -> None:
        self.accord = accord
        self.people: Parties = people(accord.folder, 3, 400, seed=4, nasty=False, columns=3)
        run = accord.run(self.scenario)
        self.models = run.completed()["model_digest"]

    @property
    def scenario(self) -> dict[str, Any]:
        """Three parties, a small key, a seed: the same contents every time."""
        return job(self.people, seed=7)

    def play(self, url: str, mischief: Mischief, state: str = "PREPARED") -> Path:
        """Play it on a broker; `mischief` gets the run's folder once the label holder has reached a state."""
        out = self.accord.out()
        process = self.accord.start("run", self.accord.scenario(self.scenario), "--out", out, "--broker", url)
        wait_for(lambda: state in progress(out / "bank") or process.poll() is not None, PATIENCE, f"never {state}")
        assert process.poll() is None, f"the run ended too early: {self.accord.said()}"
        mischief(out)
        assert process.wait(PATIENCE) == 0, self.accord.said()
        result = json.loads((out / "result.json").read_bytes())
        assert (result["status"], result["model_digest"]) == ("COMPLETED", self.models), result["reason"]
        self.nothing_lost_or_doubled(out)
        return out

    def lay_out(self, home: Path, url: str) -> Layout:
        """A run's folder as the runner makes it: with the snapshots that it took."""
        scenario = load(str(self.accord.scenario(self.scenario)), [])
        with snapshots.taken(scenario, home) as taken:
            return create(home, scenario, url, taken, force=False)

    def play_oddly(self, url: str, how: str) -> Path:
        """Play it with agents whose broker delivers oddly."""
        home = self.accord.out()
        layout = self.lay_out(home, url)
        agents = []
        for party in PARTIES:
            command = [sys.executable, "-m", "tests.chaos.odd_agent", how, layout.config(party), layout.one_shot(party)]
            with (layout.party(party) / "agent.stderr").open("wb") as errors:
                process = subprocess.Popen(
                    [str(c) for c in command], stdin=subprocess.PIPE, stderr=errors, env=self.accord.env
                )
                agents.append(process)
        by = time.monotonic() + PATIENCE
        codes = [agent.wait(by - time.monotonic()) for agent in agents]
        for agent in agents:
            assert agent.stdin is not None
            agent.stdin.close()  # an agent of a run ends with whoever holds this
        assert codes == [0, 0, 0], [(layout.party(p) / "agent.stderr").read_text()[-500:] for p in PARTIES]
        for party in PARTIES:
            result = json.loads((layout.party(party) / "result.json").read_bytes())
            assert result["status"] == "COMPLETED", result["reason"]
            assert result["model_digest"] == self.models
        self.nothing_lost_or_doubled(home)
        return home

    @staticmethod
    def nothing_lost_or_doubled(home: Path) -> None:
        """Every event up to each `complete` is in every journal that it was for, once and as it was said."""
        said = {party: outbox(home / party) for party in PARTIES}
        for party in PARTIES:
            numbers = [frame.header.number for frame in said[party]]
            assert numbers == list(range(1, len(numbers) + 1)), f"{party} has gaps in what it said"
            addresses = [(frame.header.address, frame.header.chunk) for frame in said[party]]
            assert len(set(addresses)) == len(addresses), f"{party} said something twice"
            heard = journal(home / party)
            for peer in set(PARTIES) - {party}:
                frames = [frame for frame in heard if frame.header.source == peer]
                digests = {frame.header.number: frame.digest for frame in frames}
                assert len(digests) == len(frames), f"{party} has taken an event of {peer} twice"
                by_peer = {frame.header.number: frame for frame in said[peer]}
                last = max(n for n, frame in by_peer.items() if frame.header.step == "complete")
                assert set(range(1, last + 1)) <= set(digests), f"{party} lacks events of {peer}"
                for number, digest in digests.items():
                    assert by_peer[number].digest == digest, f"{party} has another version of an event of {peer}"


def outbox(folder: Path) -> list[Frame]:
    """What a party has said, in order."""
    return _frames(folder, "SELECT head FROM outbox ORDER BY sequence")


def journal(folder: Path) -> list[Frame]:
    """What a party has taken from its peers."""
    return _frames(folder, "SELECT head FROM journal WHERE kind = 'event' ORDER BY row")


def _frames(folder: Path, query: str) -> list[Frame]:
    with sqlite3.connect(f"file:{folder / 'journal.db'}?mode=ro", uri=True) as db:
        heads = db.execute(query).fetchall()
    db.close()
    return [Frame.restore(head, None) for (head,) in heads]
