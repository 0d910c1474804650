"""Binning a party's aligned rows; the label holder's labels as its loss takes them."""

from __future__ import annotations

from typing import Any

import numpy as np

from accord_protocols.boosting import objective
from accord_protocols.boosting.binning import bins_of, cuts_of, joined
from accord_protocols.evaluation.stability import stability
from accord_protocols.primitives.commitments import of_arrays, of_table
from accord_protocols.primitives.psi.ids import is_test
from accord_protocols.tasks.registry import Context, Result


def binned(context: Context) -> Result:
    """Bin the own columns.

    Inputs: rows (aligned, in common order), modulus and equals of the TEST rule (0 for none), bins, labelled,
    objective; only, names of columns where it is not all of them.

    Fields: n, TRAIN rows; bins ``(n + k, m) uint8``, TRAIN rows before TEST rows, and train, the first of them; cuts
    and names by column; missing and stability by column; test_rows; data_committed and block_committed, salted
    commitments to the rows as they were read, and to the bins. The label holder also: y ``(n + k,)`` in its scaled
    unit, unit, start, labels ``(k,)`` of the TEST rows as they stand in the file, label_committed.
    """
    return Result(_binned(context, 0))


def cut(context: Context) -> Result:
    """Bin the own columns as `binned` does, with enough TRAIN rows in every bin. Inputs: also least.

    Fields: also apart, by column whether missing values have a bin of their own.
    """
    return Result(_binned(context, context.inputs["least"]))


def _binned(context: Context, least: int) -> dict[str, Any]:
    inputs, table = context.inputs, context.rows
    order, modulus, equals = inputs["rows"], inputs["modulus"], inputs["equals"]
    testing = np.array([bool(modulus) and is_test(table.ids[r], modulus, equals) for r in order], bool)
    train, test = order[~testing], order[testing]
    everything = np.concatenate([train, test])
    own = [k for k, name in enumerate(table.columns) if name in inputs.get("only", table.columns)]
    cuts, bins = [], np.empty((len(everything), len(own)), np.uint8)
    missing, shifts, apart = [], [], []
    for column, place in enumerate(own):
        values = table.values[everything, place]
        found, alone = cuts_of(values[: len(train)], inputs["bins"]), True
        if least:
            found, alone = joined(values[: len(train)], found, least)
        cuts.append(found)
        apart.append(alone)
        bins[:, column] = np.maximum(bins_of(values, found), 0 if alone else 1)
        missing.append(int(np.isnan(values[: len(train)]).sum()))
        placed = bins[:, column].astype(np.float64)
        shifts.append(stability(placed[: len(train)], placed[len(train) :]))
    fields = {
        "n": len(train),
        "bins": bins,
        "train": bins[: len(train)],
        "cuts": [list(found) for found in cuts],
        "names": [table.columns[place] for place in own],
        "missing": missing,
        "stability": shifts,
        "test_rows": test,
    }
    if inputs["labelled"]:
        fields |= _labels(context, train, test)
    return fields | ({"apart": apart} if least else {}) | _commitments(context, fields)


def _labels(context: Context, train: Any, test: Any) -> dict[str, Any]:
    loss, labels = context.inputs["objective"], context.rows.labels
    assert labels is not None, "the label holder has labels"
    unit = objective.unit(loss, labels[train])
    y = np.ldexp(labels[np.concatenate([train, test])], -unit)
    return {"y": y, "unit": unit, "start": objective.start(loss, y[: len(train)]), "labels": labels[test]}


def _commitments(context: Context, fields: dict[str, Any]) -> dict[str, bytes]:
    """What binds the party to these data; each has a salt of its own."""
    table = context.rows
    data, block, label = (context.xof.fork("salt", name).bytes(32) for name in ("data", "block", "label"))
    meanings = {
        name: dict(value) for name, value in (("forms", table.forms), ("categories", table.categories)) if value
    }
    others = {"weights": table.weights, "exposure": table.exposure}
    found = {
        "data_committed": of_table(data, table.ids, table.columns, table.values, table.labels, others, meanings),
        "block_committed": of_arrays(block, bins=fields["bins"]),
    }
    return found | ({"label_committed": of_arrays(label, y=fields["y"])} if "y" in fields else {})
