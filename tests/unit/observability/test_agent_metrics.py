"""What two agents show of themselves over a small collaboration on one embedded log."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from tests.unit.agents.test_two_agents import DATA, Party

from accord_agents.collaboration import dispatcher as dispatcher
from accord_agents.config.metrics import MetricsSettings
from accord_agents.loop.trace import span_id, trace_id, traceparent
from accord_agents.observability import view
from accord_agents.observability.endpoint import Endpoint
from accord_agents.observability.memory import Memory
from accord_agents.observability.metrics import Metrics
from accord_agents.observability.watched import Watched
from accord_broker.embedded import EmbeddedBroker
from accord_broker.embedded.log import Log
from accord_broker.port import Record
from accord_schemas.frame import Frame

ROOT = Path(__file__).parents[3]
ALIGNMENT = ("keys", "gate", "align")


class Shown(Party):
    """A party with an endpoint."""

    def __init__(self, me: str, folder: Path) -> None:
        (folder / "keystore").touch()
        broker = EmbeddedBroker(folder / "log.db")
        super().__init__(me, folder, broker)
        self.endpoint = Endpoint(MetricsSettings(listen="127.0.0.1:0"), broker, folder / "keystore", self.log)
        self.agent.broker = self.agent.publisher._broker = self.endpoint.broker
        self.seen: set[str] = set()

    async def run(self) -> None:
        memory = Memory()
        memory.sample([])
        await self.endpoint.start(self.agent, memory, lambda: 2)
        self.address = next(fields["listen"] for event, fields in self.log.lines if event == "metrics")
        try:
            self.before = await self.get("/readyz")
            await super().run()
            self.after = await self.get("/readyz")
            self.metrics = values((await self.get("/metrics"))[1])
        finally:
            await self.endpoint.stop()

    def done(self) -> bool:
        """Asked in every turn of the loop, however short the whole is."""
        self.seen.add(self.endpoint._missing())
        return super().done()

    async def get(self, path: str) -> tuple[int, str]:
        def ask() -> tuple[int, str]:
            try:
                with urllib.request.urlopen(f"http://{self.address}{path}") as answer:
                    return answer.status, answer.read().decode()
            except urllib.error.HTTPError as error:
                with error:
                    return error.code, error.read().decode()

        return await asyncio.to_thread(ask)


def values(exposition: str) -> dict[str, float]:
    lines = [line for line in exposition.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def labels(metrics: dict[str, float]) -> dict[str, set[str]]:
    """The values of each label."""
    found: dict[str, set[str]] = {}
    for name in metrics:
        for label, value in re.findall(r'(\w+)="([^"]*)"', name):
            found.setdefault(label, set()).add(value)
    return found


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shown, Shown, list[Record]]:
    folder = tmp_path_factory.mktemp("shown")
    log = Log(folder / "log.db")
    log.append([Record("psi", "x" * 32, b"no event"), Record("made up", "x", b"no event")])
    bank, shop = (Shown(me, folder) for me in DATA)

    async def together() -> None:
        await asyncio.gather(bank.run(), shop.run())

    asyncio.run(together())
    for party in (bank, shop):
        assert party.state() == "COMPLETED"
        party.close()
    records = [d.record for d in log.read(0, 10_000, 1 << 30)[0]]
    log.close()
    return bank, shop, records


def test_traffic_is_counted_per_family(pair: tuple[Shown, Shown, list[Record]]) -> None:
    bank, shop, records = pair
    for party in (bank, shop):
        m = party.metrics
        for family in ("control", "keys", "psi", "results"):
            sent = [r for r in records if r.family == family and source(r) == party.member.name]
            assert m[f'accord_events_sent_total{{family="{family}"}}'] == len(sent) > 0
            assert m[f'accord_sent_bytes_total{{family="{family}"}}'] == sum(len(r.frame) for r in sent)
            assert m[f'accord_events_received_total{{family="{family}"}}'] > len(sent)
        assert m['accord_events_received_total{family="other"}'] == 1
        assert m['accord_quarantined_total{reason="malformed"}'] == 2
        assert m['accord_quarantined_total{reason="signature"}'] == 0
        assert m["accord_journal_commit_seconds_count"] > 5
        assert m["accord_broker_connections_total"] == 1
    assert shop.metrics['accord_phase_seconds_count{phase="train"}'] == 0
    for phase in ALIGNMENT:
        assert bank.metrics[f'accord_phase_seconds_count{{phase="{phase}"}}'] == 1


def source(record: Record) -> str:
    try:
        return Frame.decode(record.frame).header.source
    except Exception:  # noqa: BLE001 - the fixture's own
        return ""


def test_what_stands_is_shown(pair: tuple[Shown, Shown, list[Record]]) -> None:
    bank, _, records = pair
    m = bank.metrics
    (cid,) = bank.member.dispatcher.collaborations
    assert m[f'accord_collaboration_state{{collaboration="{cid}",state="COMPLETED"}}'] == 1
    assert m[f'accord_collaboration_round{{collaboration="{cid}"}}'] == 0
    assert m['accord_collaborations{state="COMPLETED"}'] == 1
    assert m["accord_jobs_running"] == 2
    assert 0 < m["accord_memory_bytes"] <= m["accord_memory_peak_bytes"]
    assert m["process_resident_memory_bytes"] > 0
    assert 0 <= m['accord_lag_records{source="log"}'] <= len(records)
    assert m['accord_outbox_events{peer="shop"}'] == m['accord_outbox_age_seconds{peer="shop"}'] == 0


def test_labels_hold_nothing_of_the_data_and_are_few(pair: tuple[Shown, Shown, list[Record]]) -> None:
    for party in pair[:2]:
        found = labels(party.metrics)
        assert set(found) == {
            "collaboration", "family", "le", "peer", "phase", "reason", "source", "state", "version",
        }  # fmt: skip
        assert len(found["family"]) == 8
        assert found["source"] == {"log"}
        text = json.dumps(sorted(party.metrics))
        rows = DATA[party.member.name]
        assert not any(word in text for word in (*rows.ids, *rows.columns))


def test_readiness_follows_the_connection(pair: tuple[Shown, Shown, list[Record]]) -> None:
    for party in pair[:2]:
        assert party.before == (503, "not ready: the broker is not connected; agent.log says why\n")
        assert "" in party.seen
        assert party.after[0] == 503


def test_readiness_names_what_is_missing(tmp_path: Path) -> None:
    party = Shown("bank", tmp_path)
    party.endpoint._agent = party.agent
    party.endpoint.broker.connected = True
    assert "still being read" in party.endpoint._missing()
    party.endpoint.broker._first, party.member.dispatcher.adopting = {}, False
    assert party.endpoint._missing() == ""
    party.endpoint.broker._first = {"log": 3}
    assert "still being read" in party.endpoint._missing()
    (tmp_path / "keystore").unlink()
    assert "keystore" in party.endpoint._missing()
    party.agent.stopping.set()
    assert "stopping" in party.endpoint._missing()
    party.close()


def test_what_a_peer_has_not_confirmed_is_shown_with_its_age(tmp_path: Path) -> None:
    bank = Party("bank", tmp_path, EmbeddedBroker(tmp_path / "log.db"))
    bank.member.propose()
    (collaboration,) = bank.member.dispatcher.collaborations.values()
    bank.agent.publisher.send_queue(collaboration)
    metrics = Metrics()
    shown = view.View(bank.agent, Watched(bank.agent.broker, metrics), Memory(), lambda: 0, lambda: "", {})
    metrics.registry.register(shown)
    found = values(generate_latest(metrics.registry).decode())
    assert found['accord_outbox_events{peer="shop"}'] == collaboration.chain.sequence >= 1
    assert found['accord_outbox_age_seconds{peer="shop"}'] > 1e6, "said in 2026, on the first of January"
    bank.close()


def test_only_so_many_collaborations_are_shown_and_ended_ones_go(
    pair: tuple[Shown, Shown, list[Record]], monkeypatch: pytest.MonkeyPatch
) -> None:
    bank = pair[0]

    def shown() -> set[str]:
        found = values(generate_latest(bank.endpoint._metrics.registry).decode())
        assert found['accord_collaborations{state="COMPLETED"}'] == 1
        return labels(found).get("collaboration", set())

    monkeypatch.setattr(bank.agent.publisher, "left", lambda cid: True)
    assert shown() == set(bank.member.dispatcher.collaborations)
    monkeypatch.setattr(view, "ENDED_FOR", 0.0)
    assert shown() == set()


def test_all_parties_share_one_trace_and_it_follows_from_the_frames(pair: tuple[Shown, Shown, list[Record]]) -> None:
    bank, shop, records = pair
    (cid,) = bank.member.dispatcher.collaborations
    events = [r for r in records if source(r)]
    for record in events:
        frame = Frame.decode(record.frame)
        assert record.trace == traceparent(frame) == f"00-{trace_id(cid)}-{span_id(frame)}-01"
    assert {source(r) for r in events} == {"bank", "shop"}
    spans: dict[str, list[Frame]] = {"bank": [], "shop": []}
    for record in events:
        frame = Frame.decode(record.frame)
        if frame.header.number:
            spans[source(record)].append(frame)
    for frames in spans.values():
        for before, after in itertools.pairwise(frames):
            assert after.header.previoushash.startswith(span_id(before))
    said = {(f["trace_id"], f["span_id"]) for event, f in bank.log.lines if event == "said"}
    heard = {(f["trace_id"], f["span_id"]) for event, f in shop.log.lines if event == "row" and f["kind"] == "event"}
    assert said == {(trace_id(cid), span_id(f)) for f in spans["bank"]}
    assert heard <= said and len(heard) > 5, "the shop leaves at its own end"
    assert not any("span_id" in f for event, f in shop.log.lines if event == "row" and f["kind"] in ("command", "job"))


def test_the_table_in_the_documentation_is_complete(pair: tuple[Shown, Shown, list[Record]]) -> None:
    documented = re.findall(r"^\| `(accord_\w+)` \|", (ROOT / "docs/observability.md").read_text(), re.MULTILINE)
    exposition = generate_latest(pair[0].endpoint._metrics.registry).decode()
    assert sorted(documented) == sorted(re.findall(r"^# TYPE (accord_\w+) ", exposition, re.MULTILINE))
