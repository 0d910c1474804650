"""`job: query` for people: what a scenario has to say, and how a result reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from accord_scenarios.jobs.query import PLAYED, HiddenQuery
from accord_scenarios.jobs.registry import verdict
from accord_scenarios.merge import merge
from accord_scenarios.proposal import terms
from accord_scenarios.scenario import load
from accord_schemas.agreement import Agreement
from accord_schemas.errors import UsageError
from accord_schemas.parts import Query

PARTIES: dict[str, dict[str, Any]] = {
    "registry": {"role": "server", "data": {"csv": "registry.csv", "id": "id", "columns": ["status", "amount"]}},
    "shop": {"role": "client", "data": {"csv": "wanted.csv", "id": "id"}},
}


def scenario(folder: Path, **changes: Any) -> HiddenQuery:
    value = {"name": "q", "job": "query", "parties": PARTIES, **changes}
    path = folder / "q.yaml"
    path.write_text(yaml.safe_dump(value), encoding="utf-8")
    loaded = load(path)
    assert isinstance(loaded, HiddenQuery)
    return loaded


def test_the_agreement_follows_from_the_scenario(tmp_path: Path) -> None:
    loaded = scenario(tmp_path, query={"max_queries": 7})
    agreed = terms(loaded, dict.fromkeys(PARTIES, "x"))
    assert agreed.query == Query(columns=("status", "amount"), max_queries=7) and agreed.leader == "shop"
    assert not PLAYED.job.objection(agreed) and not PLAYED.job.untold(agreed)
    assert Agreement.decode(agreed.terms()) == agreed
    assert scenario(tmp_path, query=None).query.max_queries == 1000
    (tmp_path / "resolved.yaml").write_text(yaml.safe_dump(loaded.resolved()), encoding="utf-8")
    assert load(tmp_path / "resolved.yaml") == loaded


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        (
            {"parties": PARTIES | {"shop": PARTIES["shop"] | {"role": "server"}}},
            "exactly one party has the role client",
        ),
        ({"parties": PARTIES | {"third": PARTIES["shop"]}}, "exactly one party has the role client; found shop, third"),
        ({"parties": PARTIES | {"registry": {"role": "server", "data": PARTIES["shop"]["data"]}}}, "data.columns"),
        ({"query": {"protocol": "fhe"}}, "query.protocol"),
        ({"query": {"width": 0}}, "query.width"),
        ({"query": {"max_querys": 5}}, "max_queries"),
        ({"train": {}}, "train is no part of this job"),
    ],
)
def test_what_cannot_be_is_named(tmp_path: Path, changes: dict[str, Any], word: str) -> None:
    with pytest.raises(UsageError) as raised:
        scenario(tmp_path, **changes)
    assert word in str(raised.value)


def test_other_jobs_have_no_columns_to_ask_for(tmp_path: Path) -> None:
    data = {"csv": "a.csv", "id": "id"}
    value = {"name": "p", "job": "psi", "parties": {"a": {"data": data | {"columns": ["x"]}}, "b": {"data": data}}}
    (tmp_path / "p.yaml").write_text(yaml.safe_dump(value), encoding="utf-8")
    with pytest.raises(UsageError, match=r"a names data\.columns, which are for job: query"):
        load(tmp_path / "p.yaml")


def test_a_result_reads_well() -> None:
    own = {"status": "COMPLETED", "job": "query", "leader": "shop"}
    work = {"query.ask": {"jobs": 1, "seconds": 0.3}, "query.answer": {"jobs": 1, "seconds": 0.1}}
    result = merge(
        {
            "shop": own | {"questions": 10, "found": 4, "work": {"shop": work}},
            "registry": own | {"questions": 10, "work": {"registry": work}},
        },
        {"shop": "client", "registry": "server"},
    )
    assert verdict(result) == "shop asked registry for 10 keys, of which it has 4."
    lines = {name: line(result) for name, line in PLAYED.lines}
    assert lines == {
        "questions": "10, signed by both; 4 found",
        "for a question": "shop 30 ms and registry 10 ms of work",
    }
    (section,) = (make(result) for make in PLAYED.sections)
    assert "keys asked for" in section and "30 ms" in section
    nothing = {"job": "query", "status": "COMPLETED", "parties": {"shop": "client"}}
    assert [line(nothing) for _, line in PLAYED.lines] == [None, None] and PLAYED.sections[0](nothing) == ""
