"""report.html: complete, escaped, self-contained, for every outcome."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from tests.unit.scenarios.results import COMPLETED, FAILED, REFUSED

from accord_broker.port import FAMILIES, QUARANTINE
from accord_scenarios.jobs.registry import PLAYED
from accord_scenarios.report import charts, company
from accord_scenarios.report.diagrams import bars, calibration, residuals
from accord_scenarios.report.page import render


class _Page(HTMLParser):
    """Text, tags and attributes; fails on a tag that is not closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self.open, self.tags, self.values = "", list[str](), set[str](), list[tuple[str, str | None]]()
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.values += attrs
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_completed_run_is_told_whole() -> None:
    page = _Page(render(COMPLETED))
    for words in (
        "bank, shop and telco have 1,229 users in common and trained one model, which converged after 14 rounds.",
        "at most 3.1e-06", "Few rows: 983", "53.12", "größe", "(intercept)", "it is constant", "at most 90 %",
        "1.5 MB", "900.0 kB", "Level shared, engine paillier", "bank and shop together could", "Accord 0.1.0",
        "ab" * 32, "122 MiB", "feature holder", "round 3",
    ):  # fmt: skip
        assert words in page.text, words
    assert page.tags >= {"svg", "polyline", "table", "h1", "style"}


@pytest.mark.parametrize("result", [REFUSED, FAILED, {}, {"status": "EXPIRED"}, dict.fromkeys(COMPLETED)])
def test_a_run_without_results_is_told_too(result: dict[str, Any]) -> None:
    page = _Page(render(result))
    assert "polyline" not in page.tags
    assert "None" not in page.text.replace("Accord · None", "")


def test_the_reason_stands_at_the_top() -> None:
    text = _Page(render(REFUSED)).text
    assert "The collaboration of bank, shop and telco was refused. Too many users in common with shop." in text


def test_nothing_comes_from_elsewhere_and_nothing_runs() -> None:
    html = render(COMPLETED)
    page = _Page(html)
    names = {name for name, _ in page.values}
    assert not names & {"src", "href", "srcset", "action", "style", "data"}
    assert not any(name.startswith("on") for name in names)
    assert not page.tags & {"script", "link", "img", "iframe", "object", "form", "a"}
    assert not re.search(r"url\(|@import|https?:|(src|href)\s*=", html)
    assert "default-src 'none'" in html


_OURS = {*COMPLETED, "decision", "threshold", "sampled", "pairs", "column", "kept", "nulls", "clipped", "note", "total"}


def _poison(value: Any, words: str) -> Any:
    """The same with `words` after every text, and after every key that is a party, column, phase, family or metric."""
    if isinstance(value, dict):
        return {key if key in _OURS else f"{key}{words}": _poison(inner, words) for key, inner in value.items()}
    if isinstance(value, list):
        return [_poison(inner, words) for inner in value]
    return f"{value}{words}" if isinstance(value, str) else value


def test_every_word_from_outside_is_escaped() -> None:
    words = "<script src=//evil>'\"&"
    poisoned = _poison(COMPLETED, words)
    html = render(poisoned | {"status": "COMPLETED", "protection": "shared"})
    assert "<script" not in html
    page = _Page(html)
    assert page.text.count("<script src=//evil>") > 30
    assert not {name for name, _ in page.values} - {name for name, _ in _Page(render(COMPLETED)).values}
    assert "<script" not in render(poisoned | {"status": f"REFUSED{words}"})


@pytest.mark.parametrize("level", ["shared", "score"])
def test_each_level_says_who_learns_what(level: str) -> None:
    sentences = PLAYED["train"].learned(COMPLETED | {"protection": level})
    text = " ".join(sentences)
    assert "{" not in text
    assert ("every yes/no column" in text) == (level == "score")
    assert "With two parties" not in text
    pair = COMPLETED | {"protection": level, "parties": {"bank": "label_holder", "shop": "feature_holder"}}
    assert "With two parties, bank learns shop's part" in " ".join(PLAYED["train"].learned(pair))


