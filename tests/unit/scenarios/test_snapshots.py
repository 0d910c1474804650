"""A run reads each party's file once: the runner does, and the agents go on with what it made of them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.support.files import job, people, write_scenario
from tests.support.world import agreement

from accord_agents.intake.reader import read_table
from accord_agents.service.acceptance import Acceptance
from accord_scenarios.layout import Layout, create
from accord_scenarios.proposal import terms
from accord_scenarios.scenario import load
from accord_scenarios.snapshots import sources, table, taken
from accord_schemas.errors import UsageError


@pytest.fixture
def scenario(tmp_path: Path) -> Any:
    (tmp_path / "data").mkdir()
    write_scenario(tmp_path / "scenario.yaml", job(people(tmp_path / "data", 2, 40)))
    return load(str(tmp_path / "scenario.yaml"), [])


def test_each_party_gets_its_own_and_nothing_stays_beside(scenario: Any, tmp_path: Path) -> None:
    before, home = set(tmp_path.iterdir()), tmp_path / "runs" / "one"
    with taken(scenario, home) as snapshots:
        assert {s.path.parent.parent.parent for s in snapshots.values()} == {tmp_path}
        layout = create(home, scenario, None, snapshots, force=False)
    assert set(tmp_path.iterdir()) == {*before, tmp_path / "runs"}
    keys = set()
    for party, source in sources(scenario).items():
        own, read = table(layout, party), read_table(source)
        assert own.ids == read.ids and own.columns == read.columns and own.report == read.report and own.buckets
        keys.add(own.buckets.key)
        (path,) = (layout.party(party) / "snapshots").iterdir()
        assert path.stat().st_mode & 0o777 == 0o600
    assert len(keys) == 1, "equal ids are in buckets of one number"


def test_parties_may_hold_the_same_rows(tmp_path: Path) -> None:
    (tmp_path / "ids.csv").write_text("id\nuser-1\nuser-2\n")
    parties = {name: {"data": {"csv": "ids.csv", "id": "id"}} for name in ("bank", "shop")}
    write_scenario(tmp_path / "scenario.yaml", {"name": "same", "job": "psi", "parties": parties})
    scenario, home = load(str(tmp_path / "scenario.yaml"), []), tmp_path / "one"
    with taken(scenario, home) as snapshots:
        assert snapshots["bank"].digest == snapshots["shop"].digest
        layout = create(home, scenario, None, snapshots, force=False)
    assert table(layout, "bank").ids == table(layout, "shop").ids == ["user-1", "user-2"]


def test_columns_of_categories_are_those_of_some_party(scenario: Any, tmp_path: Path) -> None:
    source = scenario.parties["shop"].data.csv
    first, *rows = source.read_text(encoding="utf-8").splitlines()
    cities = [f"{row},{'Ulm' if k % 2 else 'Bonn'}" for k, row in enumerate(rows)]
    source.write_text("\n".join([f"{first},city", *cities]) + "\n", encoding="utf-8")
    loaded = load(str(tmp_path / "scenario.yaml"), ["prepare.one_hot=[city]"])
    with taken(loaded, tmp_path / "one") as snapshots:
        layout = create(tmp_path / "one", loaded, None, snapshots, force=False)
    assert table(layout, "shop").categories == {"city": ("Bonn", "Ulm")} and not table(layout, "bank").categories
    loaded = load(str(tmp_path / "scenario.yaml"), ["prepare.one_hot=[city, town]"])
    refused = pytest.raises(UsageError, match=r"prepare\.one_hot names 'town', which is no feature of any party")
    with refused, taken(loaded, tmp_path / "two"):
        raise AssertionError("it was taken")
    bank = scenario.parties["bank"].data.csv
    head, *cells = (line.split(",") for line in bank.read_text(encoding="utf-8").splitlines())
    for k, row in enumerate(cells):
        row[head.index("y")] = str(k % 2)
    bank.write_text("\n".join(map(",".join, [head, *cells])) + "\n", encoding="utf-8")
    loaded = load(str(tmp_path / "scenario.yaml"), ["train.model=logistic", "prepare={one_hot: [city], woe: [town]}"])
    refused = pytest.raises(UsageError, match=r"prepare\.woe names 'town', which is no feature of any party")
    with refused, taken(loaded, tmp_path / "three"):
        raise AssertionError("it was taken")


def test_of_files_that_cannot_be_used_nothing_stays(scenario: Any, tmp_path: Path) -> None:
    with scenario.parties["shop"].data.csv.open("a", encoding="utf-8") as file:
        file.write("one cell\n")
    before = set(tmp_path.iterdir())
    with pytest.raises(UsageError, match="shop"), taken(scenario, tmp_path / "runs" / "one"):
        raise AssertionError("it was taken")
    assert set(tmp_path.iterdir()) == before


def test_an_agent_goes_on_with_what_was_taken(scenario: Any, tmp_path: Path) -> None:
    """Its file may be gone by then."""
    with taken(scenario, tmp_path / "one") as snapshots:
        layout = create(tmp_path / "one", scenario, None, snapshots, force=False)
    said: list[tuple[str, dict[str, Any]]] = []
    found = accepted(scenario, layout, "shop", json.loads(layout.one_shot("shop").read_bytes())["snapshot"], said)
    ((command, fields),) = said
    assert (command, fields["snapshot"], fields["rows"]) == ("accept", snapshots["shop"].digest, found)
    said.clear()
    accepted(scenario, layout, "shop", None, said)
    assert said[0][0] == "refused" and "there is no file" in said[0][1]["detail"]


def accepted(scenario: Any, layout: Layout, party: str, digest: str | None, said: list[Any]) -> int:
    data = scenario.parties[party].data
    rows = len(table(layout, party).ids)
    data.csv.unlink(missing_ok=True)
    config: Any = SimpleNamespace(party=party, chosen=lambda _: data, out=layout.party(party))
    collaboration: Any = SimpleNamespace(cid="c1", agreement=agreement(2), peers=("bank",), ended=False)
    budget: Any = SimpleNamespace(spend=lambda *_: None)
    log: Any = SimpleNamespace(error=lambda *_, **__: None)
    acceptance = Acceptance(
        config,
        log,
        lambda _cid, command, fields: said.append((command, fields)),
        lambda work: asyncio.run(work),
        lambda *_: bytes(32),
        budget,
        seeded_allowed=True,
        taken=digest,
    )
    acceptance.accept(collaboration)
    return rows


def test_ids_are_evened_out_alike_at_everybody_and_the_agreement_names_no_column(tmp_path: Path) -> None:
    (tmp_path / "bank.csv").write_text("email\nAnn@x.org\nBob@x.org\n")
    (tmp_path / "shop.csv").write_text("mail\nann@X.org\nzoe@x.org\n")
    bank = {"csv": str(tmp_path / "bank.csv"), "id": {"column": "email", "normalise": ["lower"]}}
    parties = {"bank": {"data": bank}, "shop": {"data": {"csv": str(tmp_path / "shop.csv"), "id": "mail"}}}
    path = tmp_path / "lists.yaml"
    path.write_text(json.dumps({"name": "lists", "job": "psi", "parties": parties}))
    scenario = load(path)
    assert terms(scenario, dict.fromkeys(parties, "")).terms()["ids"] == {"normalise": ["lower"]}
    found = {name: set(read_table(source).ids) for name, source in sources(scenario).items()}
    assert found["bank"] & found["shop"] == {"ann@x.org"}


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ({"column": "mail", "normalise": ["digits"]}, "ids are normalised differently"),
        (["mail", "name"], "the ids of bank and shop are made of different numbers of columns"),
    ],
)
def test_ids_that_differ_in_form_are_refused_beforehand(tmp_path: Path, own: Any, words: str) -> None:
    bank = {"csv": "bank.csv", "id": {"column": "email", "normalise": ["lower"]}}
    parties = {"bank": {"data": bank}, "shop": {"data": {"csv": "shop.csv", "id": own}}}
    path = tmp_path / "lists.yaml"
    path.write_text(json.dumps({"name": "lists", "job": "psi", "parties": parties}))
    with pytest.raises(UsageError, match=words):
        load(path)
