"""Three companies' own agents, without a seed: what a backup must hold for a collaboration to go on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.command import Command, progress, wait_for
from tests.integration.test_by_hand import PARTIES, Office
from tests.integration.test_runs import agrees
from tests.support.files import job
from tests.support.oracle import central

from accord_scenarios.layout import POLICY


@pytest.fixture(scope="module")
def office(shared_accord: Command) -> Iterator[Office]:
    """Keys exchanged, agents running; everybody accepts."""
    office = Office(shared_accord)
    for party in PARTIES:
        office.config(party, policy=POLICY)
        office.do(party, "keys", "init")
        office.do(party, "keys", "export", f"{party}.json")
    for party in PARTIES:
        for other in set(PARTIES) - {party}:
            office.do(party, "keys", "trust", f"{other}.json")
    for party in PARTIES:
        office.start(party)
    yield office
    for agent in office.agents.values():
        agent.terminate()
        agent.wait()
    office.accord.nobody_left(10)


def proposed(office: Office, name: str) -> str:
    return office.do("bank", "propose", office.accord.scenario(job(office.data, name=name))).split()[1]


def reached(office: Office, state: str) -> None:
    """The shop has come to a state once more."""
    before = progress(office.out("shop")).count(state)
    wait_for(lambda: progress(office.out("shop")).count(state) > before, 60, f"the shop is never {state}")


def lost(office: Office, backup: Path) -> None:
    """The shop is killed, and everything of it is gone but its data and a backup."""
    office.agents["shop"].kill()
    office.agents["shop"].wait()
    shutil.rmtree(office.out("shop"))
    for name in ("shop.yaml", "shop.keystore", "shop.identities.json"):
        (office.home / name).unlink()
    fresh = office.home / "restored"
    done = office.accord("restore", backup, "--out", fresh)
    assert done.returncode == 0, done.stderr
    for name in ("shop.keystore", "shop.identities.json"):
        (fresh / name).rename(office.home / name)
    (fresh / "party.yaml").rename(office.home / "shop.yaml")
    (fresh / "shop-runs").rename(office.out("shop"))
    fresh.rmdir()
    office.start("shop")


@pytest.mark.sweep
def test_what_a_backup_knows_goes_on_and_what_it_does_not_know_ends(office: Office) -> None:
    known, backup = proposed(office, "known"), office.home / "shop.backup"
    reached(office, "KEYED")
    office.do("shop", "backup", backup)
    reached(office, "PREPARED")
    lost(office, backup)
    for party in PARTIES:
        office.until(party, known, "COMPLETED", 60)
    results = {p: json.loads((office.out(p) / known / "result.json").read_text()) for p in PARTIES}
    agrees(
        results["bank"] | {"coefficients": {p: r["coefficients"][p] for p, r in results.items()}}, central(office.data)
    )

    unknown = proposed(office, "unknown")
    reached(office, "ALIGNED")
    lost(office, backup)
    for party in PARTIES:
        office.until(party, unknown, "FAILED", 60)
        status = office.state(party, unknown)
        assert (status["code"], status["by"]) == ("behind", "shop")
    office.until("shop", known, "COMPLETED", 60)  # once more
    keystore = office.home / "shop.keystore"
    wait_for(lambda: unknown not in keystore.read_text(), 40, "its keys are kept")
    assert known in keystore.read_text()
    assert all(agent.poll() is None for agent in office.agents.values()), "an agent has ended"
