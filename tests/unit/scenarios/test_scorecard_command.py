"""`accord scorecard` on a party's folder."""

import json
from pathlib import Path

import numpy as np
import pytest

from accord_protocols.model.part import ModelPart
from accord_protocols.model.scorecard import Scorecard
from accord_protocols.preparation.fit import fit
from accord_protocols.preparation.woe import EvidenceFit
from accord_scenarios.cli import main
from accord_schemas.agreement import Prepare

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    values = np.column_stack([rng.normal(size=200), np.arange(200) % 3])
    fitted = fit(["age", "city"], values, Prepare(), {"city": ("Ulm", "Bonn", "Hof")})
    part = ModelPart(
        salt="00" * 32, party="bank", model="logistic", link="logit", protection="closed", shift=0,
        coefficients=dict.fromkeys(fitted.names, 0.5), intercept=-1.0, preparation=fitted,
    )  # fmt: skip
    (tmp_path / "model.json").write_bytes(part.encode())
    return tmp_path


def test_it_says_points_by_column_and_writes_them(folder: Path, capsys: Capture) -> None:
    out = folder / "card.json"
    assert main(["scorecard", str(folder), "--pdo", "10", "--base-odds", "1", "--out", str(out)]) == 0
    text = capsys.readouterr().out
    for words in (
        "bank: 600 points are odds of 1 to 1 for label 0; 10 points more",
        "every row: +614.4",
        "age:",
        "Ulm:",
    ):
        assert words in text, text
    assert "missing" in text and "sum of its points at all parties" in text
    card = Scorecard.model_validate(json.loads(out.read_text(encoding="utf-8")))
    assert card.scale.pdo == 10 and card.party == "bank"
    assert main(["scorecard", str(folder / "model.json"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["scale"] == {
        "pdo": 20.0, "base_points": 600.0, "base_odds": 50.0, "good": 0
    }  # fmt: skip


def test_it_says_points_by_bin_of_weights_of_evidence(tmp_path: Path, capsys: Capture) -> None:
    woe = [EvidenceFit(name="age", starts=(30.0, 50.5), weights=(0.5, -0.25, -1.0), missing=-2.0)]
    values = np.repeat([20.0, 40.0, 60.0, np.nan], 50)[:, None]
    part = ModelPart(
        salt="00" * 32, party="bank", model="logistic", link="logit", protection="closed", shift=0,
        coefficients={"age": -1.0}, intercept=0.0, preparation=fit(["age"], values, Prepare(scale=None), woe=woe),
    )  # fmt: skip
    (tmp_path / "model.json").write_bytes(part.encode())
    assert main(["scorecard", str(tmp_path), "--pdo", "20", "--base-odds", "1"]) == 0
    text = capsys.readouterr().out
    for words in ("age: missing -57.7", "(-inf, 30): +14.4", "[30, 50.5): -7.21", "[50.5, inf): -28.8"):
        assert words in text, text


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--pdo", "0"], "--pdo cannot be 0"),
        (["--base-odds", "-1"], "--base-odds cannot be -1"),
        (["--good", "2"], "--good cannot be 2"),
    ],
)
def test_numbers_that_are_no_scale(folder: Path, capsys: Capture, more: list[str], words: str) -> None:
    assert main(["scorecard", str(folder), *more]) == 2
    assert words in capsys.readouterr().err


def test_where_there_is_no_model(tmp_path: Path, capsys: Capture) -> None:
    assert main(["scorecard", str(tmp_path)]) == 2
    assert "model.json cannot be read" in capsys.readouterr().err
