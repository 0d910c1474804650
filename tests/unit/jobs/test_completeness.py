"""Every job is whole: whoever adds one and forgets a part learns here which."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.support.completeness import missing
from tests.support.graphs import graphs, over
from tests.support.matching import folders
from tests.support.matching import terms as matching
from tests.support.models import OF, asking, brought, online, parts, prediction
from tests.support.queries import files, hidden, words
from tests.support.world import NAMES, Rows, World, agreement, alignment, binned, boosted, measuring, tables

from accord_protocols.jobs.base import SECTIONS, Job
from accord_protocols.jobs.registry import JOBS
from accord_protocols.kernel.lifecycle import COMPLETED, TERMINAL
from accord_scenarios.jobs.base import Played
from accord_scenarios.jobs.registry import PLAYED
from accord_scenarios.model import Scenario
from accord_schemas.agreement import Agreement, Member

PARTIES = 3
TABLES = tables(PARTIES, n=120, columns=2)


def carrying(agreed: Agreement) -> Agreement:
    """The same, where the shop's columns are carried along."""
    align = agreed.align.model_copy(update={"carry": {"shop": TABLES["shop"].columns}})
    return JOBS["psi"].told(agreed.model_copy(update={"align": align}))


AGREED: dict[str, Callable[[], Agreement]] = {
    "train": lambda: agreement(PARTIES, gate=0.99, max_rounds=2),
    "psi": lambda: carrying(alignment(PARTIES, gate=0.99)),
    "overlap": lambda: measuring(PARTIES),
    "predict": lambda: prediction(parts(TABLES), gate=0.99),
    "online": lambda: online(parts(TABLES), queries=5),
    "query": hidden,
    "trees": lambda: boosted(PARTIES, gate=0.99),
    "bins": lambda: binned(PARTIES, gate=0.99),
    "graph": lambda: over(PARTIES, bits=2048),
    "match": lambda: matching(0.4),
}
"""An agreement of each job, gate on."""
COMMON = {"version", "job", "name", "parties", "leads", "computing", "key_bits", "profile", "seeded", "learns"}
COMMON |= {"ids", "limits", "versions"}
_RUN: dict[str, World] = {}


def world(name: str) -> World:
    """A collaboration of a job, run to its end once."""
    if name == "query" and name not in _RUN:
        _RUN[name] = words(World(hidden(), files(["user-3", "nobody"]))).run()
    if name not in _RUN:
        own = brought(parts(TABLES)) if name in ("predict", "online") else None
        made = World(AGREED[name](), given(name), brought=own)
        _RUN[name] = (asking(made, [TABLES["bank"].ids[:5]]) if name == "online" else made).run()
    return _RUN[name]


def given(name: str) -> dict[str, Rows]:
    """Tables of a job: a graph, or rows, with a label of 0 and 1 where bins are weighed by it."""
    if name == "graph":
        return graphs(PARTIES)
    if name == "match":
        return folders(4, 3)
    if name != "bins":
        return TABLES
    labels = TABLES["bank"].labels
    assert labels is not None
    return {**TABLES, "bank": replace(TABLES["bank"], labels=(labels > np.median(labels)).astype(float))}


def scenario(name: str) -> Scenario:
    """A scenario of a job."""
    if name == "graph":
        edges = {"edges": Path("e.csv"), "source": "a", "target": "b", "flagged": Path("f.csv")}
        task = {"task": "risk", "vertices": Path("v.csv"), "max_strength": 10, "result_to": ["bank"]}
        members = {p: {"data": edges} for p in NAMES[:PARTIES]}
        return PLAYED[name].scenario.model_validate({"name": "a", "job": name, "parties": members, "graph": task})
    if name == "match":
        looking = {p: {"role": r, "data": {"images": Path(p)}} for p, r in (("bank", "client"), ("shop", "server"))}
        return PLAYED[name].scenario.model_validate(
            {"name": "a", "job": name, "parties": looking, "match": {"threshold": 0.4}}
        )
    data = {"csv": Path("a.csv"), "id": "id"}
    first, others = ("requester", "scorer") if name in ("predict", "online") else ("label_holder", "feature_holder")
    parties = {p: {"role": others, "data": data} for p in NAMES[1:PARTIES]}
    parties["bank"] = {"role": first, "data": data | ({"label": "y"} if name in ("train", "trees", "bins") else {})}
    more: dict[str, dict[str, object]] = {"train": {"train": {}}, "predict": {"predict": {"of": OF}}}
    more |= {"online": more["predict"], "trees": {"train": {"model": "boosted_trees", "protection": "paths"}}}
    more |= {"bins": {"train": {"model": "bins"}}}
    if name == "query":
        offers = {"role": "server", "data": data | {"columns": ["status"]}}
        parties = {"bank": {"role": "client", "data": data}, "shop": offers}
    value = {"name": "a", "job": name, "parties": parties, **more.get(name, {})}
    return PLAYED[name].scenario.model_validate(value)


