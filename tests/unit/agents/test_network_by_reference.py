"""Whole parties whose large numbers are in files: any order, loss and deaths, the same models as with all in memory."""

from __future__ import annotations

import contextlib
import random
from pathlib import Path
from typing import Any

import pytest
from tests.support.simulated import KilledError, SimulatedNetwork
from tests.support.world import agreement, tables

import accord_agents.backup.stream
import accord_agents.collaboration.assembler
import accord_agents.journal.payloads
from accord_agents.backup.create import backup
from accord_agents.backup.restore import restore
from accord_agents.collaboration.dispatcher import Dispatcher
from accord_agents.execution.blobs import BLOBS
from accord_agents.files import yaml12
from accord_agents.journal.erasure import erase
from accord_agents.journal.journal import BODIES, Journal
from accord_agents.loop.recovery_answers import frames
from accord_agents.security.entropy import SystemEntropy
from accord_agents.security.keystore import RANDOM, Keystore
from accord_agents.security.own_identity import make_identity
from accord_protocols.phases.training import evaluate, glm, padded
from accord_schemas.agreement import Limits
from accord_schemas.canonical import digest
from accord_schemas.errors import TamperError
from accord_schemas.frame import Frame

pytestmark = pytest.mark.variants

DATA = tables(3, n=40, columns=1)
TERMS = agreement(3, gate=0.99, max_rounds=1).model_copy(update={"limits": Limits(chunk_bytes=4096)})
LARGE = 1200


@pytest.fixture(autouse=True)
def little_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accord_agents.collaboration.assembler, "LARGE", LARGE)
    monkeypatch.setattr(accord_agents.journal.payloads, "OUTSIDE", 512)


@pytest.fixture(scope="module")
def in_memory(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    network = SimulatedNetwork(tmp_path_factory.mktemp("memory"), TERMS, DATA)
    try:
        return network.run().models()
    finally:
        network.close()


def deaths(order: int, often: float) -> tuple[random.Random, object]:
    rng = random.Random(order)

    def point(_party: str, _point: str) -> None:
        if rng.random() < often:
            raise KilledError

    return rng, point


@pytest.mark.parametrize(
    ("order", "often", "lose"),
    [
        pytest.param(1, 0.0, 0.0, marks=pytest.mark.sweep),
        (2, 0.02, 0.0),
        pytest.param(3, 0.02, 0.1, marks=pytest.mark.sweep),
    ],
)
def test_the_same_models_whatever_passes_by_reference(
    tmp_path: Path, order: int, often: float, lose: float, in_memory: object
) -> None:
    _, point = deaths(order, often)
    network = SimulatedNetwork(tmp_path, TERMS, DATA, order=order, point=point, lose=lose, large=LARGE)  # type: ignore[arg-type]
    try:
        assert network.run().ended
        assert network.models() == in_memory
        blobs = [path for path in tmp_path.glob("*.blobs/*/*") if path.suffix != ".part"]
        assert len(blobs) > 3 and list(tmp_path.glob("*.payloads/*"))
        for member in network.members.values():
            member.point = lambda _: None
            member.restart()  # folds all of it again and compares every frame
    finally:
        network.close()


def test_a_block_that_passes_by_reference_is_worked_on_by_reference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_memory: dict[str, Any]
) -> None:
    for module in (glm, padded, evaluate):
        monkeypatch.setattr(module, "large", lambda _block: True)
    network = SimulatedNetwork(tmp_path, TERMS, DATA, large=64)
    try:
        for party, (model, _) in network.run().models().items():  # salts follow from transcripts, which name the jobs
            there, _ = in_memory[party]
            assert model["coefficients"] == pytest.approx(there["coefficients"], abs=1e-9)
            assert model["salt"] != there["salt"]
        for member in network.members.values():
            member.restart()
    finally:
        network.close()


def test_an_own_frame_without_a_payload_is_made_again_byte_for_byte(tmp_path: Path) -> None:
    network = SimulatedNetwork(tmp_path, TERMS, DATA, large=LARGE)
    try:
        network.run()
        (cid,) = network.members["bank"].dispatcher.collaborations
        log = {Frame.decode(frame).digest: frame for _, frame in network.log}
        bank, made = network.members["bank"], 0
        for out in bank.journal.outgoing(cid):
            assert out.size == len(bank.dispatcher.payload(out.head, out.payload, out.recipe))
            frame = Frame.restore(out.head, bank.dispatcher.payload(out.head, out.payload, out.recipe))
            frame.check()
            assert frame.encode() == log[frame.digest]
            made += bool(out.recipe)
        assert made > 5
        given = frames(bank.journal, cid, "bank", 0, bank.dispatcher.payload)
        assert [frame.header.number for frame in given] == list(range(1, len(given) + 1)) and len(given) > 10
        # what is gone is missed, and never taken for something else
        for path in tmp_path.glob("bank.blobs/*/*"):
            path.unlink()
        with pytest.raises(TamperError):
            bank.restart()
    finally:
        network.close()


