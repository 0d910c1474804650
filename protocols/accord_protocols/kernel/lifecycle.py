"""The life of a collaboration: one transition table per job, the same for every role and any number of parties.

Machines report triggers; the table alone decides what state they lead to, and that nothing else can happen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from accord_protocols.kernel.plan import Phase
from accord_schemas.errors import AccordError

PROPOSED, AGREED = "PROPOSED", "AGREED"
COMPLETED, REFUSED, CANCELLED, EXPIRED, FAILED = "COMPLETED", "REFUSED", "CANCELLED", "EXPIRED", "FAILED"

TERMINAL = frozenset({COMPLETED, REFUSED, CANCELLED, EXPIRED, FAILED})

Table = Mapping[tuple[str, str], str]
"""State and trigger to the state that follows."""


class IllegalTransitionError(AccordError):
    """A trigger that the table does not know in this state: a fault of this program or of a peer."""


def table(phases: tuple[Phase, ...]) -> Table:
    """The transitions of a job with these phases: consent, each phase, completion; and the other ends."""
    rows = {("", "proposed"): PROPOSED, (PROPOSED, "agreed"): AGREED}
    refusing = [PROPOSED]  # a party or its policy
    for before, phase in begins(phases):
        within = dict.fromkeys((before, phase.rounds.reaches if phase.rounds else before))
        *_, last = within
        if phase.rounds is not None:
            rows |= {(state, phase.rounds.trigger): last for state in within}
            if phase.rounds.back:
                rows[last, phase.rounds.back], last = before, before
        rows[last, phase.trigger or "completed"] = phase.reaches or COMPLETED
        refusing += within if phase.refuses else []
    if phases and phases[-1].reaches:
        rows[phases[-1].reaches, "completed"] = COMPLETED
    going = [state for state in dict.fromkeys(rows.values()) if state not in TERMINAL]
    rows |= {(state, "refused"): REFUSED for state in refusing}
    ends = (("cancelled", CANCELLED), ("expired", EXPIRED), ("failed", FAILED))
    return rows | {(state, trigger): end for state in going for trigger, end in ends}


def begins(phases: tuple[Phase, ...]) -> Iterator[tuple[str, Phase]]:
    """Each phase with the state that it begins in."""
    state = AGREED
    for phase in phases:
        yield state, phase
        state = phase.reaches


def follow(rows: Table, state: str, trigger: str) -> str:
    """The state that `trigger` leads to from `state`.

    Raises:
        IllegalTransitionError: The table has no such row.
    """
    try:
        return rows[state, trigger]
    except KeyError:
        raise IllegalTransitionError(f"{trigger!r} cannot happen in state {state or 'none'}") from None


def diagram(rows: Table) -> str:
    """A table as a Mermaid state diagram, for docs/state-machines.md."""
    lines = ["stateDiagram-v2"]
    for (state, trigger), end in rows.items():
        lines.append(f"    {state or '[*]'} --> {end}: {trigger}")
    lines += [f"    {state} --> [*]" for state in sorted(TERMINAL)]
    return "\n".join(lines)
