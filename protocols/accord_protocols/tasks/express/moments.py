"""Second moments, by fold."""

from __future__ import annotations

import numpy as np

from accord_protocols.closed.shape import X_BITS
from accord_protocols.express import moments
from accord_protocols.primitives import lattice, sharing
from accord_protocols.primitives.lattice.packing import MALFORMED
from accord_protocols.primitives.xof import Xof
from accord_protocols.tasks.closed.stage import Stage, result
from accord_protocols.tasks.registry import Context, Result
from accord_schemas.errors import ProtocolError


def fold(context: Context) -> Result:
    """The own columns by fold, and their own moments. Takes block, label, folds."""
    stage = Stage(context)
    parts = moments.folded(stage["block"], stage["label"], stage["folds"])
    squares = sum(value * value for value in moments.quantised(stage["label"]).tolist())
    kept = {"folded": parts, "own": moments.own_moments(parts), "squares": squares / (1 << 2 * X_BITS)}
    return result(kept)


def encrypt(context: Context) -> Result:
    """First holder: this part's blocks of its columns. Takes folded, folds."""
    stage, whole = Stage(context), Xof(context.key, "whole")
    layout, secret, out = moments.layout(stage.shape, stage["folds"]), stage.secret, []
    for number in stage["blocks"].tolist():
        k, block = divmod(number, layout.blocks)
        one = range(block, block + 1)
        out.append(lattice.encrypt_columns(secret, layout, stage["folded"][k], whole.fork("fold", k), one))
    return result(said={"columns": np.concatenate(out)})


def cross(context: Context) -> Result:
    """Second holder: answer with its columns, for this part's group of one fold. Takes folded, folds; hears columns."""
    stage = Stage(context)
    layout = moments.layout(stage.shape, stage["folds"])
    k, output = divmod(context.part, layout.outputs)
    vectors = sharing.elements(stage["folded"][k])
    columns, outputs = stage.heard("columns"), range(output, output + 1)
    numbers, mask = lattice.transposed(stage.other, layout, columns, vectors, stage.xof, outputs=outputs)
    return result({"cross": mask}, {"cross": numbers})


def gather(context: Context) -> Result:
    """Moments of all columns, by fold. Takes own; the first holder hears cross, the second takes it."""
    stage = Stage(context)
    shape, own = stage.shape, stage["own"]
    folds, theirs = len(own), shape.width(own=not shape.first)
    if shape.first:
        layout, secret = moments.layout(shape, folds), stage.secret
        if len(stage.heard("cross")) % folds:
            raise ProtocolError(MALFORMED)
        answers = np.split(stage.heard("cross"), folds)
        shares = np.stack([lattice.open_transposed(secret, layout, part, theirs) for part in answers])
    else:
        width = shape.width(own=True)
        shares = stage["cross"].reshape(folds, -1, width, 2)
    found = moments.assembled(shape, own, shares, stage.zero)
    return result({"gram": found.gram, "moments": found.right})
