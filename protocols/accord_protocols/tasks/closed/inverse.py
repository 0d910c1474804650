"""The inverse of the Hessian."""

from __future__ import annotations

from accord_protocols.closed import inverse
from accord_protocols.closed.sums import padded
from accord_protocols.primitives import lattice
from accord_protocols.tasks.closed.stage import Stage, result
from accord_protocols.tasks.registry import Context, Result


def square(context: Context) -> Result:
    """The first answer with H·Y. Takes y; hears h."""
    stage = Stage(context)
    numbers, mask = lattice.multiply_matrix(stage.other, stage.shape.square, stage.heard("h"), stage["y"], stage.xof)
    return result({"hy_mask": mask}, {"hy": numbers})


def correct(context: Context) -> Result:
    """s(2I − sHY), and the answer with its product by Y. Takes h, y, hy_mask, scale; hears hy, y."""
    stage = Stage(context)
    shape = stage.shape
    opened = lattice.open_matrix(stage.secret, shape.square, stage.heard("hy"))
    hy = inverse.product(stage["h"], stage["y"], opened, stage["hy_mask"])
    e = inverse.rest(shape, hy, stage["scale"], stage.zero)
    numbers, mask = lattice.multiply_matrix(stage.other, shape.square, stage.heard("y"), e, stage.xof)
    return result({"e": e, "ye_mask": mask}, {"ye": numbers})


def improve(context: Context) -> Result:
    """Y of the next step, and its answers. Takes y, e, ye_mask, last, keep; hears ye.

    Before the last step it takes h_encrypted too; then, g and w, and hears inner.
    """
    stage = Stage(context)
    shape, other, secret = stage.shape, stage.other, stage.secret
    opened = lattice.open_matrix(secret, shape.square, stage.heard("ye"))
    y = inverse.rounded(shape, inverse.product(stage["y"], stage["e"], opened, stage["ye_mask"]), stage.zero)
    if not stage["last"]:
        fields = stage["h_encrypted"], y, stage.xof.fork("hy")
        numbers, mask = lattice.multiply_matrix(other, shape.square, *fields)
        encrypted = lattice.encrypt_matrix(secret, shape.square, y, stage.xof.fork("y"))
        return result({"y": y, "hy_mask": mask}, {"hy": numbers, "y": encrypted})
    fields = stage.heard("inner"), padded(shape, y), stage.xof.fork("step")
    numbers, mask = lattice.multiply_matrix(other, shape.inner, *fields)
    said = {"step": numbers}
    if stage["keep"]:
        said["inverse"] = lattice.encrypt_matrix(secret, shape.image, y, stage.xof.fork("inverse"))
    return result({"y": y, "step_mask": mask}, said)
