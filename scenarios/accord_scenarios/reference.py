"""Plaintext training on the joined rows, to compare with: the runner may, seeing all files; no agent ever does.

Prepared as the parties do, it shows what the protocol costs. What preparation itself costs shows against the same model
of the same rows without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_agents.intake.table import Table
from accord_protocols.evaluation.metrics import Metrics
from accord_protocols.model.bins import document
from accord_protocols.preparation.fit import fit
from accord_protocols.preparation.moments import moments
from accord_protocols.preparation.woe import EvidenceFit
from accord_protocols.primitives.psi.ids import is_test
from accord_protocols.tasks import Context, run
from accord_protocols.tasks.results.boosting import Binned, Weighed
from accord_scenarios.jobs import training_words as wording
from accord_scenarios.jobs.base import Tables
from accord_scenarios.jobs.train import Training
from accord_scenarios.plaintext import Labelled, fitted
from accord_schemas.agreement import Prepare

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]

ILL, BAD = 1e6, 1e3
"""Condition numbers of the columns' correlations: above `ILL` coefficients are not unique in practice, above `BAD` that
explains coefficients that differ."""
NOTICEABLE = 1e-3
"""A relative difference of coefficients that rounding does not explain."""
_NOT_UNIQUE = (
    "Columns of the parties taken together are nearly combinations of each other, so that their coefficients are not "
    "unique. Set train.l2, or leave such columns out."
)


@dataclass(frozen=True, slots=True)
class Reference:
    """What scikit-learn reaches on the same rows and columns.

    Attributes:
        metrics: On TEST rows; empty where there are none.
        unprepared: The same without preparation, but for filling nulls with the mean.
        coefficients: By party and prepared column.
        intercept: Of the label holder.
        spread: Standard deviation of the TRAIN labels.
        condition: Largest over smallest eigenvalue of the prepared columns' correlations, inf where they depend on each
            other, or a logistic model has no optimum; 1 where a penalty makes the coefficients unique.
    """

    metrics: Metrics
    unprepared: Metrics
    coefficients: dict[str, dict[str, float]]
    intercept: float
    spread: float
    condition: float


def held_against(result: dict[str, Any], scenario: Training, tables: Tables) -> None:
    """Train in plaintext, and put into a completed run's result how it compares: `reference`, `unique`, `warnings`."""
    reference = train(scenario, tables, result.get("l2"))
    error = compare(result, reference)
    unprepared = reference.unprepared or None
    result["reference"] = {**reference.metrics, "max_coefficient_error": error, "unprepared": unprepared}
    if result["unique"] is None:
        result["unique"] = unique(reference, error)
        result["warnings"] += [] if result["unique"] else [_NOT_UNIQUE]
    if wording.costly(result):
        result["warnings"] = [wording.cost(result), *result["warnings"]]


def train(scenario: Training, read: Tables, l2: float | None = None) -> Reference:
    """Join all parties' rows, prepare them alike, and fit the same model; `l2`: the chosen penalty, if any."""
    terms = scenario.train
    assert terms is not None
    terms = terms if l2 is None else terms.model_copy(update={"l2": l2})
    tables = {name: read(name) for name in scenario.parties}
    common = sorted(set.intersection(*(set(table.ids) for table in tables.values())))
    rule = scenario.evaluate.test_rows if scenario.evaluate else None
    testing = np.array([rule is not None and is_test(i, rule.hash_modulus, rule.equals) for i in common], bool)
    blocks, raw, names, labelled = [], [], [], Labelled(np.empty(0))
    train_labels = _labels(tables[scenario.label_holder], common)[~testing]
    for name, table in tables.items():
        place = {identifier: row for row, identifier in enumerate(table.ids)}
        rows = [place[i] for i in common]
        values = table.values[rows]
        woe = _woe(table, np.array(rows)[~testing], train_labels, scenario.prepare)
        prepared = fit(table.columns, values[~testing], scenario.prepare, table.categories, table.forms, woe)
        blocks.append(prepared.apply(values, table.categories))
        raw.append(_standardised(prepared.expand(values, table.categories), testing))
        names += [(name, column) for column in prepared.names]
        if name == scenario.label_holder and table.labels is not None:
            weights, exposure = (None if o is None else o[rows] for o in (table.weights, table.exposure))
            labelled = Labelled(table.labels[rows], weights, exposure, terms.class_weights)
    X, bare = np.hstack(blocks), np.hstack(raw)
    trained, tested = labelled.at(~testing), labelled.at(testing)
    model = fitted(terms.model, X[~testing], trained, terms.l2)
    coefficients: dict[str, dict[str, float]] = {name: {} for name in tables}
    for (name, column), weight in zip(names, model.weights.tolist(), strict=True):
        coefficients[name][column] = weight
    return Reference(
        model.metrics(terms.model, X[testing], tested),
        fitted(terms.model, bare[~testing], trained, terms.l2).metrics(terms.model, bare[testing], tested),
        coefficients,
        model.intercept,
        moments(trained.y).deviation,
        1.0 if terms.l2 else float("inf") if model.separated else _condition(X[~testing]),
    )


