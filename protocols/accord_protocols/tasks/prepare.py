"""Preparing a party's aligned rows: the scenario's steps, the whitened basis, fixed point."""

from __future__ import annotations

from typing import Any

import numpy as np

from accord_protocols.evaluation.stability import stability
from accord_protocols.links.registry import LINKS
from accord_protocols.preparation.fit import fit
from accord_protocols.preparation.fitted import Fitted
from accord_protocols.preparation.fixed import quantise
from accord_protocols.preparation.moments import moments
from accord_protocols.preparation.remarks import dependent, remarks
from accord_protocols.preparation.weighing import offsets, row_weights, tells
from accord_protocols.preparation.whiten import Whitening, bound, gram_matrix
from accord_protocols.preparation.woe import EvidenceFit
from accord_protocols.primitives.commitments import of_arrays, of_table
from accord_protocols.primitives.psi.ids import is_test
from accord_protocols.tasks.registry import Context, Result
from accord_schemas.agreement import Prepare
from accord_schemas.errors import ProtocolError


def fit_task(context: Context) -> Result:
    """Prepare one party's block.

    Inputs: rows (aligned, in common order), settings, modulus and equals of the TEST rule (0 for none), labelled, l2,
    model, link (the entry of `links.registry.LINKS`), curvature (`basis_curvature`), class_weights; woe, the
    `EvidenceFit` of each own column that becomes its weight of evidence, where there are any.

    Fields: x ``(n, m) int64`` whitened, 16 fraction bits; factor ``(m, m)``, the whitening's L; bound; test ``(k, m)
    float64`` prepared but not whitened; test_rows; fitted; remarks, sentences for the owner; dependent, names of
    columns that are combinations of others, where nothing is penalised; stability, how far the TEST rows of each
    prepared column are from its TRAIN rows; data_committed and block_committed, salted commitments to the rows as they
    were read, and to x and test. The label holder also: y ``(n,) float64`` scaled,
    weights ``(n,)`` of mean 1 or empty, offset ``(n,)`` that is added to scores or empty, label_committed, to these
    three; center, shift, range (bits of the residual), test_labels, test_offset, constant (whether the label is).
    """
    rows = _rows(context)
    return _block(context, _fitted(context, rows[0]), *rows)


def refit_task(context: Context) -> Result:
    """What `fit_task` gave, with a recorded fit: one of before need not have the same last bits.

    Inputs: those of `fit_task`, and fitted as it was recorded.

    Raises:
        ProtocolError: What is fitted now is not close to it.
    """
    recorded = Fitted.from_json(context.inputs["fitted"])
    rows = _rows(context)
    if not recorded.close(_fitted(context, rows[0])):
        raise ProtocolError("the recorded preparation is not what these rows give")
    return _block(context, recorded, *rows)


def _rows(context: Context) -> tuple[np.ndarray, np.ndarray]:
    """TRAIN and TEST rows."""
    inputs, table = context.inputs, context.rows
    order = inputs["rows"]
    ids = [table.ids[row] for row in order]
    modulus, equals = inputs["modulus"], inputs["equals"]
    testing = np.array([bool(modulus) and is_test(i, modulus, equals) for i in ids], bool)
    return order[~testing], order[testing]


def _fitted(context: Context, train_rows: np.ndarray) -> Fitted:
    table = context.rows
    settings = Prepare.model_validate(context.inputs["settings"])
    woe = [EvidenceFit.model_validate(own) for own in context.inputs.get("woe", ())]
    return fit(table.columns, table.values[train_rows], settings, table.categories, table.forms, woe)


def _block(context: Context, fitted: Fitted, train_rows: np.ndarray, test_rows: np.ndarray) -> Result:
    inputs, table = context.inputs, context.rows
    train, test = (fitted.apply(table.values[rows], table.categories) for rows in (train_rows, test_rows))
    fields = {"n": len(train_rows), "fitted": fitted.to_json(), "test_rows": test_rows}
    values, settings = table.values[np.concatenate([train_rows, test_rows])], Prepare.model_validate(inputs["settings"])
    fields["remarks"] = remarks(fitted, settings, values, table.categories)
    fields["stability"] = dict(zip(fitted.names, map(stability, train.T, test.T), strict=True))
    penalty = np.full(train.shape[1], float(inputs["l2"]))
    if inputs["labelled"]:  # the intercept is a column of ones, last and unpenalised
        train, test = (np.hstack([block, np.ones((len(block), 1))]) for block in (train, test))
        penalty = np.append(penalty, 0.0)
        fields |= _labels(context, train_rows, test_rows)
    link = LINKS[inputs["link"]]
    fields |= _whitened(train, penalty, fitted, link.penalty(0) / inputs["curvature"])
    fields |= {"test": test, "penalty": penalty}
    return Result(fields | _commitments(context, fields))


def _commitments(context: Context, fields: dict[str, Any]) -> dict[str, bytes]:
    """What binds the party to these data; each has a salt of its own, so that one can be opened without the others."""
    table, label = context.rows, {}
    data, block, y = (context.xof.fork("salt", name).bytes(32) for name in ("data", "block", "label"))
    if "y" in fields:
        further = {name: fields[name] for name in ("weights", "offset") if len(fields[name])}
        label = {"label_committed": of_arrays(y, y=fields["y"], **further)}
    others = {"weights": table.weights, "exposure": table.exposure}
    meanings = {
        name: dict(value) for name, value in (("forms", table.forms), ("categories", table.categories)) if value
    }
    return label | {
        "data_committed": of_table(data, table.ids, table.columns, table.values, table.labels, others, meanings),
        "block_committed": of_arrays(block, x=fields["x"], test=fields["test"]),
    }


def _labels(context: Context, train_rows: np.ndarray, test_rows: np.ndarray) -> dict[str, object]:
    inputs, table = context.inputs, context.rows
    assert table.labels is not None, "the label holder has labels"
    raw, (weights, exposure) = table.labels[train_rows], (_of(o, train_rows) for o in (table.weights, table.exposure))
    tells(inputs["model"], raw)
    weighed, offset = row_weights(raw, weights, inputs["class_weights"]), offsets(exposure)
    link = LINKS[inputs["link"]]
    labels = link.labels(raw, weighed, offset)
    largest = int(np.ceil(np.abs(labels.y).max(initial=0.0) * weighed.max(initial=1.0)))
    return {
        "y": labels.y,
        "weights": weighed,
        "offset": offset,
        "center": labels.center,
        "shift": labels.shift,
        "range": largest.bit_length() + link.headroom,
        "constant": moments(raw).rounding,
        "test_labels": table.labels[test_rows],
        "test_offset": offsets(_of(table.exposure, test_rows)),
    }


def _of(numbers: np.ndarray | None, rows: np.ndarray) -> np.ndarray | None:
    return None if numbers is None else numbers[rows]


def _whitened(train: np.ndarray, penalty: np.ndarray, fitted: Fitted, factor: float) -> dict[str, object]:
    if not train.shape[1]:
        return {"x": np.zeros(train.shape, np.int64), "factor": np.zeros((0, 0)), "bound": 0, "dependent": []}
    gram, names = gram_matrix(train), fitted.names
    whitening = Whitening.of(gram, penalty * factor)
    basis = whitening.transform(train)
    exponent = bound(basis)
    combined: list[int] = []
    if names and not penalty.any():
        combined = dependent(gram, [*range(len(names), len(gram)), *range(len(names))])  # the ones first
    return {
        "x": quantise(basis, exponent=exponent),
        "factor": whitening.L,
        "bound": exponent,
        "dependent": [names[column] for column in combined],
    }
