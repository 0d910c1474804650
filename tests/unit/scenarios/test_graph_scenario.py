"""Scenarios of graphs: roles, paths and terms that follow, mistakes by name, a picture, and the bundled example."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.world import Rows

from accord_agents.config import data_sets, party_file
from accord_agents.intake.reader import read_table
from accord_protocols.graph.edges import Edges
from accord_protocols.jobs.registry import JOBS
from accord_scenarios import library
from accord_scenarios.graph_reference import held_against, propagated
from accord_scenarios.jobs.graph import PLAYED, Graphs
from accord_scenarios.proposal import terms
from accord_scenarios.report.graphs import HEIGHT, WIDTH, layout, picture
from accord_scenarios.scenario import load
from accord_scenarios.snapshots import sources
from accord_schemas.errors import UsageError

RISK = {"task": "risk", "vertices": "v.csv", "max_strength": 10, "result_to": ["bank"]}
NONE, ASKS = np.zeros(0, np.uint32), np.array([0, 3], np.uint32)
REACH = {"task": "reach", "vertices": "v.csv", "result_to": ["bank"]}
COMMON = REACH | {"task": "common_neighbours", "max_edges": 9}
SIMILAR = REACH | {"task": "similar"}
ASKED: dict[str, Any] = {"bank": {"ask": "q.csv"}, "shop": {"flagged": None}}


def file(folder: Path, graph: dict[str, Any] = RISK, **data: dict[str, Any]) -> Path:
    own = {"edges": "e.csv", "source": "a", "target": "b"}
    usual: dict[str, dict[str, Any]] = {"bank": {}, "shop": {"flagged": "f.csv"}}
    parties = {name: {"data": own | usual.get(name, {}) | data.get(name, {})} for name in usual | data}
    (folder / "v.csv").write_text("id\nx\ny\nz\n", encoding="utf-8")
    path = folder / "g.yaml"
    path.write_text(json.dumps({"job": "graph", "parties": parties, "graph": graph}), encoding="utf-8")
    return path


def test_roles_lists_and_terms_follow(tmp_path: Path) -> None:
    scenario = load(file(tmp_path, RISK | {"result_to": ["shop"]}))
    assert isinstance(scenario, Graphs) and scenario.leader == "shop"
    assert scenario.roles == {"bank": "member", "shop": "receiver"}
    assert scenario.parties["bank"].data.vertices == tmp_path / "v.csv" == scenario.graph.vertices
    agreed = terms(scenario, dict.fromkeys(scenario.parties, "x"))
    assert agreed.graph is not None and not JOBS["graph"].objection(agreed)
    assert (agreed.graph.size, agreed.graph.rounds, agreed.graph.damping) == (3, 8, 0.5)
    assert agreed.keyholders == ("shop", "bank") and set(agreed.learns) == {"bank", "shop"}


def test_a_resolved_scenario_is_the_same(tmp_path: Path) -> None:
    scenario = load(file(tmp_path, REACH, bank={"ask": "q.csv"}))
    again = tmp_path / "elsewhere"
    again.mkdir()
    (again / "g.yaml").write_text(json.dumps(scenario.resolved()), encoding="utf-8")
    assert load(again / "g.yaml") == scenario
    found = sources(scenario)
    assert [source.asks for source in found.values()] == [True, False]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("graph", "data", "says"),
    [
        (RISK | {"result_to": ["telco"]}, {}, "graph.result_to names telco, which is no party"),
        (RISK | {"hops": 2}, {}, "hops is for task: reach, not for risk"),
        ({k: v for k, v in RISK.items() if k != "max_strength"}, {}, "task: risk needs max_strength, above 0"),
        (RISK | {"max_strength": 0}, {}, "graph.max_strength is 0; it must be above 0"),
        (RISK | {"damping": 1.5}, {}, "graph.damping is 1.5; it must be at most 1"),
        (RISK | {"task": "walk"}, {}, "graph.task is"),
        (RISK | {"roundes": 3}, {}, "graph.roundes is unknown; did you mean rounds?"),
        (RISK, {"shop": {"flagged": None}}, "no party flags a vertex"),
        (RISK, {"bank": {"ask": "q.csv"}}, "parties.bank.data.ask is for task: reach"),
        (RISK | {"queries": 3}, {}, "queries is for task: reach or common_neighbours or similar, not for risk"),
        (SIMILAR | {"degree": 3}, ASKED, "degree is for task: common_neighbours, not for similar"),
        (SIMILAR | {"result_to": ["bank", "shop"]}, ASKED, "task: similar has one party that asks"),
        (SIMILAR, {"bank": {"ask": "q.csv"}}, "parties.shop.data.flagged is for tasks risk and reach"),
        (COMMON | {"max_edges": None}, ASKED, "task: common_neighbours needs max_edges, above 0"),
        (REACH, {}, "task: reach has one party that asks"),
        (REACH | {"result_to": ["bank", "shop"]}, {"bank": {"ask": "q.csv"}}, "task: reach has one party that asks"),
        (REACH, {"shop": {"ask": "q.csv"}}, "task: reach has one party that asks"),
        (RISK, {"bank": {"sorce": "a"}}, "parties.bank.data.sorce is unknown; did you mean source?"),
        (RISK, {name: {} for name in ("c", "d", "e", "f")}, "found 6 parties; a graph job has 2 to 5"),
    ],
)
def test_every_mistake_is_named(tmp_path: Path, graph: dict[str, Any], data: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError) as raised:
        load(file(tmp_path, graph, **data))
    assert says in str(raised.value)


def test_terms_that_cannot_be_computed_are_refused_before_anything_starts(tmp_path: Path) -> None:
    scenario = load(file(tmp_path, RISK | {"damping": 1.0, "rounds": 100}))
    with pytest.raises(UsageError, match="agree on less damping, fewer rounds"):
        terms(scenario, dict.fromkeys(scenario.parties, "x"))


def test_bands_that_cannot_be_are_refused_before_anything_starts(tmp_path: Path) -> None:
    scenario = load(file(tmp_path, SIMILAR | {"threshold": 0.05, "recall": 0.99}, **ASKED))
    with pytest.raises(UsageError, match="agree on a higher threshold, or on less recall"):
        terms(scenario, dict.fromkeys(scenario.parties, "x"))


def test_nobody_computes_where_neighbourhoods_are_compared(tmp_path: Path) -> None:
    scenario = load(file(tmp_path, COMMON, **ASKED))
    agreed = terms(scenario, dict.fromkeys(scenario.parties, "x"))
    assert not JOBS["graph"].objection(agreed) and agreed.keyholders == () and agreed.questions == 256


def test_an_agent_reads_edges_or_a_table_as_its_file_says(tmp_path: Path) -> None:
    plain = {"party": "bank", "broker": "embedded:log.db", "keystore": "k", "identities": "i.json", "out": "o"}
    path = tmp_path / "party.yaml"

    def config(data: dict[str, Any]) -> party_file.Config:
        path.write_text(json.dumps(plain | {"data": data}), encoding="utf-8")
        return party_file.load(path)

    own = {"edges": "e.csv", "source": "a", "target": "b", "vertices": "v.csv"}
    data = config(own).data
    assert isinstance(data, data_sets.EdgeFiles) and data.edges == tmp_path / "e.csv" and data.flagged is None
    assert isinstance(config({"csv": "a.csv", "id": "id"}).data, data_sets.Source)
    with pytest.raises(UsageError, match=r"data.sorce is unknown; did you mean source\?"):
        config(own | {"sorce": "a"})
    with pytest.raises(UsageError, match=r"data.target is missing. Known keys there: edges, source, target"):
        config({name: value for name, value in own.items() if name != "target"})
    with pytest.raises(UsageError, match=r"data.id is missing. Known keys there: csv, "):
        config({"csv": "a.csv"})


def test_the_bundled_graph_is_the_club_and_its_figures_are_those_of_its_page() -> None:
    scenario = load("karate")
    assert isinstance(scenario, Graphs)
    tables = {name: read_table(source) for name, source in sources(scenario).items()}
    total: dict[tuple[str, ...], float] = {}
    for table in tables.values():
        edges = table.edges
        assert edges is not None
        for a, b, w in zip(edges.sources, edges.targets, edges.weights, strict=True):
            pair = tuple(sorted((table.ids[a], table.ids[b])))
            total[pair] = total.get(pair, 0) + w
    assert (len(total), sum(total.values()), len(tables["dojo"].ids)) == (78, 231.0, 34)
    rows = sum(len(table.edges.sources) for table in tables.values() if table.edges is not None)
    readme = (library.FOLDER / "karate" / "README.md").read_text(encoding="utf-8")
    assert rows == 86 and "eight of 78" in readme


# ---- results


def test_a_result_is_held_against_plaintext(tmp_path: Path) -> None:
    scenario = load("karate")
    assert isinstance(scenario, Graphs)
    tables = {name: read_table(source) for name, source in sources(scenario).items()}
    agreed = scenario.graph.terms("0" * 64, 34)
    plain = propagated([table.edges for table in tables.values() if table.edges], 34, agreed)
    assert plain.max() > 1 and (plain > 0).all()
    with (tmp_path / "graph.csv").open("w", encoding="utf-8", newline="") as out:
        rows = zip(tables["dojo"].ids, plain + 3e-6, strict=True)
        csv.writer(out).writerows([("id", "score"), *rows])
    result: dict[str, Any] = {}
    held_against(scenario.graph, sorted(tables), result, tables.__getitem__, lambda _: tmp_path)
    assert result["reference"]["max_score_error"] == pytest.approx(3e-6, rel=1e-3)


def ends(*pairs: tuple[int, int], asked: np.ndarray = NONE) -> Edges:
    some = np.array(pairs, np.uint32)
    return Edges(some[:, 0], some[:, 1], np.ones(len(some)), NONE, asked)


SMALL = {"bank": ends((0, 1), (0, 2), (3, 4), asked=ASKS), "shop": ends((0, 1), (5, 1), (5, 2))}
IDS = tuple(f"v{k}" for k in range(6))


@pytest.mark.parametrize(
    ("graph", "rows", "plain"),
    [
        (COMMON, "id,party,common\nv0,shop,1\nv3,shop,0\n", {"wrong": 0}),
        (COMMON, "id,party,common\nv0,shop,2\nv3,shop,0\n", {"wrong": 1}),
        (SIMILAR, "id,party,match,bands\nv0,shop,v5,9\nv3,shop,,0\n", {"pairs": 2, "found": 1}),
        (REACH, "id,reached\nv0,false\nv3,true\n", {"wrong": 1}),
    ],
)
def test_answers_are_held_against_plaintext(
    tmp_path: Path, graph: dict[str, Any], rows: str, plain: dict[str, int]
) -> None:
    """v0 has v1 and v2 at the bank, v1 at the shop, where v5 has both; nobody's flags reach anybody."""
    scenario = load(file(tmp_path, graph, **ASKED, telco={"flagged": "f.csv" if graph is REACH else None}))
    assert isinstance(scenario, Graphs)
    tables = {p: Rows(IDS, (), np.zeros((6, 0)), None, edges=edges) for p, edges in SMALL.items()}
    (tmp_path / "graph.csv").write_text(rows, encoding="utf-8")
    result: dict[str, Any] = {}
    held_against(scenario.graph, sorted(tables), result, tables.__getitem__, lambda _: tmp_path)  # type: ignore[arg-type]
    assert json.loads(json.dumps(result))["reference"] == plain


