"""A proposal says roles; where rows lie and what columns are called is in each party's own file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from accord_agents.config.party_file import load as party_file
from accord_scenarios import library
from accord_scenarios.proposal import terms
from accord_scenarios.scenario import load
from accord_scenarios.untold import completed
from accord_schemas.errors import UsageError

ROWS = {"csv": "rows.csv", "id": "email", "label": "spend"}
ROLES: dict[str, Any] = {"bank": {"role": "label_holder"}, "shop": {"role": "feature_holder"}}


def agreed(folder: Path, content: Mapping[str, Any], mine: Mapping[str, Any], me: str = "bank") -> Any:
    (folder / "job.yaml").write_text(yaml.safe_dump(dict(content)))
    names = {"keystore": "k", "identities": "i", "out": "runs", "broker": "embedded:log.db"}
    (folder / "party.yaml").write_text(yaml.safe_dump({"party": me, "data": dict(mine), **names}))
    own = party_file(folder / "party.yaml")
    scenario = load(folder / "job.yaml", complete=completed(me, own.chosen("")))
    return terms(scenario, dict.fromkeys(scenario.parties, "0" * 64))


@pytest.mark.parametrize("train", [{}, {"model": "boosted_trees", "objective": "squared"}, {"model": "bins"}])
@pytest.mark.parametrize("me", ["bank", "shop"])
def test_roles_are_enough_whoever_proposes(tmp_path: Path, train: dict[str, Any], me: str) -> None:
    mine = ROWS if me == "bank" else {"parquet": "shop.parquet", "id": "mail"}
    others = {"bank": {"role": "label_holder", "data": ROWS}, "shop": {"role": "feature_holder", "data": ROWS}}
    del others["shop"]["data"]
    others["shop"]["data"] = {"csv": "shop.csv", "id": "mail"}
    short, long = (agreed(tmp_path, {"parties": p, "train": train}, mine, me) for p in (ROLES, others))
    assert short == long


def test_the_proposers_ids_are_everybodys(tmp_path: Path) -> None:
    mine = ROWS | {"id": {"column": ["country", "number"], "normalise": ["digits"]}}
    found = agreed(tmp_path, {"parties": ROLES, "train": {}}, mine)
    assert (found.ids.columns, found.ids.normalise) == (2, ("digits",))
    assert agreed(tmp_path, {"parties": {"bank": {"role": "label_holder"}, **ROLES}}, mine).job == "psi"


def test_what_is_said_is_kept_and_checked(tmp_path: Path) -> None:
    other = ROLES | {"shop": {"role": "feature_holder", "data": {"id": ["a", "b"]}}}
    with pytest.raises(UsageError, match="the ids of bank and shop are made of different numbers of columns"):
        agreed(tmp_path, {"parties": other, "train": {}}, ROWS)
    with pytest.raises(UsageError, match=r"parties.shop.data is a list; it must be a section"):
        agreed(tmp_path, {"parties": ROLES | {"shop": {"role": "feature_holder", "data": []}}}, ROWS)
    with pytest.raises(UsageError, match=r"parties.bank.data.label is missing"):
        agreed(tmp_path, {"parties": ROLES, "train": {}}, {"csv": "rows.csv", "id": "email"})
    with pytest.raises(UsageError, match="parties is missing"):
        agreed(tmp_path, {"train": {}}, ROWS)


def test_hidden_queries_and_pictures_and_graphs(tmp_path: Path) -> None:
    asked = {"client": {"role": "client"}, "vault": {"role": "server", "data": {"columns": ["city"]}}}
    found = agreed(tmp_path, {"job": "query", "parties": asked}, {"csv": "a.csv", "id": "iban"}, "client")
    assert found.query.columns == ("city",)
    with pytest.raises(UsageError, match=r"names no data.columns: what may be asked for"):
        agreed(
            tmp_path,
            {"job": "query", "parties": {**asked, "vault": {"role": "server"}}},
            {"csv": "a.csv", "id": "iban"},
            "client",
        )
    looks = {"gate": {"role": "client"}, "registry": {"role": "server"}}
    search = {"job": "match", "parties": looks, "match": {"kind": "picture", "threshold": 9}}
    assert agreed(tmp_path, search, {"images": "probes"}, "gate").match.threshold == 9
    (tmp_path / "people.csv").write_text("id\na\nb\n")
    edges = {"edges": "calls.csv", "source": "a", "target": "b", "vertices": "people.csv"}
    graph = {"task": "reach", "vertices": "people.csv", "result_to": ["bank"], "hops": 2, "queries": 1}
    three = {"job": "graph", "parties": {"bank": {}, "shop": {}, "telco": {}}, "graph": graph}
    assert agreed(tmp_path, three, edges | {"ask": "who.csv"}).graph.hops == 2
    assert agreed(tmp_path, three, edges | {"flagged": "bad.csv"}, "shop").graph.result_to == ("bank",)
    risk = {**three, "graph": {"task": "risk", "max_strength": 1, "vertices": "people.csv", "result_to": ["bank"]}}
    assert agreed(tmp_path, risk, edges).graph.task == "risk"


def test_every_example_without_its_files(tmp_path: Path) -> None:
    """Each bundled scenario gives the same agreement when only the proposer's data are said."""
    for name in library.names():
        whole = load(name)
        first = next(iter(whole.parties))
        content = json.loads(json.dumps(whole.resolved()))
        mine = content["parties"][first]["data"]
        for party in content["parties"].values():
            kept = {"columns": columns} if (columns := party["data"].get("columns")) else {}
            del party["data"]
            party |= {"data": kept} if kept else {}
        prints = dict.fromkeys(whole.parties, "0" * 64)
        assert agreed(tmp_path, content, mine, first) == terms(whole, prints), name