def test_the_loss_curve_keeps_to_its_frame() -> None:
    for loss in ([3.0, 2.0, 1.0], [1.0, 1.0], [-1e300, 1e300], [1e9, 1e-9], [5.0, float("nan"), 2.0, float("inf")]):
        places = re.search(r'points="([^"]*)"', charts.loss_curve(loss))
        assert places is not None
        for place in places[1].split():
            x, y = map(float, place.split(","))
            assert 0 <= x <= charts.WIDTH
            assert 0 <= y <= 250
    assert "logarithmic" in charts.loss_curve([1e9, 1e-9])
    assert "logarithmic" not in charts.loss_curve([-1.0, 1e9])
    assert charts.loss_curve([]) == charts.loss_curve([1.0]) == charts.loss_curve([1.0, float("nan")]) == ""


def test_phases_without_a_timeline_are_drawn_from_their_seconds() -> None:
    page = _Page(render(COMPLETED | {"timeline": None}))
    assert "all: train, 4.0 s" in page.text
    assert charts.timeline({}) == charts.timeline({"a": []}) == ""


def test_tenths_stability_and_coefficients_are_drawn() -> None:
    parts = [
        {"rows": 9, "predicted": 0.9 - k / 10, "observed": 0.85 - k / 10, "lift": 2 - k / 5, "captured": 0.9}
        for k in range(9)
    ]
    columns = {"bank": [{"column": "<age>", "kept": True, "stability": 0.31}], "shop": [{"column": "x", "kept": False}]}
    page = _Page(render({**COMPLETED, "deciles": parts, "stability": {"bank": 0.02, "shop": None}, "columns": columns}))
    for words in ("Calibration", "Lift", "captured", "bank's part of the score", "<age>", "Stability", "0.31"):
        assert words in page.text, words
    assert not {"None", "nan"} & set(page.text.split())


def test_standard_errors_stand_beside_coefficients() -> None:
    told = {"coefficients": {"bank": {"age": 2.0}, "shop": {"x": -1.0}}, "intercept": 3.0}
    told = COMPLETED | told
    errors = {"standard_errors": {"bank": {"age": 0.5}, "shop": None}, "intercept_error": 0.25}
    page = _Page(render(told | errors | {"p_values": {"bank": {"age": 6.3e-5}}}))
    for words in ("standard error", "0.25", "6.3e-05", "(intercept)"):
        assert words in page.text, words
    assert "standard error" not in _Page(render(told)).text


@pytest.mark.parametrize("values", [[], [0.0], [-1.0, -2.0], [3.0, -0.5], [float("nan")]])
def test_bars_of_any_values(values: list[float]) -> None:
    drawn = bars({("a", f"c{k}"): value for k, value in enumerate(values)}, "any", (1.0,))
    widths = [float(w) for w in re.findall(r'width="([^"]+)"', drawn)]
    assert len(widths) == sum(value == value for value in values) and all(0 < w < 900 for w in widths)
    _Page(drawn)


def test_calibration_needs_points_that_differ() -> None:
    same = {"predicted": 1.0, "observed": 1.0}
    assert calibration([]) == calibration([same]) == calibration([same, same]) == ""
    _Page(calibration([same, {"predicted": 2.0, "observed": 1.5}]))


def test_penalties_that_were_tried_are_shown_and_which_was_chosen() -> None:
    page = render({**COMPLETED, "l2": 0.1, "l2_path": {"1.0": 2.5, "0.1": 1.25}})
    shown = page[page.index("Cross-validation") :]
    assert shown.index("0.1 (chosen)") < shown.index("1.25") < shown.index("1.0") < shown.index("2.5")
    assert "Cross-validation" not in render({**COMPLETED, "l2": 0.1, "l2_path": None})


ALONE = {
    "bank": {"own": {"rmse": 70.0, "mae": 60.0, "r2": 0.008}, "baseline": {"rmse": 71.0, "mae": 61.0, "r2": -0.001}}
}


