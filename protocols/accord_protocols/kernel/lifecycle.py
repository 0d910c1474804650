"""The life of a collaboration: one transition table, the same for every role and any number of parties.

Machines report triggers; this table alone decides what state they lead to, and that nothing else can happen.
"""

from __future__ import annotations

from accord_schemas.errors import AccordError

PROPOSED, AGREED, KEYED, GATED = "PROPOSED", "AGREED", "KEYED", "GATED"
ALIGNED, PREPARED, TRAINING, CONVERGED = "ALIGNED", "PREPARED", "TRAINING", "CONVERGED"
COMPLETED, REFUSED, CANCELLED, EXPIRED, FAILED = "COMPLETED", "REFUSED", "CANCELLED", "EXPIRED", "FAILED"

TERMINAL = frozenset({COMPLETED, REFUSED, CANCELLED, EXPIRED, FAILED})

TABLE: dict[tuple[str, str], str] = {
    ("", "proposed"): PROPOSED,
    (PROPOSED, "agreed"): AGREED,
    (AGREED, "keyed"): KEYED,
    (KEYED, "gated"): GATED,
    (GATED, "aligned"): ALIGNED,
    (ALIGNED, "prepared"): PREPARED,
    (ALIGNED, "completed"): COMPLETED,  # alignment only
    (PREPARED, "round"): TRAINING,
    (TRAINING, "round"): TRAINING,
    (TRAINING, "converged"): CONVERGED,
    (CONVERGED, "completed"): COMPLETED,
    (PROPOSED, "refused"): REFUSED,  # a party or its policy
    (KEYED, "refused"): REFUSED,  # the overlap gate
    (GATED, "refused"): REFUSED,  # nobody in common
    (ALIGNED, "refused"): REFUSED,  # too few rows, or a policy on rows
    (PREPARED, "refused"): REFUSED,  # the same policy, while others were faster
    (TRAINING, "refused"): REFUSED,
    **{
        (state, trigger): end
        for state in (PROPOSED, AGREED, KEYED, GATED, ALIGNED, PREPARED, TRAINING, CONVERGED)
        for trigger, end in (("cancelled", CANCELLED), ("expired", EXPIRED), ("failed", FAILED))
    },
}


class IllegalTransitionError(AccordError):
    """A trigger that the table does not know in this state: a fault of this program or of a peer."""


def follow(state: str, trigger: str) -> str:
    """The state that `trigger` leads to from `state`.

    Raises:
        IllegalTransitionError: The table has no such row.
    """
    try:
        return TABLE[state, trigger]
    except KeyError:
        raise IllegalTransitionError(f"{trigger!r} cannot happen in state {state or 'none'}") from None


def diagram() -> str:
    """The table as a Mermaid state diagram, for docs/state-machines.md."""
    lines = ["stateDiagram-v2"]
    for (state, trigger), end in TABLE.items():
        lines.append(f"    {state or '[*]'} --> {end}: {trigger}")
    lines += [f"    {state} --> [*]" for state in sorted(TERMINAL)]
    return "\n".join(lines)
