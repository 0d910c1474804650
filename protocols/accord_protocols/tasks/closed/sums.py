"""Gradient and Hessian."""

from __future__ import annotations

from functools import partial

import numpy as np

from accord_protocols.closed import inverse, sums
from accord_protocols.closed.shape import X_BITS
from accord_protocols.primitives import lattice, sharing
from accord_protocols.primitives.sharing import RING, Words
from accord_protocols.tasks.closed.stage import Stage, result
from accord_protocols.tasks.registry import Context, Result


def backward(context: Context) -> Result:
    """Sums over rows of own columns, and answers for the other's.

    Takes block, residual ``(n, c, 2)``, columns.sums, hessian (``flat``, ``rows`` or none); for ``rows`` also head,
    slope, columns.pairs, and columns.heads where these are fewer rows.
    """
    stage = Stage(context)
    shape, other, kind = stage.shape, stage.other, stage["hessian"]
    answer = partial(lattice.transposed, other)
    d, columns = stage["residual"], stage["columns.sums"]
    numbers, mask = answer(shape.sums(own=False), columns, d, stage.xof.fork("sums"))
    kept, said = {"own_sums": sums.own_sums(stage["block"], d), "mask_sums": mask}, {"sums": numbers}
    if not kind:
        return result(kept, said)
    absent = {"mask_cross": sums.empty(0, 0), "mask_pairs": sums.empty(0)}
    if kind == "flat":
        block = sharing.elements(stage["block"])
        kept |= absent | {"own_hessian": sums.own_sums(stage["block"], block)}
        if not shape.first:
            numbers, kept["mask_cross"] = answer(shape.sums(own=False), columns, block, stage.xof.fork("cross"))
            said["cross"] = numbers
        return result(kept, said)
    slope = stage["slope"][: shape.head]
    weighed = sums.weighed(stage["head"], slope)
    kept["own_hessian"] = sums.own_sums(stage["head"], weighed)
    heads = stage.inputs.get("columns.heads", columns)
    said["cross"], kept["mask_cross"] = answer(shape.heads(own=False), heads, weighed, stage.xof.fork("cross"))
    pairs = shape.pairs(own=False), stage["columns.pairs"]
    said["pairs"], kept["mask_pairs"] = answer(*pairs, slope, stage.xof.fork("pairs"))
    return result(kept, said)


def gather(context: Context) -> Result:
    """Gradient, what the loss needs, and the Hessian with the inverse's beginning, in shares.

    Takes own_sums, mask_sums, penalty_gradient, label_gradient (empty in the first round), w; for a Hessian
    own_hessian, mask_cross, mask_pairs, penalty, first_inverse (empty for a multiple of the identity), alpha; for an
    ``image`` y and inverse_encrypted.
    """
    stage = Stage(context)
    shape, zero, secret, kind = stage.shape, stage.zero, stage.secret, stage["hessian"]
    count = stage["own_sums"].shape[1]
    opened = lattice.open_transposed(secret, shape.sums(own=True), stage.heard("sums"), count)
    whole = sums.gradients(shape, stage["own_sums"], opened, stage["mask_sums"])
    g = sums.mean(shape, whole[:, 0], stage["penalty_gradient"], zero.fork("g"))
    ridge = sharing.truncated(
        stage["penalty_gradient"], X_BITS + shape.mean_bits, zero.fork("ridge"), first=shape.first
    )
    label = stage["label_gradient"]
    if not len(label):
        label = sums.mean(shape, whole[:, 1], sums.empty(shape.m), zero.fork("label"))
    value = RING.add(g, label) if shape.quadratic else RING.add(RING.add(label, label), ridge)
    kept = {"g": g, "ridge": ridge, "label_gradient": label, "value": value}
    said = {"inner": lattice.encrypt_matrix(secret, shape.inner, np.stack([g, stage["w"]]), stage.xof.fork("inner"))}
    if kind:
        h = _hessian(stage)
        first = stage["first_inverse"]
        y = first if len(first) else inverse.opening(shape, h, stage["alpha"], zero.fork("opening"))
        kept |= {"h": h, "y": y}
        said["h"] = lattice.encrypt_matrix(secret, shape.square, h, stage.xof.fork("h"))
        said["y"] = lattice.encrypt_matrix(secret, shape.square, y, stage.xof.fork("y"))
    elif stage["inverse"] == "image":
        fields = stage["inverse_encrypted"], np.ascontiguousarray(g[:, None]), stage.xof.fork("image")
        said["image"], kept["image_mask"] = lattice.multiply_matrix(stage.other, shape.image, *fields)
    return result(kept, said)


def _hessian(stage: Stage) -> Words:
    shape, secret, rows = stage.shape, stage.secret, stage["hessian"] == "rows"
    cross, pairs = sums.empty(0, 0), sums.empty(0)
    if stage.heard_in("cross"):
        layout = shape.heads(own=True) if rows else shape.sums(own=True)
        cross = lattice.open_transposed(secret, layout, stage.heard("cross"), shape.width(own=False))
    if rows:
        pairs = lattice.open_transposed(secret, shape.pairs(own=True), stage.heard("pairs"))
    nothing = sums.empty(0, 0, 0)
    opened, mask = sums.Parts(nothing, cross, pairs), sums.Parts(nothing, stage["mask_cross"], stage["mask_pairs"])
    return sums.hessian(shape, stage["own_hessian"], opened, mask, stage["penalty"], stage.zero.fork("h"))
