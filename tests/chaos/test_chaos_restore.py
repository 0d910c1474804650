"""A lost working directory over Mosquitto: the broker keeps nothing, the peers give back what was said."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from tests.chaos.rig import Rig
from tests.contract.mosquitto import Mosquitto, needs_mosquitto
from tests.integration.restoring import Trio

needs_mosquitto(own=True)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path_factory.mktemp("restore") / "mosquitto") as server:
        yield server


def test_a_lost_folder_is_restored_and_the_model_is_the_same(rig: Rig, server: Mosquitto) -> None:
    trio = Trio(rig.accord, rig.people, server.url(f"space-{uuid.uuid4().hex}"))
    trio.loses_its_folder("bank", "ALIGNED", "PREPARED")
    results = trio.results()
    assert {p: (r["status"], r["reason"]) for p, r in results.items()} == dict.fromkeys(results, ("COMPLETED", None))
    assert {p: r["model_digest"][p] for p, r in results.items()} == rig.models
    trio.one_version()