def test_a_bystander_keeps_headers_and_never_looks_at_bodies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_memory: object
) -> None:
    """What is for others reaches it with other bodies here: it takes part as if nothing had happened."""
    deliver, passed = Dispatcher.deliver, set[tuple[str, bytes]]()

    def blank(self: Dispatcher, family: str, data: bytes, now: str) -> None:
        frame = Frame.parse(data)
        header = frame.header
        if header.event_class.encrypted and self.me not in (header.source, *header.to):
            passed.add((self.me, frame.digest))
            data = Frame(header, bytes(len(frame.payload)), frame.signature, frame.head).encode()
        deliver(self, family, data, now)

    monkeypatch.setattr(Dispatcher, "deliver", blank)
    network = SimulatedNetwork(tmp_path, TERMS, DATA, large=LARGE)
    try:
        assert network.run().ended and network.models() == in_memory
        kept = set()
        for name, member in network.members.items():
            (cid,) = member.dispatcher.collaborations
            for row in member.journal.rows(cid):
                if row.kind == "event":
                    frame = Frame.restore(row.head, row.payload)
                    header = frame.header
                    if header.event_class.encrypted and name not in header.to:
                        assert row.payload is None
                        kept.add((name, frame.digest))
        assert kept and kept <= passed
    finally:
        network.close()


def test_a_backup_holds_what_is_in_files_and_erasing_removes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    word = b"correct horse battery staple"
    monkeypatch.setattr(accord_agents.backup.stream, "_COST", (4, 1, 1))
    monkeypatch.setenv("ACCORD_PASSPHRASE", word.decode())
    old, new = tmp_path / "old", tmp_path / "new"
    (old / "network").mkdir(parents=True)
    network = SimulatedNetwork(old / "network", TERMS, DATA, large=LARGE)
    try:
        bank = network.run().members["bank"]
        (cid,) = bank.dispatcher.collaborations
        bank.journal.close()
        places = {"bank.db": "journal.db", "bank.payloads": BODIES, "bank.blobs": BLOBS}
        (old / "runs").mkdir()
        for theirs, ours in places.items():
            (old / "network" / theirs).rename(old / "runs" / ours)
        make_identity(old / "keystore", "bank", word, SystemEntropy(), cost=RANDOM)
        Keystore.open(old / "keystore", word).put("storage", digest(b"storage", "bank"))
        value = {"party": "bank", "broker": "embedded:log.db", "data": {"csv": "bank.csv", "id": "id"}, "out": "runs"}
        value |= {"keystore": "keystore", "identities": "identities.json"}
        (old / "bank.yaml").write_text(yaml12.dump(value))
        backup(old / "bank.yaml", tmp_path / "backup")
        restore(tmp_path / "backup", new)
        found = {f.name: f.read_bytes() for f in (new / "runs" / BLOBS / cid).iterdir()}
        assert len(found) > 2
        assert found == {f.name: f.read_bytes() for f in (old / "runs" / BLOBS / cid).iterdir()}
        for theirs, ours in places.items():
            (new / "runs" / ours).rename(old / "network" / theirs)
        bank.restart()  # folds all of it again and compares every frame
        assert bank.dispatcher.collaborations[cid].state == "COMPLETED"
        bank.journal.close()
        for theirs, ours in places.items():
            (old / "network" / theirs).rename(new / "runs" / ours)
        with contextlib.closing(Journal(new / "runs" / "journal.db")) as journal:
            journal.set_meta(f"closed/{cid}", b"2026-01-01T00:00:00.000Z")
            erased = erase(journal, Keystore.open(new / "keystore", word), new / "runs", cid)
            assert erased.files == len(found) and erased.payloads > 0
            assert not (new / "runs" / BLOBS / cid).exists() and not (new / "runs" / BODIES / cid).exists()
            assert list(journal.bodies()) == [] and journal.meta(f"erased/{cid}") is not None
    finally:
        network.close()
