"""The life of a collaboration: its table is whole, and the documentation shows this table."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from accord_protocols.kernel.lifecycle import TABLE, TERMINAL, IllegalTransitionError, diagram, follow

START = ("proposed", "agreed", "keyed")
STATES = set(TABLE.values())
DOCUMENT = Path(__file__).parents[3] / "docs" / "state-machines.md"


def test_every_state_is_reached_and_every_other_one_ends() -> None:
    reached, fresh = {""}, {""}
    while fresh:
        fresh = {end for (state, _), end in TABLE.items() if state in fresh} - reached
        reached |= fresh
    assert reached == STATES | {""}
    ends = set(TERMINAL)
    while more := {state for (state, _), end in TABLE.items() if end in ends} - ends:
        ends |= more
    assert ends == STATES | {""}


def test_terminal_states_have_no_way_out_and_the_others_can_fail() -> None:
    assert not {state for state, _ in TABLE} & TERMINAL and TERMINAL < STATES
    for state in STATES - TERMINAL:
        assert {follow(state, t) for t in ("cancelled", "expired", "failed")} == {"CANCELLED", "EXPIRED", "FAILED"}
    for state in TERMINAL:
        for trigger in {t for _, t in TABLE}:
            with pytest.raises(IllegalTransitionError):
                follow(state, trigger)


def test_nothing_happens_that_the_table_does_not_know() -> None:
    triggers = {trigger for _, trigger in TABLE} | {"", "unheard"}
    for state in STATES | {"", "UNHEARD"}:
        for trigger in triggers:
            if (state, trigger) in TABLE:
                assert follow(state, trigger) == TABLE[state, trigger]
            else:
                with pytest.raises(IllegalTransitionError, match="cannot happen"):
                    follow(state, trigger)


def test_a_collaboration_runs_straight_to_its_end() -> None:
    state = ""
    for trigger in (*START, "gated", "aligned", "prepared", "round", "round", "converged", "completed"):
        state = follow(state, trigger)
    assert state == "COMPLETED"


def test_the_documented_diagram_is_this_table() -> None:
    blocks = re.findall(r"^```mermaid\n(.*?)\n```$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert diagram() in blocks, f"{DOCUMENT.name} is stale: put accord_protocols.kernel.lifecycle.diagram() into it"


def test_the_diagram_has_every_row() -> None:
    lines = diagram().splitlines()
    assert lines[0] == "stateDiagram-v2" and "    [*] --> PROPOSED: proposed" in lines
    assert len(lines) == 1 + len(TABLE) + len(TERMINAL) == len(set(lines))
