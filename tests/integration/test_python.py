"""`import accord`: docs/python.md as it stands, from its first block to its last; and the notebook under examples/."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

import accord

HOME = Path(__file__).parents[2]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.mark.sweep
def test_the_page_is_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    mask, known = os.umask(0o022), dict[str, Any]()
    for code in BLOCK.findall((HOME / "docs" / "python.md").read_text(encoding="utf-8")):
        exec(compile(code, "docs/python.md", "exec"), known)  # noqa: S102  # the page is ours
    run = known["run"]
    assert isinstance(run, accord.Run) and run.status == "COMPLETED" and run.converged
    assert "trained one model" in capsys.readouterr().out
    assert os.umask(mask) == 0o022, "the process has its own rights again"
    assert (tmp_path / "first" / "clinic").stat().st_mode & 0o077 == 0
    assert sorted(set(run.effects["party"])) == sorted(run.parties) and set(run.effects) >= {"column", "coefficient"}
    assert run.predictions.rows == run.result["test_rows"]
    assert list(known["new"].predictions) == ["id", "prediction"]
    assert run.result == json.loads((tmp_path / "first" / "result.json").read_bytes())
    for shown in (run, run.effects, known["again"], known["new"]):
        assert shown._repr_html_().count("<table>") == 1
    journal = next((tmp_path / "first" / "lab" / "snapshots").glob("*.table"))
    journal.write_bytes(journal.read_bytes()[:-1] + b"?")
    with pytest.raises(accord.TamperError) as caught:
        accord.replay(tmp_path / "first" / "lab", full=True)
    assert vars(caught.value)["replay"].problems


@pytest.mark.sweep
def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    notebook = json.loads((HOME / "examples" / "accord.ipynb").read_text(encoding="utf-8"))
    assert notebook["nbformat"] == 4
    known: dict[str, Any] = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), "examples/accord.ipynb", "exec"), known)  # noqa: S102
        assert not cell.get("outputs"), "what a run showed is in no repository"
