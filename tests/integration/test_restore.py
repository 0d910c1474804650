"""A lost working directory: restored from an older backup and the log, the agents arrive at the same model."""

from __future__ import annotations

import pytest
from tests.integration.command import Command
from tests.integration.restoring import Trio
from tests.support.files import Parties, people


@pytest.fixture(scope="module")
def data(shared_accord: Command) -> Parties:
    return people(shared_accord.folder, 3, 150, seed=4, nasty=False)


@pytest.fixture(scope="module")
def undisturbed(shared_accord: Command, data: Parties) -> dict[str, dict[str, str]]:
    return {party: r["model_digest"] for party, r in Trio(shared_accord, data).results().items()}


@pytest.mark.parametrize(
    ("party", "backup_at", "lost_at"), [("shop", "AGREED", "PREPARED"), ("bank", "ALIGNED", "TRAINING")]
)
def test_a_lost_folder_is_restored_and_the_model_is_the_same(
    shared_accord: Command,
    data: Parties,
    undisturbed: dict[str, dict[str, str]],
    party: str,
    backup_at: str,
    lost_at: str,
) -> None:
    trio = Trio(shared_accord, data)
    trio.loses_its_folder(party, backup_at, lost_at)
    results = trio.results()
    assert {p: (r["status"], r["reason"]) for p, r in results.items()} == dict.fromkeys(results, ("COMPLETED", None))
    assert {p: r["model_digest"] for p, r in results.items()} == undisturbed
    trio.one_version()