def test_each_match_has_a_line_and_who_has_none_one_without() -> None:
    (output,) = JOBS["graph"].outputs
    rows = Rows(IDS, (), np.zeros((6, 0)), None, edges=SMALL["bank"])
    found = {"values": np.array([[0, 0, 5, 3], [0, 0, 2, 9], [1, 1, 4, 1]]), "others": ["shop", "telco"]}
    made = output.made(found | {"task": "similar"}, rows)
    assert made is not None
    lines = ["id,party,match,bands", "v0,shop,v2,9", "v0,shop,v5,3", "v0,telco,,0", "v3,shop,,0", "v3,telco,v4,1"]
    assert b"".join(made).decode().split() == lines
    counts = {"values": np.array([[0, 0, 0, 7], [0, 1, 3, 0]]), "others": ["shop"], "task": "common_neighbours"}
    made = output.made(counts, rows)
    assert made is not None and b"".join(made).decode().split() == ["id,party,common", "v0,shop,7", "v3,shop,0"]


DRAWN = {
    "vertices": ["a<b>", "c", "d"],
    "values": [1.0, 0.25, 0.0],
    "flagged": [True, False, False],
    "edges": [[0, 1]],
}


def result(task: str, **more: Any) -> dict[str, Any]:
    found = {"task": task, "vertices": 3, "result_to": ["bank"], "drawing": DRAWN, **more}
    return {
        "status": "COMPLETED",
        "job": "graph",
        "leader": "bank",
        "parties": dict.fromkeys(["bank", "shop"], "x"),
        "graph": found,
    }


