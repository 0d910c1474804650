"""The variances of the weights, at the end."""

from __future__ import annotations

import numpy as np

from accord_protocols.closed import inverse
from accord_protocols.primitives import lattice, sharing
from accord_protocols.tasks.closed.stage import Stage, result
from accord_protocols.tasks.registry import Context, Result


def spread(context: Context) -> Result:
    """The encrypted inverse and basis, for V = KᵀYK. Takes y, basis."""
    stage = Stage(context)
    fields = (("spread", stage["y"]), ("basis", sharing.transposed(stage["basis"])))
    said = {
        name: lattice.encrypt_matrix(stage.secret, stage.shape.square, matrix, stage.xof.fork(name))
        for name, matrix in fields
    }
    return result(said=said)


def turn(context: Context) -> Result:
    """The answer with Y·K. Takes basis; hears spread."""
    stage = Stage(context)
    fields = stage.heard("spread"), stage["basis"], stage.xof
    numbers, mask = lattice.multiply_matrix(stage.other, stage.shape.square, *fields)
    return result({"turned_mask": mask}, {"turned": numbers})


def bend(context: Context) -> Result:
    """The answer with Kᵀ(YK). Takes y, basis, turned_mask, basis_encrypted; hears turned."""
    stage = Stage(context)
    shape = stage.shape
    opened = lattice.open_matrix(stage.secret, shape.square, stage.heard("turned"))
    whole = inverse.product(stage["y"], stage["basis"], opened, stage["turned_mask"])
    turned = inverse.rounded(shape, whole, stage.zero)
    numbers, mask = lattice.multiply_matrix(stage.other, shape.square, stage["basis_encrypted"], turned, stage.xof)
    return result({"turned": turned, "bent_mask": mask}, {"bent": numbers})


def variances(context: Context) -> Result:
    """The diagonal of KᵀYK, ``(m, 2)`` with 32 fraction bits. Takes basis, turned, bent_mask; hears bent."""
    stage = Stage(context)
    opened = lattice.open_matrix(stage.secret, stage.shape.square, stage.heard("bent"))
    left = sharing.transposed(stage["basis"])
    whole = inverse.product(left, stage["turned"], opened, stage["bent_mask"])
    diagonal = np.ascontiguousarray(whole[np.arange(len(whole)), np.arange(len(whole))])
    return result({"variances": inverse.rounded(stage.shape, diagonal, stage.zero)})
