"""A party's part of a model as ONNX, and as a folder that MLflow loads.

Everything is computed in double and from plain operators: of the operators made for models, onnxruntime takes no
doubles for LinearRegressor, and leaves LOGISTIC out of a regressor with one output.
"""

from __future__ import annotations

import importlib
import json
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from accord_agents.files import yaml12
from accord_protocols.model.part import ModelPart
from accord_protocols.phases.training.evaluate import WIDE
from accord_protocols.preparation.categories import NULL, OTHER, CategoryFit
from accord_protocols.preparation.fitted import LARGEST
from accord_schemas.errors import AccordError, UsageError

OPSET, IR = 19, 9
"""The first with equality of texts; and a format that runtimes of 2023 read."""
_NAMES = {"score", "prediction", "others"}
_INSTALL = "Install it with: pip install 'accord[onnx]'"


class _Graph:
    """Takes nodes one after another; each has one output."""

    def __init__(self, onnx: Any) -> None:
        self._onnx = onnx
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.inputs: list[Any] = []

    def constant(self, value: Any) -> str:
        """A tensor of doubles, or of texts."""
        name = f"accord:c{len(self.constants)}"
        array = np.array(value, object if isinstance(value, str) else np.float64)
        self.constants.append(self._onnx.numpy_helper.from_array(array, name))
        return name

    def column(self, name: str, *, text: bool = False) -> str:
        """An input ``(N, 1)``."""
        kind = self._onnx.TensorProto.STRING if text else self._onnx.TensorProto.DOUBLE
        self.inputs.append(self._onnx.helper.make_tensor_value_info(name, kind, ["N", 1]))
        return name

    def node(self, operator: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        """What an operator makes of others' outputs."""
        output = name or f"accord:n{len(self.nodes)}"
        self.nodes.append(self._onnx.helper.make_node(operator, [*inputs], [output], **attributes))
        return output


def model(part: ModelPart) -> Any:
    """The part as an ``onnx.ModelProto``.

    Inputs are the party's columns as its file has them, each ``(N, 1)``: double with NaN for nulls (dates as days since
    1970-01-01, false and true as 0 and 1), categories as text with "" for nulls; of a model with exposure also that
    column; and `others`, what all other parties' parts make of the same rows, 0 where it is left out.

    Outputs are `score`, this party's part ``(N, 1)``, and `prediction`, what is expected of the label given all parts.

    Raises:
        UsageError: The library is not installed, or a column has a name that the export needs.
    """
    onnx = _onnx()
    if taken := _NAMES & {*part.preparation.columns, part.exposure}:
        raise UsageError(f"the model has a column {min(taken, key=str)!r}, as the export calls something of its own.")
    graph, prepared = _Graph(onnx), part.preparation
    fits = {fit.name: fit for fit in prepared.categories}
    expanded: dict[str, str] = {}
    for name in prepared.columns:
        if name in fits:
            expanded |= _levels(graph, fits[name])
        else:
            expanded[name] = graph.column(name)
    score = _score(graph, part, [expanded[column.name] for column in prepared.kept])
    zero = onnx.numpy_helper.from_array(np.zeros((1, 1)), "others")
    kind = onnx.TensorProto.DOUBLE
    graph.inputs.append(onnx.helper.make_tensor_value_info("others", kind, ["M", 1]))
    graph.constants.append(zero)
    total = graph.node("Add", score, "others")
    if part.model != "linear":
        total = graph.node("Min", graph.node("Max", total, graph.constant([[-WIDE]])), graph.constant([[WIDE]]))
    link = {"linear": "Identity", "logistic": "Sigmoid", "poisson": "Exp"}[part.model]
    graph.node(link, total, name="prediction")
    outputs = [onnx.helper.make_tensor_value_info(name, kind, ["N", 1]) for name in ("score", "prediction")]
    body = onnx.helper.make_graph(graph.nodes, f"accord {part.model}", graph.inputs, outputs, graph.constants)
    opset = onnx.helper.make_opsetid("", OPSET)
    made = onnx.helper.make_model(body, opset_imports=[opset], producer_name="accord", ir_version=IR)
    about = {"party": part.party, "model": part.model, "protection": part.protection, "model.json": part.digest}
    onnx.helper.set_model_props(made, about)
    onnx.checker.check_model(made, full_check=True)
    return made


def _score(graph: _Graph, part: ModelPart, columns: Sequence[str]) -> str:
    kept = part.preparation.kept
    parts = [graph.constant([[part.intercept or 0.0]])]
    if kept:
        x = graph.node("Concat", *columns, axis=1) if len(columns) > 1 else columns[0]
        x = graph.node("Where", graph.node("IsNaN", x), graph.constant([[c.impute for c in kept]]), x)
        low = [-np.inf if c.low is None or c.high is None else c.low for c in kept]
        high = [np.inf if c.low is None or c.high is None else c.high for c in kept]
        x = graph.node("Min", graph.node("Max", x, graph.constant([low])), graph.constant([high]))
        x = graph.node(
            "Div",
            graph.node("Sub", x, graph.constant([[c.mean for c in kept]])),
            graph.constant([[c.scale for c in kept]]),
        )
        x = graph.node("Min", graph.node("Max", x, graph.constant([[-LARGEST]])), graph.constant([[LARGEST]]))
        parts.append(graph.node("MatMul", x, graph.constant([[w] for w in part.weights.tolist()])))
    if part.exposure is not None:
        parts.append(graph.node("Log", graph.column(part.exposure)))
    total = parts[0]
    for place, more in enumerate(parts[1:]):
        total = graph.node("Add", total, more, name="score" if place == len(parts) - 2 else "")
    return total if len(parts) > 1 else graph.node("Identity", total, name="score")


def _levels(graph: _Graph, fit: CategoryFit) -> dict[str, str]:
    """The columns of 0 and 1 that come of a column of categories, see `CategoryFit.columns`."""
    text = graph.column(fit.name, text=True)
    null = graph.node("Equal", text, graph.constant(""))
    same = {
        level: graph.node("Or", null, graph.node("Equal", text, graph.constant(level)))
        if level == NULL
        else graph.node("Equal", text, graph.constant(level))
        for level in {*fit.levels, fit.reference} - {OTHER, ""}
    }
    if OTHER in fit.levels:
        known = null if NULL in same else None
        for flag in same.values():
            known = flag if known is None else graph.node("Or", known, flag)
        if known is None:  # `other` is the only level
            known = graph.node("And", null, graph.node("Not", null))
        same[OTHER] = graph.node("Not", known)
    double = graph._onnx.TensorProto.DOUBLE
    return {f"{fit.name}={level}": graph.node("Cast", same[level], to=double) for level in fit.levels}


def _onnx() -> Any:
    try:
        onnx = importlib.import_module("onnx")
        for name in ("checker", "helper", "numpy_helper"):
            importlib.import_module(f"onnx.{name}")
    except ImportError:
        raise UsageError("onnx is not installed.", hint=_INSTALL) from None
    return onnx


def read(folder: Path) -> ModelPart:
    """The model in a party's folder, or in a file.

    Raises:
        UsageError: There is none.
    """
    path = folder / "model.json" if folder.is_dir() else folder
    try:
        return ModelPart.read(path.read_bytes(), str(path))
    except OSError as error:
        hint = "A completed training leaves one in each party's folder."
        raise UsageError(f"{path} cannot be read: {error.strerror}.", hint=hint) from None


def written(part: ModelPart, path: Path) -> None:
    """Write it as one ONNX file.

    Raises:
        UsageError: The file is there already, or the library is not.
        AccordError: It cannot be written.
    """
    data = model(part).SerializeToString(deterministic=True)
    if path.exists():
        raise UsageError(f"{path} exists.", hint="Name a new file.")
    try:
        path.write_bytes(data)
    except OSError as error:
        raise AccordError(f"{path} cannot be written: {error.strerror}.") from None


def as_mlflow(part: ModelPart, folder: Path) -> None:
    """Write a folder that ``mlflow.onnx`` and ``mlflow.pyfunc`` load, without needing MLflow.

    Raises:
        UsageError: The folder is there already, or the library is not.
        AccordError: It cannot be written.
    """
    made = model(part)
    if folder.exists():
        raise UsageError(f"{folder} exists.", hint="Name a new folder.")
    needs = [f"onnx=={version('onnx')}", "onnxruntime", "numpy"]
    tensors = {"inputs": made.graph.input, "outputs": made.graph.output}
    python = platform.python_version()
    runs = {"data": "model.onnx", "loader_module": "mlflow.onnx", "env": {"virtualenv": "python_env.yaml"}}
    runs |= {"python_version": python}  # else whoever loads it is warned that it may not fit
    reads = {"data": "model.onnx", "onnx_version": version("onnx"), "providers": ["CPUExecutionProvider"]}
    document = {
        "flavors": {"onnx": reads | {"code": None, "options": None}, "python_function": runs},
        "metadata": {"accord": {"party": part.party, "model.json": part.digest, "protection": part.protection}},
        "model_uuid": part.digest[:32],
        "signature": {name: json.dumps(_tensors(values)) for name, values in tensors.items()},
    }
    try:
        folder.mkdir(parents=True)
        (folder / "model.onnx").write_bytes(made.SerializeToString(deterministic=True))
        (folder / "requirements.txt").write_text("\n".join(needs) + "\n", encoding="utf-8")
        env = {"python": python, "build_dependencies": ["pip"], "dependencies": ["-r requirements.txt"]}
        (folder / "python_env.yaml").write_text(yaml12.dump(env), encoding="utf-8")
        (folder / "MLmodel").write_text(yaml12.dump(document), encoding="utf-8")
    except OSError as error:
        raise AccordError(f"{folder} cannot be written: {error.strerror}.") from None


def _tensors(values: Any) -> list[dict[str, Any]]:
    kinds = {8: "str", 11: "float64"}
    return [
        {
            "name": v.name,
            "type": "tensor",
            "tensor-spec": {"dtype": kinds[v.type.tensor_type.elem_type], "shape": [-1, 1]},
        }
        for v in values
    ]