def test_what_the_others_add_stands_first() -> None:
    text = _Page(render(COMPLETED | {"alone": ALONE})).text
    said = "On the same TEST rows bank alone reaches r2 0.008, all together 0.48."
    assert said in text and text.index(said) < text.index("How well it predicts")
    assert "bank alone" in text and "no columns" in text and "-0.001" in text
    assert "What the others add" not in _Page(render(COMPLETED)).text
    assert "What the others add" not in _Page(render(COMPLETED | {"alone": ALONE, "metrics": None})).text


def test_what_left_is_said_with_protection_recipients_and_how_long_it_is_kept() -> None:
    own = {"party": "bank", "retain_days": 30, "traffic": {"bank": {"shop": 900_000}}, "name": "credit"}
    text = _Page(render(COMPLETED | own)).text
    assert "What left this company, and to whom" in text and "erased 30 days after the end" in text
    assert "ids are blinded within" in text and "900.0 kB" in text and "Accord · COMPLETED · credit" in text
    whole = _Page(render(COMPLETED)).text
    assert "What left the companies, and to whom" in whole and "days after the end" not in whole
    assert sum(COMPLETED["bytes"].values()) == 1_900_000 and "1.5 MB" in whole and "400.0 kB" in whole
    assert "What left" not in _Page(render(REFUSED)).text
    ended = _Page(render(COMPLETED | own | {"date": "2026-11-29T23:30:00Z", "ended": "2026-12-02T00:10:00+01:00"})).text
    assert "erased 30 days after the end at every party, from 2026-12-31 on" in ended
    assert "Accord · COMPLETED · credit · 2026-11-29" in ended


def test_what_nobody_has_and_zeros_take_no_room() -> None:
    whole = _Page(render(COMPLETED)).text
    assert "outliers clipped" in whole and "no value at all" not in whole and "restarts" in whole
    few = _Page(render(COMPLETED | {"restarts": dict.fromkeys(COMPLETED["parties"], 0), "peak_rss_mib": None})).text
    assert "restarts" not in few and "memory" not in few


def test_every_family_is_named_and_its_protection_said() -> None:
    events = {family for family in FAMILIES if family != QUARANTINE}
    assert set(company._CARRIES) == set(company._PROTECTION) == events


def test_effects_stand_per_unit_of_the_column_too() -> None:
    result = COMPLETED | {"coefficients": {"bank": {"age": 0.5}}, "per_unit": {"bank": {"age": 0.6931471805599453}}}
    told = {family: _Page(render(result | {"family": family})).text for family in ("linear", "logistic", "poisson")}
    assert all("per unit" in text and "0.6931" in text for text in told.values())
    assert not [word for word in ("odds ratio", "rate ratio") if word in told["linear"]]
    assert "odds ratio" in told["logistic"] and "rate ratio" in told["poisson"]
    assert (
        "0.69312" in told["logistic"] and "0.69312" not in told["linear"] and "adds to the prediction" in told["linear"]
    )
    assert "per unit" not in _Page(render(COMPLETED)).text, "a result of before lacks them"


def test_residuals_are_drawn_by_tenths() -> None:
    parts = [{"rows": 5, "predicted": 10.0 * k, "low": -k - 1.0, "middle": 0.5, "high": 2.0 + k} for k in range(10)]
    drawn = residuals(parts)
    assert drawn.count("<circle") == 10 and "predicted 90: -10 to 11, middle 0.5" in drawn
    assert residuals(parts[:1]) == "" and residuals([p | {"low": 0.0, "high": 0.0} for p in parts]) == ""
    page = _Page(render(COMPLETED | {"residuals": parts, "family": "poisson"})).text
    assert "Residuals" in page and "Pearson" in page
    assert "Pearson" not in _Page(render(COMPLETED | {"residuals": parts, "family": "linear"})).text
    assert "Residuals" not in _Page(render(COMPLETED)).text
