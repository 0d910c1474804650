"""The step, and what the first holder may know of it."""

from __future__ import annotations

import numpy as np

from accord_protocols.closed import inverse, scores
from accord_protocols.closed.shape import W_BITS
from accord_protocols.closed.sums import padded
from accord_protocols.primitives import lattice, sharing
from accord_protocols.primitives.sharing import RING
from accord_protocols.tasks.closed.stage import Stage, result
from accord_protocols.tasks.registry import Context, Result


def step(context: Context) -> Result:
    """The step, and the answer with the inner products that the first holder is to know.

    Takes g, w, x, value, ridge, kind; for ``newton`` y, step_mask, inner_encrypted, and hears step; for ``image`` y,
    image_mask, and hears image, inner; for ``plain`` length, and hears inner.
    """
    stage = Stage(context)
    shape, kind, g, w = stage.shape, stage["kind"], stage["g"], stage["w"]
    inner = stage["inner_encrypted"] if kind == "newton" else stage.heard("inner")
    if kind == "newton":
        opened = lattice.open_matrix(stage.secret, shape.inner, stage.heard("step"))
        whole = inverse.product(np.stack([g, w]), padded(shape, stage["y"]), opened, stage["step_mask"])[0, : shape.m]
    elif kind == "image":
        opened = lattice.open_matrix(stage.secret, shape.image, stage.heard("image"))
        whole = inverse.product(stage["y"], g[:, None], opened, stage["image_mask"])[:, 0]
    else:
        whole = sharing.scaled(g, round(stage["length"] * 2.0**W_BITS))
    p = inverse.rounded(shape, whole, stage.zero)
    moved = RING.sub(RING.sub(w, p), stage["x"])
    columns = np.stack([p, stage["value"], stage["ridge"], moved], axis=1)
    fields = inner, padded(shape, columns), stage.xof
    numbers, mask = lattice.multiply_matrix(stage.other, shape.inner, *fields)
    return result({"p": p, "columns": columns, "products_mask": mask}, {"products": numbers})


def close(context: Context) -> Result:
    """Shares of what the first holder may learn, ``(4, 2)`` with 64 fraction bits.

    In order: twice the loss, summed over rows; the same without the penalty; gᵀp and gᵀ(x_new − x), both over 2^s.

    Takes g, w, columns, products_mask, loss; hears products.
    """
    stage = Stage(context)
    shape = stage.shape
    opened = lattice.open_matrix(stage.secret, shape.inner, stage.heard("products"))
    rows, columns = np.stack([stage["g"], stage["w"]]), padded(shape, stage["columns"])
    found = inverse.product(rows, columns, opened, stage["products_mask"])
    link = sharing.raised(stage["loss"], 1 + 2 * W_BITS - scores.LOSS_UNIT)
    loss = RING.add(link, sharing.raised(found[1:, 1], shape.mean_bits))
    bare = RING.sub(loss, sharing.raised(found[1:, 2], shape.mean_bits))
    return result({"figures": np.concatenate([loss, bare, found[:1, 0], found[:1, 3]])})