def test_the_picture_has_a_shade_for_every_vertex_and_a_line_for_every_own_edge() -> None:
    page = picture(result("risk"))
    assert page.count('class="risk"') == 3 and page.count("<line") == 1 and page.count("vertex flagged") == 1
    assert 'fill-opacity="0.25"' in page and "a&lt;b&gt;" in page and "<b>" not in page
    assert picture({}) == picture(result("risk") | {"graph": {"task": "risk"}}) == ""
    near = picture(result("reach", asked=3, reached=1))
    assert "not near" in near and "score" not in near


def test_places_are_within_the_drawing_and_neighbours_are_near() -> None:
    places = layout(12, [(0, 1), (2, 3)])
    assert (places >= 0).all() and (places <= [WIDTH, HEIGHT]).all()
    apart = np.sqrt(((places[:, None] - places[None]) ** 2).sum(axis=2))
    assert apart[0, 1] < np.median(apart) and apart[2, 3] < np.median(apart)
    assert (layout(12, [(0, 1), (2, 3)]) == places).all() and layout(1, []).shape == (1, 2)


def test_outcomes_in_words() -> None:
    reach = result("reach", asked=3, reached=1) | {"reference": {"wrong": 0}}
    assert PLAYED.verdict(reach).startswith(
        "bank asked bank and shop together: 1 of 3 vertices are near a flagged one."
    )
    assert "0 answers differ" in PLAYED.verdict(reach)
    alike = result("similar", matches=4, matched=2, bands=47) | {"reference": {"pairs": 5, "found": 4}}
    assert "4 matches for 2 of its vertices, by 47 bands. Of 5 pairs" in PLAYED.verdict(alike)
    common = result("common_neighbours", asked=2, common=7) | {"reference": {"wrong": 0}}
    assert "2 vertices, whose graphs have 7 neighbours in common. 0 numbers" in PLAYED.verdict(common)
    assert "no edge as such" in PLAYED.learned(common)[0] and "score" not in " ".join(PLAYED.learned(alike))
    assert "alike" in picture(alike) and "in common" in picture(common)
    risk = result("risk") | {"reference": {"max_score_error": 1e-7}}
    assert "learned the risk of 3 vertices" in PLAYED.verdict(risk) and "at most 1e-07" in PLAYED.verdict(risk)
    assert any("not" not in said and "every vertex" in said for said in PLAYED.learned(risk))
    assert all(PLAYED.learned(reach)) and "nothing else" in PLAYED.learned(reach)[0]
