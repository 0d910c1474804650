"""`accord report`: the report of a run, or of what one party has."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.unit.scenarios.results import COMPLETED

from accord_scenarios.cli import main

ONE = {key: value for key, value in COMPLETED.items() if key not in ("reference", "traffic", "restarts", "timeline")}


@pytest.mark.parametrize("result", [COMPLETED, ONE | {"coefficients": {"shop": {"größe": -2.5}}, "metrics": None}])
def test_a_report_is_written_once(
    tmp_path: Path, result: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "result.json").write_text(json.dumps(result))
    assert main(["report", str(tmp_path)]) == 0
    page = tmp_path / "report.html"
    assert capsys.readouterr().out.strip() == str(page) and "größe" in page.read_text(encoding="utf-8")
    assert main(["report", str(tmp_path)]) == 2 and "exists" in capsys.readouterr().err
    assert main(["report", str(tmp_path), "--force"]) == 0


def test_what_is_no_result_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(tmp_path)]) == 2 and "cannot be read" in capsys.readouterr().err
    for text in ("{", "[]", "{}"):
        (tmp_path / "result.json").write_text(text)
        assert main(["report", str(tmp_path)]) == 2 and "no result of Accord" in capsys.readouterr().err
