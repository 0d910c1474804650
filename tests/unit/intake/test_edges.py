"""A party's part of a graph out of its files: what is kept, what is left out, and what each mistake is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from accord_agents.intake.edges import EdgeSource, take_edges, vertex_list
from accord_agents.intake.snapshot import read_snapshot
from accord_agents.intake.table import Table
from accord_protocols.graph.edges import listed
from accord_schemas.errors import TamperError, UsageError
from accord_schemas.graph import Graph

VERTICES = ["v1", "v2", "v3", "Ürs"]


def source(folder: Path, text: str, *, asks: bool = False, task: str = "risk", **changes: Any) -> EdgeSource:
    """Files of a party; what is text in `changes` is the content of a file."""
    files: dict[str, Any] = {"vertices": "id\n" + "".join(f"{v}\n" for v in VERTICES), "flagged": None, "ask": None}
    files |= {"edges": text, **{name: value for name, value in changes.items() if name in (*files, "edges")}}
    paths = {name: folder / f"{name}.csv" if body is not None else None for name, body in files.items()}
    for name, path in paths.items():
        if path is not None:
            path.write_text(files[name], encoding="utf-8")
    usual: dict[str, dict[str, Any]] = {"risk": {"max_strength": 10.0}, "reach": {"queries": 2}}
    usual |= {"common_neighbours": {"max_edges": 3, "degree": 2}}
    more = {name: changes.get(name, value) for name, value in usual[task].items()}
    terms = Graph.model_validate(
        {"task": task, "vertices": listed(VERTICES), "size": len(VERTICES), "result_to": ("a",), **more}
    )
    columns = ("from", "to", changes.get("weight", "w"))
    assert paths["edges"] is not None and paths["vertices"] is not None
    return EdgeSource(paths["edges"], *columns, paths["vertices"], paths["flagged"], paths["ask"], terms, asks)


def taken(folder: Path, text: str, **changes: Any) -> Table:
    snapshot = take_edges(source(folder, text, **changes), folder / "snapshots")
    return read_snapshot(snapshot.path, snapshot.digest)


def test_edges_flags_and_questions_come_back_out_of_the_snapshot(tmp_path: Path) -> None:
    text = "w,to,from\n2,v1,v2\n0.5,v3,v1\n 3 ,Ürs, v2 \n"
    found = taken(tmp_path, text, flagged="id,x\nv3,1\nv1,2\nv3,3\n")
    edges = found.edges
    assert edges is not None and list(found.ids) == VERTICES and found.columns == ()
    assert edges.sources.tolist() == [1, 0, 1] and edges.targets.tolist() == [0, 2, 3]
    assert edges.weights.tolist() == [2.0, 0.5, 3.0]
    assert edges.flagged.tolist() == [0, 2] and not len(edges.asked)
    assert "v3" not in repr(found) and "0.5" not in repr(edges)


def test_weights_may_be_left_out_and_questions_keep_their_order(tmp_path: Path) -> None:
    found = taken(tmp_path, "from,to\nv1,v2\n", weight=None, asks=True, task="reach", ask="id\nv3\nv1\nv3\n")
    assert found.edges is not None
    assert found.edges.weights.tolist() == [1.0] and found.edges.asked.tolist() == [2, 0]


def test_who_is_not_to_ask_does_not_even_read_questions(tmp_path: Path) -> None:
    found = taken(tmp_path, "from,to\nv1,v2\n", weight=None, task="reach", ask="id\nnobody\n")
    assert found.edges is not None and not len(found.edges.asked)


def test_a_file_between_semicolons_has_commas_before_decimals(tmp_path: Path) -> None:
    found = taken(tmp_path, "from;to;w\nv1;v2;0,5\n")
    assert found.edges is not None and found.edges.weights.tolist() == [0.5]


def test_self_loops_are_left_out_and_counted(tmp_path: Path) -> None:
    found = taken(tmp_path, "from,to,w\nv1,v1,9\nv1,v2,1\nv3,v3,9\n")
    assert found.edges is not None and len(found.edges.sources) == 1
    assert found.report.warnings() == ["2 of 3 edges join a vertex with itself and were left out."]


def test_a_party_may_have_no_edges(tmp_path: Path) -> None:
    assert taken(tmp_path, "from,to,w\n").edges is not None


@pytest.mark.parametrize(
    ("text", "changes", "says"),
    [
        ("from,to,w\nv1,v2,1\nv1,v9,1\n", {}, "edges.csv line 3, column 'to': the vertex is not on the agreed list"),
        ("from,to,w\n,v2,1\n", {}, "edges.csv line 2, column 'from': an id is empty"),
        ("from,to,w\nv1,v2,0\n", {}, "line 2, column 'w': a weight is a number above 0"),
        ("from,to,w\nv1,v2,-1\n", {}, "line 2, column 'w': a weight is a number above 0"),
        ("from,to,w\nv1,v2,nan\n", {}, "a weight is a number above 0"),
        ("from,to,w\nv1,v2,inf\n", {}, "a weight is a number above 0"),
        ("from,to,w\nv1,v2,\n", {}, "a weight is a number above 0"),
        ("from,to,w\nv1,v2,heavy\n", {}, "a weight is a number above 0"),
        (
            "from,to,w\nv1,v2,6\nv2,v3,5\n",
            {},
            "the weights at the vertex 'v2' add up to 11, more than the agreed",
        ),
        ("from,too,w\nv1,v2,1\n", {}, "edges.csv has no column 'to', given as target. Did you mean 'too'?"),
        ("from,to,w\nv1,v2\n", {}, "line 2 has 2 cells"),
        ("from,to,w\nv1,v2,1\n", {"flagged": "name\nv1\n"}, "flagged.csv has no column 'id', given as flagged"),
        ("from,to,w\nv1,v2,1\n", {"flagged": "id\nv8\n"}, "flagged.csv line 2, column 'id': the vertex is not on"),
        (
            "from,to,w\nv1,v2,1\n",
            {"vertices": "id\nv1\nv2\n"},
            "vertices.csv is not the agreed list: it has 2 vertices",
        ),
        ("from,to,w\nv1,v2,1\n", {"vertices": "id\nv2\nv1\nv3\nÜrs\n"}, "or in another order"),
        ("from,to,w\nv1,v2,1\n", {"vertices": "id\nv1\nv2\nv1\n"}, "line 4 names a vertex again, as line 2 does"),
        ("from,to,w\nv1,v2,1\n", {"vertices": "id\nv1\n"}, "a graph has at least 2"),
        ("from,to\nv1,v2\n", {"weight": None, "task": "reach", "asks": True}, "nothing is asked for"),
        (
            "from,to\nv1,v2\n",
            {"weight": None, "task": "reach", "asks": True, "ask": "id\nv1\nv2\nv3\n"},
            "ask.csv asks for 3 vertices, and 2 are agreed. Ask for fewer, or agree on more: graph.queries.",
        ),
    ],
)
def test_what_cannot_be_used_is_named_with_a_remedy(
    tmp_path: Path, text: str, changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(UsageError) as raised:
        taken(tmp_path, text, **changes)
    assert says in str(raised.value) and raised.value.hint


def test_no_cell_is_quoted_in_what_is_logged(tmp_path: Path) -> None:
    for text in ("from,to,w\nv1,secret-vertex,1\n", "from,to,w\nv1,v2,secret-weight\n"):
        with pytest.raises(UsageError) as raised:
            taken(tmp_path, text)
        assert "secret" not in str(raised.value) and "secret" in raised.value.private


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no file"):
        vertex_list(tmp_path / "none.csv")


def test_equal_files_give_equal_snapshots_and_a_changed_one_is_noticed(tmp_path: Path) -> None:
    own = source(tmp_path, "from,to,w\nv1,v2,1\n")
    one, two = take_edges(own, tmp_path / "a"), take_edges(own, tmp_path / "b")
    assert one.digest == two.digest and one.path.stat().st_mode & 0o777 == 0o600
    data = bytearray(one.path.read_bytes())
    data[-20] ^= 1
    one.path.write_bytes(data)
    with pytest.raises(TamperError):
        read_snapshot(one.path, one.digest)


def test_of_many_edges_sixteen_bytes_each_are_kept(tmp_path: Path) -> None:
    """They are read line by line into arrays: what a file has besides is never in memory as a whole."""
    rng = np.random.default_rng(1)
    ends = rng.integers(1, 4, (20_000, 2))
    text = "from,to,w,note\n" + "".join(f"v{a},v{b},0.0001,{'x' * 50}\n" for a, b in ends.tolist())
    found = taken(tmp_path, text)
    assert found.edges is not None and len(found.edges.sources) == int((ends[:, 0] != ends[:, 1]).sum())
    assert found.edges.weights.nbytes + found.edges.sources.nbytes + found.edges.targets.nbytes < len(text) / 4


def test_neighbourhoods_are_no_larger_than_was_agreed(tmp_path: Path) -> None:
    """Parallel edges are one, and one of a vertex with itself is none."""
    text = "from,to\nv1,v2\nv2,v1\nv1,v3\nv1,v1\nv2,Ürs\n"
    terms: dict[str, Any] = {"weight": None, "asks": True, "task": "common_neighbours", "ask": "id\nv1\n"}
    assert taken(tmp_path, text, **terms).edges is not None
    with pytest.raises(UsageError, match="has 3 edges, and max_edges is agreed to be 2"):
        taken(tmp_path, text, max_edges=2, **terms)
    with pytest.raises(UsageError, match=r"'v1' is asked for and has 2 neighbours, more than the agreed degree of 1"):
        taken(tmp_path, text, degree=1, **terms)
