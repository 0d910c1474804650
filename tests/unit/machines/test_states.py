"""The life of a collaboration: its table is whole, and the documentation shows this table."""

from __future__ import annotations

from pathlib import Path

import pytest

from accord_protocols.jobs.document import MARK, document
from accord_protocols.jobs.registry import JOBS
from accord_protocols.kernel.lifecycle import TERMINAL, IllegalTransitionError, Table, diagram, follow

START = ("proposed", "agreed", "keyed")
EVERY = pytest.mark.parametrize("table", [job.table for job in JOBS.values()], ids=JOBS)
DOCUMENT = Path(__file__).parents[3] / "docs" / "state-machines.md"


@EVERY
def test_every_state_is_reached_and_every_other_one_ends(table: Table) -> None:
    states = set(table.values())
    reached, fresh = {""}, {""}
    while fresh:
        fresh = {end for (state, _), end in table.items() if state in fresh} - reached
        reached |= fresh
    assert reached == states | {""}
    ends = set(TERMINAL)
    while more := {state for (state, _), end in table.items() if end in ends} - ends:
        ends |= more
    assert ends == states | {""}


@EVERY
def test_terminal_states_have_no_way_out_and_the_others_can_fail(table: Table) -> None:
    states = set(table.values())
    assert not {state for state, _ in table} & TERMINAL and states > TERMINAL
    for state in states - TERMINAL:
        assert {follow(table, state, t) for t in ("cancelled", "expired", "failed")} == {
            "CANCELLED",
            "EXPIRED",
            "FAILED",
        }
    for state in TERMINAL:
        for trigger in {t for _, t in table}:
            with pytest.raises(IllegalTransitionError):
                follow(table, state, trigger)


@EVERY
def test_nothing_happens_that_the_table_does_not_know(table: Table) -> None:
    states = set(table.values())
    triggers = {trigger for _, trigger in table} | {"", "unheard"}
    for state in states | {"", "UNHEARD"}:
        for trigger in triggers:
            if (state, trigger) in table:
                assert follow(table, state, trigger) == table[state, trigger]
            else:
                with pytest.raises(IllegalTransitionError, match="cannot happen"):
                    follow(table, state, trigger)


def test_a_training_runs_straight_to_its_end() -> None:
    state = ""
    for trigger in (*START, "gated", "aligned", "prepared", "round", "round", "converged", "completed"):
        state = follow(JOBS["train"].table, state, trigger)
    assert state == "COMPLETED"


def test_the_documented_jobs_are_these() -> None:
    text = DOCUMENT.read_text(encoding="utf-8").partition(MARK)[2]
    stale = f"{DOCUMENT.name} is stale: python -m accord_protocols.jobs.document docs/{DOCUMENT.name}"
    assert text.strip() == document(JOBS.values()).strip(), stale


@EVERY
def test_the_diagram_has_every_row(table: Table) -> None:
    lines = diagram(table).splitlines()
    assert lines[0] == "stateDiagram-v2" and "    [*] --> PROPOSED: proposed" in lines
    assert len(lines) == 1 + len(table) + len(TERMINAL) == len(set(lines))