def lacking(job: Job, played: Played | None) -> list[str]:
    return [*missing(job, played, scenario(job.name), world(job.name))]


@pytest.mark.sweep
@pytest.mark.parametrize("name", JOBS)
def test_nothing_is_missing(name: str) -> None:
    assert lacking(JOBS[name], PLAYED.get(name)) == []


def test_both_registries_have_the_same_jobs() -> None:
    assert set(JOBS) == set(PLAYED) == set(AGREED)
    assert all(name == job.name for name, job in JOBS.items())


TRAIN, PEOPLE = JOBS["train"], PLAYED["train"]
KEYS, *LATER = TRAIN.plan.phases
FORGOTTEN: dict[str, tuple[Job, Played | None]] = {
    "phases": (replace(TRAIN, plan=replace(TRAIN.plan, phases=())), PEOPLE),
    "a phase for the machine evaluate": (replace(TRAIN, plan=replace(TRAIN.plan, phases=(KEYS, *LATER[:-1]))), PEOPLE),
    "the place of ids": (replace(TRAIN, plan=replace(TRAIN.plan, phases=(replace(KEYS, clear={}), *LATER))), PEOPLE),
    "a fact of gate": (
        replace(TRAIN, facts={name: fact for name, fact in TRAIN.facts.items() if name != "gate"}),
        PEOPLE,
    ),
    "outputs": (replace(TRAIN, outputs=()), PEOPLE),
    "figures": (replace(TRAIN, figures={"surprises": lambda _: None}), PEOPLE),
    "an entry among those that can be played": (TRAIN, None),
    "a sentence of consent for each party": (replace(TRAIN, learns=lambda _s, _p: ""), PEOPLE),
    "sentences on who learns what": (TRAIN, replace(PEOPLE, learned=lambda _: [])),
    "lines for the terminal": (TRAIN, replace(PEOPLE, lines=())),
    "sections of the report": (TRAIN, replace(PEOPLE, sections=())),
    "a scenario of its own": (TRAIN, replace(PEOPLE, scenario=PLAYED["psi"].scenario)),
}


@pytest.mark.parametrize("what", FORGOTTEN)
def test_what_was_forgotten_is_named(what: str) -> None:
    job, played = FORGOTTEN[what]
    assert what in lacking(job, played)


def test_a_job_without_a_recorded_history_is_not_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.support.completeness.histories", dict)
    assert lacking(TRAIN, PEOPLE) == ["a recorded history"]


# ---- descriptors


@pytest.mark.parametrize("job", JOBS.values(), ids=JOBS)
def test_states_lead_to_completion_and_say_whose_phase_they_are(job: Job) -> None:
    assert job.table[job.last, "completed"] == COMPLETED
    assert job.checkpoints > TERMINAL and set(job.ends) > {"AGREED", COMPLETED}
    assert set(job.after.values()) <= set(job.phase_of)
    assert {kind for kind, _ in job.machines} == {*job.after, "session"}


def test_every_section_of_the_agreement_is_some_jobs() -> None:
    assert set(Agreement.model_fields) == COMMON | SECTIONS
    assert set().union(*(job.sections for job in JOBS.values())) == SECTIONS


TERMS = AGREED["train"]()


@pytest.mark.parametrize(
    ("job", "update", "word"),
    [
        ("train", {"train": None}, "cannot do without train"),
        ("psi", {"job": "psi"}, "has no test_rows"),
        ("train", {"leads": "shop"}, "is led by its label_holder, not by shop"),
        ("train", {"parties": alignment(2).parties | {"bank": TERMS.parties["shop"]}, "leads": "bank"}, "label_holder"),
        (
            "train",
            {"parties": TERMS.parties | {"telco": Member(role="x", identity="x")}},
            "no x",
        ),
    ],
)
def test_an_agreement_of_another_job_is_none_of_this_one(job: str, update: dict[str, object], word: str) -> None:
    assert word in JOBS[job].objection(TERMS.model_copy(update=update))
    assert not TRAIN.objection(TERMS) and not JOBS["psi"].objection(AGREED["psi"]())
