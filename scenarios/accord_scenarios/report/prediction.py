"""Sections of the report on how a model predicts, and on what its rows are like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from accord_protocols.evaluation.stability import PARTS, SHIFTED, SLIGHTLY
from accord_scenarios.report.diagrams import bars, calibration
from accord_scenarios.report.diagrams import residuals as residual_bars
from accord_scenarios.report.sections import Cell, section, table
from accord_scenarios.wording import Result, leader, number


def deciles(result: Result) -> str:
    """Calibration and lift by tenths of the TEST rows."""
    parts: Sequence[dict[str, Any]] = result.get("deciles") or []
    names = [name for name in ("rows", "predicted", "observed", "lift", "captured") if any(name in p for p in parts)]
    rows: list[Sequence[Cell]] = [
        [(str(k),), *((number(part.get(name), 4),) for name in names)] for k, part in enumerate(parts, 1)
    ]
    told = table([("tenth",), *((name,) for name in names)], rows)
    note = (
        '<p class="soft">Tenths of the TEST rows, those with the highest predictions first. Lift is what was observed over the mean of '
        "all; captured is the share of all labels in a tenth and those before it.</p>"
    )
    lifts = {(leader(result), f"tenth {k}"): part["lift"] for k, part in enumerate(parts, 1) if "lift" in part}
    lift = section("Lift", bars(lifts, "lift by tenths of predictions", (1.0,)))
    return section("Calibration", calibration(parts) + (told and told + note)) + lift


def residuals(result: Result) -> str:
    """How far labels are from predictions, by tenths of the TEST rows."""
    counts = result.get("family") == "poisson" or (result.get("metrics") or {}).get("deviance") is not None
    kind = (
        "Pearson residuals: the label less the prediction, over the prediction's root"
        if counts
        else "The label less the prediction"
    )
    note = (
        f'<p class="soft">{kind}, in tenths of the TEST rows, the lowest predictions first: the dot is the middle one, and four in five lie within the bar. '
        "Where bars leave the line together the model is bent there; where they grow it is less sure.</p>"
    )
    drawn = residual_bars(result.get("residuals") or [])
    return section("Residuals", drawn and drawn + note)


def stability(result: Result) -> str:
    """How far TEST rows are from TRAIN rows, by each party's part of the score and by its columns."""
    found = {(party, f"{party}'s part of the score"): value for party, value in (result.get("stability") or {}).items()}
    for party, columns in (result.get("columns") or {}).items():
        found |= {(party, str(c["column"])): c["stability"] for c in columns or [] if c.get("stability") is not None}
    drawn = bars({names: v for names, v in found.items() if v is not None}, "population stability", (SLIGHTLY, SHIFTED))
    chance = _chance(result.get("train_rows"), result.get("test_rows"))
    note = (
        f'<p class="soft">Population stability index of TEST against TRAIN rows; above {SLIGHTLY:g} they differ somewhat, above {SHIFTED:g} '
        f"much{chance}. Each party measures its own columns and its own part of the score: the whole score of a TRAIN row is nobody's to know.</p>"
    )
    return section("Stability", drawn and drawn + note)


def _chance(train: int | None, test: int | None) -> str:
    """What the index comes to on average where rows are drawn alike: (parts − 1)·(1/n + 1/k)."""
    if not train or not test:
        return ""
    return f"; so many rows of one kind come to {number((PARTS - 1) * (1 / train + 1 / test), 2)} by chance"


_STEPS = {
    "one value": "one value alone: dropped",
    "no values": "no value at all: dropped",
    "few rows": "fewer than 10 TRAIN rows off the most frequent value: dropped",
    "variance below": "variance below prepare.drop_variance_below: dropped",
    "variance above": "variance above prepare.drop_variance_above: dropped",
}


def steps(result: Result) -> str:
    """What each step of preparation did at each party, in numbers of columns and cells."""
    parties = {party: own for party, own in (result.get("columns") or {}).items() if own}
    if not parties:
        return ""

    def changed(own: Sequence[dict[str, Any]], what: str) -> Cell:
        cells = [c[what] for c in own if c.get(what)]
        return (f"{len(cells)} columns, {number(sum(cells))} cells" if cells else "–",)

    def left(own: Sequence[dict[str, Any]], step: str) -> Cell:
        count = sum(c.get("step") == step for c in own)
        return (f"{count} column{'' if count == 1 else 's'}" if count else "–",)

    rows: list[Sequence[Cell]] = [
        ["nulls filled", *(changed(own, "nulls") for own in parties.values())],
        ["outliers clipped", *(changed(own, "clipped") for own in parties.values())],
        *([what, *(left(own, step) for own in parties.values())] for step, what in _STEPS.items()),
        ["columns that the model has", *((str(sum(bool(c.get("kept")) for c in own)),) for own in parties.values())],
    ]
    done = [row for row in rows if any(cell != ("–",) for cell in row[1:])]
    return section("Steps of preparation", table(["", *((party,) for party in parties)], done))
