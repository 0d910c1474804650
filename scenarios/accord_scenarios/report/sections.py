"""The sections of the report: each takes a result and returns HTML, empty where the result says nothing on it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from accord_agents.results.warned import shown
from accord_scenarios import wording
from accord_scenarios.report import charts
from accord_scenarios.report.diagrams import bars

Cell = str | tuple[str]
"""Text, or a number already in words, to be set right-aligned: ``(text,)``."""


def section(title: str, body: str, style: str = "") -> str:
    """A section of HTML, nothing without a body: in a narrow window it may be wider, so that a keyboard has to reach it."""
    return (
        f'<section class="{style}" tabindex="0" aria-label="{title}"><h2>{title}</h2>{body}</section>' if body else ""
    )


def table(heads: Sequence[Cell], rows: Iterable[Sequence[Cell]]) -> str:
    """Escaped cells as a table, nothing without rows."""

    def row(cells: Sequence[Cell], tag: str) -> str:
        return "".join(
            f'<{tag} class="n">{escape(c[0])}</{tag}>' if isinstance(c, tuple) else f"<{tag}>{escape(c)}</{tag}>"
            for c in cells
        )

    body = "".join(f"<tr>{row(cells, 'td')}</tr>" for cells in rows)
    return f"<table><thead><tr>{row(heads, 'th')}</tr></thead><tbody>{body}</tbody></table>" if body else ""


def sentences(texts: Iterable[str]) -> str:
    """Escaped sentences as a list."""
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in texts)
    return f"<ul>{items}</ul>" if items else ""


def headline(result: wording.Result, verdict: str, *, good: bool) -> str:
    """The verdict, and the numbers asked for first."""
    clock, amount = result.get("seconds") or {}, result.get("bytes") or {}
    facts = {
        "users in common": wording.number(result.get("intersection_size")),
        "rows to train": wording.number(result.get("train_rows")),
        "rows to test": wording.number(result.get("test_rows")),
        "rounds": wording.number(result.get("rounds")),
        "time": wording.seconds(clock.get("total")),
        "sent": wording.size(sum(amount.values()) if amount else None),
    }
    items = "".join(
        f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in facts.items() if value != "–"
    )
    about = [
        str(result.get("status")),
        *(str(result[name]) for name in ("name", "collaboration") if result.get(name)),
        wording.day(result.get("date")),
    ]
    title = f'<header><p>Accord · {escape(" · ".join(filter(None, about)))}</p><h1 class="{"good" if good else ""}">{escape(verdict)}</h1></header>'
    return title + (f"<section><dl>{items}</dl></section>" if items else "")


def warnings(result: wording.Result) -> str:
    """What to bear in mind."""
    return section("Warnings", sentences(shown(result.get("warnings"))), "warnings")


def metrics(result: wording.Result) -> str:
    """The model on TEST rows, beside plaintext training where that was run."""
    own, plain = result.get("metrics") or {}, result.get("reference") or {}
    raw = plain.get("unprepared") or {}
    found = {"joint model": own, "plaintext": plain, "plaintext without preparation": raw}
    shown = {title: values for title, values in found.items() if values}
    heads: list[Cell] = ["", *((title,) for title in shown)]
    rows: list[Sequence[Cell]] = [
        [name, *((wording.number(values.get(name), 6),) for values in shown.values())]
        for name in own
        if own[name] is not None
    ]
    body = table(heads, rows)
    if plain.get("max_coefficient_error") is not None:
        error = wording.number(plain["max_coefficient_error"], 2)
        body += f'<p class="soft">Largest difference of a coefficient from plaintext training: {error}, relative to the largest coefficient.</p>'
    return section("How well it predicts", body)


def loss(result: wording.Result) -> str:
    """The loss curve."""
    return section("Loss", charts.loss_curve(result.get("loss") or []))


def penalties(result: wording.Result) -> str:
    """What cross-validation found of each penalty that was tried."""
    found = sorted((result.get("l2_path") or {}).items(), key=lambda entry: float(entry[0]))
    rows: list[Sequence[Cell]] = [
        [(f"{l2}{' (chosen)' if float(l2) == result.get('l2') else ''}",), (wording.number(error, 6),)]
        for l2, error in found
    ]
    note = '<p class="soft">Mean squared error of rows that were left out, in the square of the labels\' unit.</p>'
    return section("Cross-validation", table([("l2",), ("error",)], rows) + note) if rows else ""


def coefficients(result: wording.Result) -> str:
    """Each party's coefficients, of prepared columns, with standard errors where the training yields them."""
    own: dict[str, Any] = {party: dict(found or {}) for party, found in (result.get("coefficients") or {}).items()}
    values = {(party, column): value for party, found in own.items() for column, value in found.items()}
    if values and result.get("intercept") is not None:
        own.setdefault(wording.leader(result), {})["(intercept)"] = result["intercept"]
    errors = {party: dict(found or {}) for party, found in (result.get("standard_errors") or {}).items()}
    probable = result.get("p_values") or {}
    if errors and result.get("intercept_error") is not None:
        errors.setdefault(wording.leader(result), {})["(intercept)"] = result["intercept_error"]
    units = result.get("per_unit") or {}
    family = str(result.get("family"))
    ratio = _RATIOS.get(family, "")
    heads: list[Cell] = ["party", "column", ("coefficient",)]
    heads += [("per unit",), *([(ratio,)] if ratio else [])] if units else []
    heads += [("standard error",), ("z",), ("p",)] if errors else []
    rows: list[Sequence[Cell]] = []
    for party, found in own.items():
        for column, value in found.items():
            row: list[Cell] = [party, column, (wording.number(value, 6),)]
            if units:
                unit = (units.get(party) or {}).get(column)
                row += [(wording.number(unit, 4),)]
                row += [(wording.number(_ratio(unit), 4),)] if ratio else []
            if errors:
                error = (errors.get(party) or {}).get(column)
                p = (probable.get(party) or {}).get(column)
                row += [(wording.number(v, d),) for v, d in ((error, 4), (value / error if error else None, 3), (p, 2))]
            rows.append(row)
    note = '<p class="soft">Of prepared columns: comparable in size, since every column has mean 0 and variance 1 unless scaling is off.'
    note += _UNITS.get(family, _SCORE) if units else ""
    note += "</p>"
    columns = table(heads, rows)
    return section("Coefficients", columns and bars(values, "coefficients") + columns + note)


