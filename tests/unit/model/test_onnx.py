"""A party's part as ONNX gives onnxruntime the scores that it gives Accord, of both signs, to the last digits."""

from __future__ import annotations

from pathlib import Path
from platform import python_version
from typing import Any

import numpy as np
import onnxruntime
import pytest
import yaml
from numpy.typing import NDArray

from accord_protocols.model.part import ModelPart
from accord_protocols.preparation.fit import fit
from accord_scenarios.cli import main
from accord_scenarios.onnx_model import as_mlflow, model
from accord_schemas.agreement import Prepare
from accord_schemas.errors import UsageError

N = 300
GENERATOR = np.random.default_rng(11)
TEXTS = ("bonn", "köln", "ulm", "rare")
LINKS = {"linear": "identity", "logistic": "logit", "poisson": "log"}
Matrix = NDArray[np.float64]


def rows() -> tuple[Matrix, dict[str, tuple[str, ...]]]:
    """Two columns of numbers with nulls and outliers, and one of categories, of which one is rare."""
    values = GENERATOR.normal(size=(N, 3)) * [1, 1000, 1] + [0, 5, 0]
    values[:, 2] = GENERATOR.integers(0, 3, N)
    values[:3, 2], values[5, 2] = 3, np.nan
    values[7, 0] = values[8, 1] = np.nan
    values[9, 1] = 1e9
    return values, {"city": TEXTS}


def part(family: str, *, one_hot: bool = True, exposure: str | None = None) -> ModelPart:
    values, categories = rows()
    columns: tuple[str, ...] = ("a", "größe", "city")
    if not one_hot:
        values, columns, categories = values[:, :2], columns[:2], {}
    prepared = fit(columns, values, Prepare(one_hot=("city",) if one_hot else ()), categories, {})
    weights = dict(zip(prepared.names, GENERATOR.normal(size=len(prepared.names)).tolist(), strict=True))
    return ModelPart(
        salt="00" * 32, party="bank", model=family, link=LINKS[family], protection="closed", shift=0,  # type: ignore[arg-type]
        coefficients=weights, intercept=0.25, exposure=exposure, preparation=prepared,
    )  # fmt: skip


def run(made: Any, feeds: dict[str, Any]) -> tuple[Matrix, Matrix]:
    session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    score, prediction = session.run(["score", "prediction"], feeds)
    return score[:, 0], prediction[:, 0]


def fed(values: Matrix, texts: tuple[str, ...] | None = TEXTS) -> dict[str, Any]:
    found: dict[str, Any] = {"a": values[:, :1], "größe": values[:, 1:2]}
    if texts is not None:
        cells = ["" if np.isnan(code) else texts[int(code)] for code in values[:, 2]]
        found["city"] = np.array(cells, object)[:, None]
    return found


@pytest.mark.parametrize("family", LINKS)
def test_scores_and_predictions_are_those_of_the_part(family: str) -> None:
    own = part(family)
    values, categories = rows()
    score = own.preparation.apply(values, categories) @ own.weights + 0.25
    assert (score > 0.5).any() and (score < -0.5).any(), "of both signs"
    others = GENERATOR.normal(size=(N, 1))
    made = model(own)
    found, prediction = run(made, fed(values) | {"others": others})
    np.testing.assert_allclose(found, score, rtol=1e-12, atol=1e-12)
    total = score + others[:, 0]
    want = {"linear": total, "logistic": 1 / (1 + np.exp(-total)), "poisson": np.exp(total)}[family]
    np.testing.assert_allclose(prediction, want, rtol=1e-10)
    alone, _ = run(made, fed(values))
    np.testing.assert_allclose(alone, score, rtol=1e-12, atol=1e-12)


def test_categories_that_training_did_not_have_and_nulls_are_as_in_accord() -> None:
    own = part("logistic")
    texts = (*TEXTS, "never seen", "null", "other")
    values = np.zeros((len(texts) + 1, 3))
    values[:, 2] = [*range(len(texts)), np.nan]
    want = own.preparation.apply(values, {"city": texts}) @ own.weights + 0.25
    cells = [*texts, ""]
    feeds = fed(values, None) | {"city": np.array(cells, object)[:, None]}
    found, _ = run(model(own), feeds)
    keep = [k for k, text in enumerate(cells) if text != "null"]  # no file has it as a text: that cell is a null
    np.testing.assert_allclose(found[keep], want[keep], rtol=1e-12, atol=1e-12)


def test_exposure_is_an_input_of_its_own() -> None:
    own = part("poisson", one_hot=False, exposure="days")
    values, _ = rows()
    days = GENERATOR.uniform(1, 9, (N, 1))
    found, _ = run(model(own), fed(values, None) | {"days": days})
    want = own.preparation.apply(values[:, :2]) @ own.weights + 0.25 + np.log(days[:, 0])
    np.testing.assert_allclose(found, want, rtol=1e-12, atol=1e-12)


def test_a_part_without_columns_is_its_intercept() -> None:
    prepared = fit(("a",), np.ones((N, 1)), Prepare(), {}, {})
    own = part("linear").model_copy(update={"preparation": prepared, "coefficients": {}})
    assert not prepared.names
    session = onnxruntime.InferenceSession(model(own).SerializeToString(), providers=["CPUExecutionProvider"])
    (score,) = session.run(["score"], {"a": np.ones((1, 1))})
    assert score.tolist() == [[0.25]]


def test_the_command_writes_both_forms_and_overwrites_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = part("logistic")
    (tmp_path / "model.json").write_bytes(own.encode())
    file, folder = tmp_path / "bank.onnx", tmp_path / "bank"
    assert main(["model", "export", str(tmp_path), "--onnx", str(file), "--mlflow", str(folder)]) == 0
    assert capsys.readouterr().out.split() == [str(file), str(folder)]
    assert file.read_bytes() == (folder / "model.onnx").read_bytes()
    said = yaml.safe_load((folder / "MLmodel").read_text(encoding="utf-8"))
    runs = said["flavors"]["python_function"]
    env = yaml.safe_load((folder / "python_env.yaml").read_text(encoding="utf-8"))
    assert runs["loader_module"] == "mlflow.onnx" and runs["python_version"] == env["python"] == python_version()
    assert said["metadata"]["accord"]["model.json"] == own.digest
    assert [v["name"] for v in yaml.safe_load(said["signature"]["inputs"])] == ["a", "größe", "city", "others"]
    assert main(["model", "export", str(tmp_path), "--onnx", str(file)]) == 2
    assert main(["model", "export", str(tmp_path), "--mlflow", str(folder)]) == 2
    assert main(["model", "export", str(tmp_path)]) == 2
    assert main(["model", "export", str(tmp_path / "none"), "--onnx", str(tmp_path / "x")]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_a_column_that_is_called_like_an_output_is_said() -> None:
    prepared = fit(("score",), GENERATOR.normal(size=(N, 1)), Prepare(), {}, {})
    own = part("linear").model_copy(update={"preparation": prepared, "coefficients": {"score": 1.0}})
    with pytest.raises(UsageError, match="'score'"):
        model(own)
    with pytest.raises(UsageError, match="'score'"):
        as_mlflow(own, Path("nowhere"))
