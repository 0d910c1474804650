"""Tasks of the overlap gate: PSI cardinality on a sample of ids, and on column names."""

from __future__ import annotations

import numpy as np

from accord_protocols.primitives.psi.cardinality import blind, count, reblind, sample
from accord_protocols.primitives.psi.opening import COLUMN, ID
from accord_protocols.primitives.psi.ristretto import random_scalar
from accord_protocols.tasks.registry import Context, Result

_NAMES = "names"


def sample_task(context: Context) -> Result:
    """Label holder: sampled ids and column names, blinded and shuffled.

    Inputs: sizes, sample_key, domain; alone, where no names are compared.
    """
    xof = context.xof
    return Result(_blinded(context, random_scalar(xof.fork("ids")), random_scalar(xof.fork(_NAMES))))


def answer(context: Context) -> Result:
    """Party: the label holder's points again, and the own ones. Inputs: as `sample_task`, points, their_names."""
    xof, inputs = context.xof, context.inputs
    ids, names = random_scalar(xof.fork("ids")), random_scalar(xof.fork(_NAMES))
    doubled = reblind(inputs["points"], ids, xof.fork("again"))
    return Result(
        {
            **_blinded(context, ids, names),
            "doubled": doubled,
            "doubled_names": reblind(inputs["their_names"], names, xof.fork("again", _NAMES)),
        }
    )


def count_task(context: Context) -> Result:
    """Label holder, with the key of its `sample_task`: how many points and names are common.

    Inputs: doubled, points, doubled_names, names.
    """
    xof, inputs = context.xof, context.inputs
    points = reblind(inputs["points"], random_scalar(xof.fork("ids")), xof.fork("count"))
    names = reblind(inputs["names"], random_scalar(xof.fork(_NAMES)), xof.fork("count", _NAMES))
    return Result(
        {
            "ids": count(inputs["doubled"], points),
            "names": count(inputs["doubled_names"], names),
        }
    )


def _blinded(context: Context, ids: bytes, names: bytes) -> dict[str, np.ndarray]:
    inputs, xof, rows = context.inputs, context.xof, context.rows
    domain: bytes = inputs["domain"]
    columns = () if inputs.get("alone") else rows.columns
    chosen = sample(rows.ids, inputs["sample_key"], tuple(inputs["sizes"]))
    return {
        "points": blind(chosen, ids, ID + domain, xof.fork("order")),
        "names": blind(columns, names, COLUMN + domain, xof.fork("order", _NAMES)),
    }