_RATIOS = {"logistic": "odds ratio", "poisson": "rate ratio"}
_SCORE = (
    " Per unit: what one unit of the column, as it stands in the file, adds to the score (of a category: to have it)."
)
_UNITS = {
    "linear": " Per unit: what one unit of the column, as it stands in the file, adds to the prediction (of a category: to have it).",
    "logistic": f"{_SCORE} The odds ratio is what it multiplies the odds of label 1 by.",
    "poisson": f"{_SCORE} The rate ratio is what it multiplies the expected count by.",
}


def _ratio(effect: float | None) -> float | None:
    try:
        return None if effect is None else math.exp(effect)
    except OverflowError:
        return math.inf


def gate(result: wording.Result) -> str:
    """What the overlap gate decided."""
    found = result.get("gate") or {}
    if not found.get("decision"):
        return ""
    decision, threshold = str(found["decision"]), found.get("threshold")
    style = decision if decision in ("pass", "refuse") else "soft"
    text = f'<p>Decision: <strong class="{style}">{escape(decision)}</strong>'
    if threshold is not None:
        sampled = ", judged by a sample of ids" if found.get("sampled") else ""
        text += f"; two parties may share at most {wording.number(100 * threshold, 3)} % of their users{sampled}"
    pairs = [[wording.leader(result), party, str(pair)] for party, pair in (found.get("pairs") or {}).items()]
    return section("Overlap gate", f"{text}.</p>" + table(["party", "with", "decision"], pairs))