def _labels(table: Table, common: Sequence[str]) -> Vector:
    """Of common ids."""
    of = dict(zip(table.ids, [] if table.labels is None else table.labels.tolist(), strict=False))
    return np.array([of[identifier] for identifier in common])


def _woe(table: Table, rows: NDArray[np.int64], labels: Vector, prepare: Prepare) -> tuple[EvidenceFit, ...]:
    """Weights of evidence of a table's columns, by all labels: in plaintext what the parties measure in shares."""
    if not prepare.woe:
        return ()
    fields = {"bins": prepare.woe_bins + 1, "least": prepare.woe_rows, "objective": "logistic", "labelled": False}
    whole = {"rows": rows, "modulus": 0, "equals": 0, "only": list(prepare.woe)}
    block = run("bins.cut", Context(fields | whole, key=bytes(32), table=table)).fields
    found = run("bins.weighed", Context({"train": block["train"], "y": labels})).fields
    return document("", Binned(**block), Weighed(**found)).woe


def compare(result: Mapping[str, Any], reference: Reference) -> float:
    """The largest difference of a coefficient or the intercept, relative to the largest coefficient.

    Where all coefficients are 0 the label's standard deviation takes its place, so that no unit enters.
    """
    own = result["coefficients"] or {}
    pairs = [(own[p][c], w) for p, columns in reference.coefficients.items() for c, w in columns.items()]
    largest = max((abs(w) for _, w in pairs), default=0.0) or reference.spread or abs(reference.intercept) or 1.0
    return float(max(abs(a - b) for a, b in [*pairs, (result["intercept"], reference.intercept)]) / largest)


def unique(reference: Reference, error: float) -> bool:
    """Whether rows and columns determine the coefficients well enough to compare them one by one."""
    return reference.condition <= (BAD if error > NOTICEABLE else ILL)


def _standardised(values: Matrix, testing: NDArray[np.bool]) -> Matrix:
    """Nulls filled with the TRAIN rows' mean; mean 0 and variance 1 for the numbers' sake and the penalty's."""
    out = np.zeros_like(values)
    for column, given in zip(out.T, values.T, strict=True):
        known = given[~testing & ~np.isnan(given)]
        found = moments(known) if len(known) else None
        if found is not None and not found.rounding:
            column[:] = (np.where(np.isnan(given), found.mean, given) - found.mean) / found.deviation
    return out


def _condition(X: Matrix) -> float:
    """Condition number of the correlations of ``(n, m)`` prepared TRAIN rows."""
    centred = X - X.mean(axis=0)
    norms = np.sqrt((centred**2).sum(axis=0))
    if not X.shape[1]:
        return 1.0
    if len(X) <= X.shape[1] or not norms.all():
        return float("inf")
    singular = np.linalg.svd(centred / norms, compute_uv=False)
    return float((singular[0] / singular[-1]) ** 2) if singular[-1] else float("inf")
