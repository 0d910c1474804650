"""What stands on a broker for months: two agents, a bridge and a following auditor; and whether all came through."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

import yaml
from tests.integration.command import Command, log_lines, wait_for
from tests.support.files import job, people
from tests.support.servers import free_port

from accord_broker.factory import watch
from accord_broker.port import Record
from accord_scenarios.layout import POLICY
from accord_schemas.frame import Frame

PARTIES = ("bank", "shop")
PATIENCE = 240.0
OUTBOX = """SELECT o.family, o.collaboration, o.head, p.body FROM outbox o JOIN payload p ON p.digest = o.payload"""


class Server(Protocol):
    """A broker that can be stopped and started."""

    def url(self, namespace: str) -> str: ...

    def start(self) -> None: ...

    def stop(self, how: signal.Signals) -> None: ...


class Standing:
    """Starts them and never again; a context manager that ends what is left.

    Args:
        accord: Runs commands.
        server: Running.
    """

    def __init__(self, accord: Command, server: Server) -> None:
        self.accord, self.server, self.home = accord, server, accord.folder
        accord.env["ACCORD_PASSPHRASE"] = "correct horse battery staple"  # noqa: S105 - of a test
        self.people = people(self.home, 2, 150, seed=4, nasty=False)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._ports = {party: free_port() for party in PARTIES}
        self.bridge_log = self.home / "bridge.log"

    def __enter__(self) -> Standing:
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self) -> None:
        main, mirror = self.server.url("main"), self.server.url("mirror")
        for party in PARTIES:
            config = {
                "party": party,
                "broker": main,
                "data": self.people[party]["data"],
                "policy": POLICY,
                "keystore": f"{party}.keystore",
                "identities": f"{party}.identities.json",
                "out": f"{party}-runs",
                "workers": 1,
                "metrics": {"listen": f"127.0.0.1:{self._ports[party]}"},
            }
            (self.home / f"{party}.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
            self._do(party, "keys", "init")
            self._do(party, "keys", "export", f"{party}.json")
        for party, other in (PARTIES, PARTIES[::-1]):
            self._do(party, "keys", "trust", f"{other}.json")
        for party in PARTIES:
            self.processes[party] = self.accord.start("agent", "--config", self.home / f"{party}.yaml")
        wait_for(lambda: all(map(self.ready, PARTIES)), PATIENCE, "the agents do not come up")
        state = self.home / "bridge.db"
        self.processes["bridge"] = self.accord.start("bridge", main, mirror, "--state", state, "--log", self.bridge_log)
        self.processes["auditor"] = self.accord.start("audit", "--broker", main, "--follow")
        wait_for(lambda: "following" in self.accord.said(), PATIENCE, "the auditor does not come up")
        log = self.bridge_log
        wait_for(lambda: log.exists() and "connected" in log.read_text(), PATIENCE, "the bridge does not come up")

    def __exit__(self, *_: object) -> None:
        for process in self.processes.values():
            if process.poll() is None:
                process.kill()
                process.wait()

    def _do(self, party: str, *arguments: object) -> str:
        done = self.accord(*arguments, "--config", self.home / f"{party}.yaml")
        assert done.returncode == 0, f"{arguments}: exit {done.returncode}: {done.stderr}"
        return done.stdout

    def ready(self, party: str) -> bool:
        """What ``/readyz`` of an agent says."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._ports[party]}/readyz", timeout=5):
                return True
        except (urllib.error.URLError, OSError):
            return False

    def propose(self) -> str:
        """Propose a collaboration; returns its id."""
        return self._do("bank", "propose", self.accord.scenario(job(self.people))).split()[1]

    def states(self, party: str, cid: str) -> list[str]:
        """The states of a collaboration that an agent has logged."""
        lines = log_lines(self.home / f"{party}-runs")
        return [line["state"] for line in lines if line["event"] == "progress" and line["collaboration"] == cid]

    def outage(self, state: str, how: signal.Signals, seconds: float) -> tuple[str, float, float]:
        """The broker goes away, idle or once a new collaboration has reached a state, and comes back.

        Returns:
            The collaboration's id, and how many seconds it took until the agents were shown as not ready, and as ready.
        """
        cid = self.propose() if state else ""
        if state:
            wait_for(lambda: state in self.states("bank", cid), PATIENCE, f"{cid} is never {state}")
        self.server.stop(how)
        gone = time.monotonic()
        down = self._when(lambda: not any(map(self.ready, PARTIES)), gone)
        time.sleep(max(0.0, gone + seconds - time.monotonic()))
        self.server.start()
        up = self._when(lambda: all(map(self.ready, PARTIES)), time.monotonic())
        if state:
            done = "COMPLETED"
            wait_for(lambda: all(done in self.states(p, cid) for p in PARTIES), PATIENCE, f"{cid} does not end")
        return cid, down, up

    def _when(self, condition: Callable[[], bool], since: float) -> float:
        wait_for(lambda: condition() or self.ended(), PATIENCE, "an agent shows the wrong state")
        return time.monotonic() - since

    def ended(self) -> list[str]:
        """Which of them have ended."""
        return [name for name, process in self.processes.items() if process.poll() is not None]

    def stop(self) -> dict[str, int]:
        """Ask all to end; returns their exit codes."""
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        return {name: process.wait(60) for name, process in self.processes.items()}

    def last_words(self) -> list[dict[str, Any]]:
        """The last line of each JSON log."""
        logs = [self.home / f"{party}-runs" / "agent.log" for party in PARTIES]
        return [json.loads(log.read_text().splitlines()[-1]) for log in (*logs, self.bridge_log)]

    def lost_and_doubled(self) -> tuple[int, int]:
        """Events that a peer lacks, and events that were said or taken twice; over all collaborations."""
        said = {party: list(self._frames(party, "SELECT head FROM outbox ORDER BY rowid")) for party in PARTIES}
        lost = doubled = 0
        for party, peer in (PARTIES, PARTIES[::-1]):
            query = "SELECT head FROM journal WHERE kind = 'event' ORDER BY row"
            heard = [f for f in self._frames(party, query) if f.header.source == peer]
            numbers = {(f.header.subject, f.header.number) for f in heard}
            addresses = {(f.header.subject, f.header.address, f.header.chunk) for f in said[peer]}
            doubled += len(heard) - len(numbers) + len(said[peer]) - len(addresses)
            due = {(f.header.subject, f.header.number): f for f in said[peer]}
            last = {f.header.subject: f.header.number for f in said[peer] if f.header.step == "complete"}
            lost += sum(key not in numbers for key in due if key[1] <= last.get(key[0], 0))
        return lost, doubled

    def restarted(self) -> int:
        """How often those that keep a log have started beyond the once that we started them."""
        logs = [*(self.home / f"{party}-runs" / "agent.log" for party in PARTIES), self.bridge_log]
        lines = [[json.loads(line) for line in log.read_text().splitlines()] for log in logs]
        return sum(sum(line["event"] == "started" for line in said) - 1 for said in lines)

    def not_copied(self) -> int:
        """Events that the bridge has not put on its other side, where a log is kept by reading that side."""
        said = {
            Record(family, cid, Frame.restore(head, body).encode()).digest()
            for party in PARTIES
            for family, cid, head, body in self._rows(party, OUTBOX)
        }
        query = "SELECT digest FROM seen WHERE side = 0 AND carried IS NOT NULL"
        carried = {digest for (digest,) in _read(self.home / "bridge.db", query)}
        there = asyncio.run(_digests(self.server.url("mirror")))
        return len(said - carried) if there is None else len(said - (carried & there))

    def copied(self) -> None:
        """Wait until the bridge's copy is complete."""
        wait_for(lambda: not self.not_copied(), PATIENCE, "the bridge's copy is not complete")

    def _frames(self, party: str, query: str) -> Iterator[Frame]:
        return (Frame.restore(head, None) for (head,) in self._rows(party, query))

    def _rows(self, party: str, query: str) -> list[Any]:
        return _read(self.home / f"{party}-runs" / "journal.db", query)


def _read(path: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return db.execute(query).fetchall()


async def _digests(url: str) -> set[bytes] | None:
    """Of every record on a log; None where the broker keeps none."""
    source = watch(url)
    if not source.history:
        return None
    await source.open()
    try:
        await source.subscribe({})
        end, found, at = await source.end(), set[bytes](), dict[str, int]()
        while any(at.get(name, -1) < last for name, last in end.items()):
            for delivery in await source.receive(256, 8 << 20, 1.0):
                found.add(delivery.record.digest())
                at[delivery.position.source] = delivery.position.offset
        return found
    finally:
        await source.close()