def alignment(result: wording.Result) -> str:
    """By which scheme common users were found, and what computed it at each party."""
    scheme, made_by = result.get("scheme"), result.get("backend") or {}
    if not (scheme and made_by):
        return ""
    rows: list[Sequence[Cell]] = [[party, str(name)] for party, name in sorted(made_by.items())]
    return section("Alignment", f"<p>Scheme {escape(str(scheme))}.</p>" + table(["party", "computed by"], rows))


def overlap(result: wording.Result) -> str:
    """How many users the leader shares with the others."""
    first, shares = wording.leader(result), wording.shares(result)
    if not shares:
        return ""
    rows: list[Sequence[Cell]] = [[first, p, (f"{wording.number(100 * share)} %",)] for p, share in shares.items()]
    sampled = " Estimated by a sample of ids." if result.get("sampled") else ""
    text = f'<p class="soft">Denominator: {escape(str(result.get("denominator")))}.{sampled}</p>'
    return section("Shared users", table(["party", "with", ("overlap",)], rows) + text)


def learned(result: wording.Result, learned: Iterable[str]) -> str:
    """Who learned what, and the level of protection where there are several."""
    level = result.get("protection")
    name = (
        f"<p>Level <strong>{escape(str(level))}</strong>, engine {escape(str(result.get('engine')))}.</p>"
        if level
        else ""
    )
    return section("Who learns what", name + sentences(learned))


def columns(result: wording.Result) -> str:
    """What each party did to each of its columns."""
    rows: list[Sequence[Cell]] = [
        [
            party,
            str(c.get("column")),
            "kept" if c.get("kept") else "dropped",
            (wording.number(c.get("nulls")),),
            (wording.number(c.get("clipped")),),
            c.get("note") or "",
        ]
        for party, own in (result.get("columns") or {}).items()
        for c in own or []
    ]
    return section(
        "What was done to each column",
        table(["party", "column", "", ("nulls filled",), ("cells clipped",), "note"], rows),
    )


def timeline(result: wording.Result) -> str:
    """When each party did what; one bar for the whole run where only phases are known."""
    parties: dict[str, Any] = dict(result.get("timeline") or {})
    clock = {phase: s for phase, s in (result.get("seconds") or {}).items() if s and phase != "total"}
    if not parties and clock:
        ends = [sum(list(clock.values())[: k + 1]) for k in range(len(clock))]
        parties = {"all": [(phase, end - clock[phase], end) for phase, end in zip(clock, ends, strict=True)]}
    return section("Phases", charts.timeline({party: bars or [] for party, bars in parties.items()}))


_NOTHING = ("–", ("–",), ("0",))


def versions(result: wording.Result) -> str:
    """What produced this, and the digests of the models."""
    memory, restarts = result.get("peak_rss_mib") or {}, result.get("restarts") or {}
    digests = result.get("model_digest") or {}
    names = list(dict.fromkeys([*(result.get("parties") or {}), *memory, *digests]))
    roles = result.get("parties") or {}
    columns: list[tuple[Cell, list[Cell]]] = [
        ("party", [*names]),
        ("role", [str(roles.get(name, "–")).replace("_", " ") for name in names]),
        (("memory",), [(f"{memory[n]:.0f} MiB" if memory.get(n) is not None else "–",) for n in names]),
        (("restarts",), [(wording.number(restarts.get(name)),) for name in names]),
        ("SHA-256 of model.json", [digests.get(name) or "–" for name in names]),
    ]
    shown = [(head, cells) for head, cells in columns if any(cell not in _NOTHING for cell in cells)]
    rows: list[Sequence[Cell]] = [*zip(*(cells for _, cells in shown), strict=True)]
    line = f"Accord {escape(str(result.get('accord_version') or '–'))}, profile {escape(str(result.get('profile') or '–'))}."
    return section(
        "Parties and versions",
        table([head for head, _ in shown], rows) + f"<p>{line}</p>",
    )
