"""Typed results: fields, tables, views for notebooks, and what is raised."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import accord
from accord_scenarios.api import calls
from accord_scenarios.merge import FIELDS


def run(folder: Path, code: int = 0, **fields: Any) -> accord.Run:
    whole = dict.fromkeys(FIELDS) | {
        "status": "COMPLETED",
        "job": "psi",
        "parties": {"bank": "member", "shop": "member"},
    }
    return accord.Run(folder, whole | fields, code)


def test_tables_are_columns(tmp_path: Path) -> None:
    (tmp_path / "bank").mkdir()
    (tmp_path / "bank" / "predictions.csv").write_text(
        'id,label,prediction\n007,1,0.5\n"a,b",,-2e-3\n', encoding="utf-8"
    )
    found = run(tmp_path).predictions
    assert found == {"id": ["007", "a,b"], "label": [1.0, None], "prediction": [0.5, -0.002]}
    assert found.rows == 2 and repr(found) == "Table(2 rows: id, label, prediction)"
    assert run(tmp_path).intersection == {"id": []} and run(tmp_path).intersection.rows == 0


def test_effects_have_what_the_method_yields(tmp_path: Path) -> None:
    plain = run(tmp_path, coefficients={"bank": {"age": 1.5}, "shop": {"visits": -2.0}})
    assert plain.effects == {"party": ["bank", "shop"], "column": ["age", "visits"], "coefficient": [1.5, -2.0]}
    units = run(tmp_path, coefficients={"bank": {"age": 1.5}}, per_unit={"bank": {"age": 0.5}})
    assert units.effects["per_unit"] == [0.5]
    erred = run(
        tmp_path, coefficients={"bank": {"age": 1.5}}, standard_errors={"bank": {"age": 0.1}}, p_values={"bank": {}}
    )
    assert erred.effects["standard_error"] == [0.1] and erred.effects["p_value"] == [None]


def test_names_of_peers_are_text_and_never_markup(tmp_path: Path) -> None:
    odd = "<script>alert(1)</script>"
    shown = [
        run(tmp_path, warnings=[odd], status="FAILED", reason=odd)._repr_html_(),
        accord.Table({odd: [odd, None, 1.25] * 10})._repr_html_(),
        accord.Replay(accord.Table({"party": [odd]}), [odd], {})._repr_html_(),
        accord.Proof(odd, accord.Table({"sentence": [odd]}), [odd], [], {})._repr_html_(),
    ]
    assert all("<script" not in html and "&lt;script" in html for html in shown)
    assert "10 more rows" in shown[1]


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [(3, "REFUSED", accord.RefusedError), (1, "EXPIRED", accord.NotCompletedError), (4, "FAILED", accord.TamperError)],
)
def test_what_ends_a_command_is_raised(tmp_path: Path, code: int, status: str, kind: type[accord.AccordError]) -> None:
    with pytest.raises(kind, match="because") as caught:
        run(tmp_path, code, status=status, reason="because").checked()
    assert type(caught.value) is kind and caught.value.exit_code == code
    assert run(tmp_path).checked().status == "COMPLETED"


def test_what_cannot_be_used_is_said_before_anything_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    parties = {name: {"role": "member", "data": {"csv": f"{name}.csv", "id": "id"}} for name in ("bank", "shop")}
    given: tuple[Any, ...] = ("nowhere", {"job": "psi", "parties": parties}, {"parties": {}})
    for scenario in given:
        with pytest.raises(accord.UsageError):
            accord.psi(scenario, out=tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_scenario_may_be_a_mapping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with calls._written({"parties": {"bank": 1}, "folder": Path("x")}) as path:
        assert Path(path).parent == tmp_path and '"folder": "x"' in Path(path).read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == []
