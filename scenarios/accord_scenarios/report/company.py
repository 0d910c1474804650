"""What companies ask a report first: what did the others add, and what left us?"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from accord_scenarios import wording
from accord_scenarios.report.sections import Cell, section, table

_CARRIES = {
    "control": "terms, consent, states, checkpoints",
    "keys": "public keys",
    "psi": "blinded ids",
    "intermediates": "intermediate values",
    "gradients": "sums and gradients",
    "results": "outcome: rounds, digests",
}
_PROTECTION = {
    "control": "signed, in clear",
    "keys": "signed, in clear: public keys alone",
    "psi": "signed, encrypted to each recipient; ids are blinded within",
    "intermediates": "signed, encrypted to each recipient",
    "gradients": "signed, encrypted to each recipient",
    "results": "signed, in clear",
}
"""By topic family (docs/operations.md#topics)."""


def added(result: wording.Result) -> str:
    """What the others add: the label holder's own model beside the joint one, on the same TEST rows."""
    joint, first = result.get("metrics") or {}, wording.leader(result)
    found = (result.get("alone") or {}).get(first) or {}
    own, none = found.get("own") or {}, found.get("baseline") or {}
    if not (joint and own):
        return ""
    rows: list[Sequence[Cell]] = [
        [name, *((wording.number(values.get(name), 4),) for values in (none, own, joint))]
        for name in joint
        if joint[name] is not None and name in own
    ]
    heads: list[Cell] = ["", ("no columns",), (f"{first} alone",), ("jointly",)]
    said = wording.without_others(result)
    return section("What the others add", (f"<p>{escape(said)}</p>" if said else "") + table(heads, rows))


def left(result: wording.Result) -> str:
    """What left each company, in which protection, to whom, how much, and how long it is kept."""
    families, sent = result.get("bytes") or {}, result.get("traffic") or {}
    counts, mine = result.get("events") or {}, result.get("party")
    if not families:
        return ""
    rows: list[Sequence[Cell]] = [
        [
            _CARRIES.get(name, name),
            _PROTECTION.get(name, ""),
            (wording.number(counts.get(name)),),
            (wording.size(count),),
        ]
        for name, count in families.items()
    ]
    heads: list[Cell] = ["what", "protection", ("events",), ("size",)]
    names = list(
        dict.fromkeys([*(result.get("parties") or {}), *sent, *(to for row in sent.values() for to in row or {})])
    )
    matrix: list[Sequence[Cell]] = [
        [name, *((wording.size((sent.get(name) or {}).get(to)),) for to in names)] for name in names if sent.get(name)
    ]
    kept = result.get("retain_days")
    last = wording.day(result.get("ended"), kept or 0)
    erased = (
        ""
        if kept is None
        else (
            f"Payloads, keys and the copy of the data are erased {kept} days after the end at every party{f', from {last} on' if last else ''}; "
            "signed headers and digests stay. "
        )
    )
    note = (
        f'<p class="soft">{erased}The log keeps what was written to it for as long as its owner has it do so; what is encrypted there opens to its '
        "recipients alone. An event for several is counted once above, and once for each of them below.</p>"
    )
    whole = table(heads, rows) + table(["from \\ to", *((name,) for name in names)], matrix) + note
    return section(f"What left {'this company' if mine else 'the companies'}, and to whom", whole)
