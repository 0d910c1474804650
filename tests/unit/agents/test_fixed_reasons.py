"""What is said to everybody of an end has no number of rows and no path; one's own result has."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.support.simulated import NOW, SimulatedNetwork
from tests.support.world import agreement, tables

from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.config.policy import Policy
from accord_agents.execution.blobs import BlobStore
from accord_agents.execution.worker import TaskRequest, work
from accord_agents.service.rerun_guard import Reruns, objections
from accord_schemas.blob import Blob
from accord_schemas.errors import TamperError
from accord_schemas.events import Refuse
from accord_schemas.frame import Frame

CLOSED = {"protection": "closed", "engine": "lattice", "optimiser": "newton"}
LEAK = re.compile(r"\d|/")


def order(task: str, snapshot: tuple[str, str] | None = None, **inputs: Any) -> TaskRequest:
    return TaskRequest(task, inputs, b"k" * 32, {}, snapshot, 0, slice(None))


def test_a_job_that_cannot_be_done_names_itself_alone(tmp_path: Path) -> None:
    """No text of an exception."""
    broken = work(order("keys.paillier.make", bits="4711 bits"))
    assert broken.trigger == "failed" and broken.reason.startswith("the job ") and not LEAK.search(broken.reason)
    assert broken.detail


def test_damage_at_home_stops_the_agent_and_fails_no_collaboration(tmp_path: Path) -> None:
    """What a worker reads was damaged or is gone: restored, the job is done again, and nobody else hears of it."""
    store = BlobStore(tmp_path / "blobs", bytes(32))
    with store.writer() as writer:
        writer.write(bytes(8000))
        blob = Blob(writer.finish(), "f8", (1000,), store)
    (path,) = (tmp_path / "blobs").iterdir()
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    for damaged in (order("pads.encrypt", pads=blob), order("prepare.fit", (str(tmp_path / "ab12.table"), "ab12"))):
        with pytest.raises(TamperError, match=str(tmp_path)):
            work(damaged)


def test_too_few_rows_are_not_counted_for_others(tmp_path: Path) -> None:
    note = {"train_rows": 123, "columns": [{"kept": True}] * 7}
    reruns, asked = Reruns(tmp_path, bytes(32)), cast(Collaboration, SimpleNamespace(me="bank", agreement=None))
    found = objections(Policy(refuse_few_rows=True), reruns, asked, note, lambda _: None)
    assert list(found) == [("there are too few TRAIN rows", "123 TRAIN rows for 7 columns, of 50 for each")]


@pytest.mark.parametrize(("level", "refused"), [({}, True), (CLOSED, False)])
def test_rows_are_few_for_the_rounds_that_open_gradients(tmp_path: Path, level: dict[str, Any], refused: bool) -> None:
    terms = agreement(2, 3072, max_rounds=60, **level)
    note = {"train_rows": 60 * 70, "columns": [{"kept": True}] * 8}
    reruns, asked = Reruns(tmp_path, bytes(32)), cast(Collaboration, SimpleNamespace(me="bank", agreement=terms))
    found = list(objections(Policy(refuse_few_rows=True), reruns, asked, note, lambda _: None))
    assert [reason for reason, _ in found] == ["there are too few TRAIN rows"] * refused
    assert not list(objections(Policy(), reruns, asked, note, lambda _: None)), "a warning, unless a policy says so"


def test_details_stay_at_home(tmp_path: Path) -> None:
    """Nothing on the log holds them."""
    network = SimulatedNetwork(tmp_path, agreement(3, max_rounds=2), tables(3, n=60, columns=2))
    bank, shop = network.members["bank"], network.members["shop"]
    bank.propose()
    bank.publish()
    for index in range(len(network.log)):
        shop.deliver(index)
    (collaboration,) = shop.dispatcher.collaborations.values()
    fields = {"reason": "the common rows cannot be used", "detail": "/home/shop/ab.table: 4711 rows"}
    shop.take(lambda: shop.dispatcher.command(collaboration.cid, "refused", fields, NOW))
    shop.publish()
    said = [Frame.decode(data) for _, data in network.log]
    refusals = [Refuse.decode(f.payload).reason for f in said if f.header.event_class is Refuse]
    assert refusals == ["the common rows cannot be used"] and collaboration.detail == fields["detail"]
    assert not any(b"4711" in data for _, data in network.log)
    network.close()
