"""Tasks of the level `closed`: one holder's stages, see `accord_protocols.closed`.

Inputs of all stages: shape (`Shape.fields`), zero (32 bytes, common to both holders, for this stage), the other's key
as sid, owner, large, small; then what the stage takes by its name, and what it hears as ``heard.NAME``. Results are
fields ``kept.NAME`` for later stages and ``said.NAME`` for the other holder. Stages that encrypt or open need the
secret ``lattice``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from accord_protocols.closed import inverse, scores, sums
from accord_protocols.closed.shape import W_BITS, X_BITS, Shape
from accord_protocols.preparation.whiten import Whitening
from accord_protocols.primitives import lattice, sharing
from accord_protocols.primitives.lattice import PublicKey, SecretKey
from accord_protocols.primitives.sharing import RING, Factor, Words
from accord_protocols.primitives.xof import Xof
from accord_protocols.tasks.registry import Context, Result


class _Stage:
    """A stage's inputs, in the types that it reads."""

    def __init__(self, context: Context) -> None:
        self.inputs, self.xof = context.inputs, context.xof
        self.shape = Shape.of(context.inputs["shape"])
        self.zero = Xof(context.inputs["zero"], "zero")
        self._secrets = context.secrets

    def __getitem__(self, name: str) -> Any:
        return self.inputs[name]

    def heard(self, name: str) -> Any:
        return self.inputs[f"heard.{name}"]

    @property
    def secret(self) -> SecretKey:
        return SecretKey.decode(self._secrets["lattice"])

    @property
    def other(self) -> PublicKey:
        return PublicKey.decode(*(self.inputs[name] for name in ("sid", "owner", "large", "small")))


def _result(kept: Mapping[str, Any] | None = None, said: Mapping[str, Any] | None = None) -> Result:
    fields = {f"kept.{name}": value for name, value in (kept or {}).items()}
    return Result(fields | {f"said.{name}": value for name, value in (said or {}).items()})


# ---- before the first round


def _penalty(context: Context) -> np.ndarray:
    """n · L^-1 Λ L^-T with 16 fraction bits, ``(k, k) int64``."""
    factor, penalty, rows = context.inputs["factor"], context.inputs["penalty"], len(context.inputs["x"])
    ridge = Whitening(factor).ridge_matrix(penalty) if len(factor) else np.zeros((0, 0))
    words = RING.from_fixed(ridge * rows, X_BITS)
    return np.ascontiguousarray(words[..., 0]).view(np.int64)


def _basis(context: Context) -> Words:
    """L^-1 with 32 fraction bits: where weights are L^-T w', the variance of w is its transpose times w''s times it."""
    factor = context.inputs["factor"]
    rows = [Whitening(factor).back(unit) for unit in np.eye(len(factor))]
    return RING.from_fixed(np.array(rows).reshape(factor.shape), W_BITS)


def deal(context: Context) -> Result:
    """A party that holds no shares: two shares of its columns, its penalty below them, and of its basis.

    Inputs: x, factor, penalty. Fields: first and second ``(n + k, k, 2)``, first_basis and second_basis ``(k, k, 2)``.
    """
    rows = np.concatenate([context.inputs["x"], _penalty(context)])
    first, second = sharing.share(sharing.elements(rows), context.xof.fork("columns"))
    one, two = sharing.share(_basis(context), context.xof.fork("basis"))
    return Result({"first": first, "second": second, "first_basis": one, "second_basis": two})


def assemble(context: Context) -> Result:
    """A holder: its own columns and its shares of others', and what is encrypted of them.

    Inputs: shape, x, factor, penalty, label; columns.P and basis.P of every party P that holds no shares.
    Kept: rows ``(n + k, k)``, block ``(n, k)``, penalty ``(k, k)``, and where the Hessian is that of the scores head
    ``(head, k)`` and pairs ``(head, k(k+1)/2)``: int64, or ring elements where some are shares; basis ``(m, m, 2)``;
    squares, the sum of the labels' squares.
    """
    shape = Shape.of(context.inputs["shape"])
    own, dealt = context.inputs["x"], [v for n, v in sorted(context.inputs.items()) if n.startswith("columns.")]
    block, below = _joined(shape, own, [d[: shape.rows] for d in dealt]), _penalty(context)
    penalty = _diagonal(shape, below, [d[shape.rows :] for d in dealt])
    kept = {"rows": np.concatenate([block, penalty]), "block": block, "penalty": penalty}
    if shape.weighted:
        head = np.ascontiguousarray(block[: shape.head])
        kept |= {"head": head, "pairs": sums.column_pairs(head)}
    basis = sums.empty(shape.m, shape.m)
    shares = [value for name, value in sorted(context.inputs.items()) if name.startswith("basis.")]
    basis[shape.mine, shape.mine] = sharing.elements(_diagonal(shape, _basis(context), shares))
    label = context.inputs["label"]
    return _result(kept | {"basis": basis, "squares": math.fsum((label * label).tolist())})


def _joined(shape: Shape, own: np.ndarray, dealt: list[Words]) -> Factor:
    if not dealt:
        return own
    parts = [sharing.elements(own), *dealt] if shape.first else [*dealt, sharing.elements(own)]
    return np.concatenate(parts, axis=1)


def _diagonal(shape: Shape, own: Factor, dealt: list[Words]) -> Factor:
    """Blocks along the diagonal, in the order of the columns."""
    if not dealt:
        return own
    blocks = [sharing.elements(own), *dealt] if shape.first else [*dealt, sharing.elements(own)]
    size = sum(map(len, blocks))
    out, at = sums.empty(size, size), 0
    for part in blocks:
        out[at : at + len(part), at : at + len(part)] = part
        at += len(part)
    return out


# ---- scores and residual


def start(context: Context) -> Result:
    """What the first round sets out from, at w = 0: the first holder knows every score. Takes label, offset."""
    stage = _Stage(context)
    shape, m = stage.shape, stage.shape.m
    kept = {"penalty_gradient": sums.empty(m), "label_gradient": sums.empty(0), "w": sums.empty(m), "x": sums.empty(m)}
    begun = scores.begun(shape, stage["label"], stage["offset"])
    return _result(kept | {"residual": begun.residual, "slope": begun.slope, "loss": begun.loss})


def forward(context: Context) -> Result:
    """Answer: the other's columns times the own share of their weights. Takes columns.scores, w."""
    stage = _Stage(context)
    layout, w = stage.shape.scores(own=False), np.ascontiguousarray(stage["w"][stage.shape.theirs])
    numbers, mask = lattice.forward(stage.other, layout, stage["columns.scores"], w, stage.xof)
    return _result({"score_mask": mask}, {"scores": numbers})


def link(context: Context) -> Result:
    """The own shares of scores, and of the residual where that is affine. Takes rows, w, score_mask, offset, label."""
    stage = _Stage(context)
    shape, zero = stage.shape, stage.zero
    opened = lattice.open_forward(stage.secret, shape.scores(own=True), stage.heard("scores"))
    fields = stage["rows"], stage["w"], stage["score_mask"], opened, stage["offset"]
    u, penalty = scores.scores(shape, *fields, zero.fork("scores"))
    kept = {"u": u, "penalty_gradient": penalty}
    if shape.quadratic:
        kept |= {"residual": scores.affine(shape, u, stage["label"], zero.fork("affine"))[:, None]}
        kept |= {"loss": sums.empty(1)}
    return _result(kept)


def waves(context: Context) -> Result:
    """First holder: this part's blocks of its encrypted waves. Takes u."""
    stage = _Stage(context)
    blocks = stage["split"].tolist()
    asked = range(blocks[0], blocks[-1] + 1)
    numbers = lattice.encrypt_terms(
        stage.secret, stage.shape.terms, scores.waves(stage.shape, stage["u"]), _whole(context), asked
    )
    return _result(said={"waves": numbers})


def multiply(context: Context) -> Result:
    """Second holder: answer with this part's series. Takes u; hears waves."""
    stage = _Stage(context)
    numbers = scores.factors(stage.shape, stage["u"], stage["split"])
    answer, mask = lattice.multiply_terms(stage.other, stage.shape.terms, stage.heard("waves"), numbers, stage.xof)
    return _result({"sums": mask}, {"values": answer})


def linked(context: Context) -> Result:
    """Residual, slope and loss, in shares. Takes u, label; the first holder hears values, the second takes sums."""
    stage = _Stage(context)
    shape = stage.shape
    found = lattice.open_terms(stage.secret, shape.terms, stage.heard("values")) if shape.first else stage["sums"]
    got = scores.linked(shape, stage["u"], found, stage["label"], stage.zero)
    return _result({"residual": got.residual[:, None], "slope": got.slope, "loss": got.loss})


# ---- gradient and Hessian


def backward(context: Context) -> Result:
    """Sums over rows of own columns, and answers for the other's.

    Takes block, residual ``(n, c, 2)``, columns.sums, hessian (``flat``, ``rows`` or none); for ``rows`` also head,
    slope, columns.pairs, and columns.heads where these are fewer rows.
    """
    stage = _Stage(context)
    shape, other, kind = stage.shape, stage.other, stage["hessian"]
    answer = partial(lattice.transposed, other)
    d, columns = stage["residual"], stage["columns.sums"]
    numbers, mask = answer(shape.sums(own=False), columns, d, stage.xof.fork("sums"))
    kept, said = {"own_sums": sums.own_sums(stage["block"], d), "mask_sums": mask}, {"sums": numbers}
    if not kind:
        return _result(kept, said)
    absent = {"mask_cross": sums.empty(0, 0), "mask_pairs": sums.empty(0)}
    if kind == "flat":
        block = sharing.elements(stage["block"])
        kept |= absent | {"own_hessian": sums.own_sums(stage["block"], block)}
        if not shape.first:
            numbers, kept["mask_cross"] = answer(shape.sums(own=False), columns, block, stage.xof.fork("cross"))
            said["cross"] = numbers
        return _result(kept, said)
    slope = stage["slope"][: shape.head]
    weighed = sums.weighed(stage["head"], slope)
    kept["own_hessian"] = sums.own_sums(stage["head"], weighed)
    heads = stage.inputs.get("columns.heads", columns)
    said["cross"], kept["mask_cross"] = answer(shape.heads(own=False), heads, weighed, stage.xof.fork("cross"))
    pairs = shape.pairs(own=False), stage["columns.pairs"]
    said["pairs"], kept["mask_pairs"] = answer(*pairs, slope, stage.xof.fork("pairs"))
    return _result(kept, said)


def gather(context: Context) -> Result:
    """Gradient, what the loss needs, and the Hessian with the inverse's beginning, in shares.

    Takes own_sums, mask_sums, penalty_gradient, label_gradient (empty in the first round), w; for a Hessian
    own_hessian, mask_cross, mask_pairs, penalty, first_inverse (empty for a multiple of the identity), alpha; for an
    ``image`` y and inverse_encrypted.
    """
    stage = _Stage(context)
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
    return _result(kept, said)


def _hessian(stage: _Stage) -> Words:
    shape, secret, rows = stage.shape, stage.secret, stage["hessian"] == "rows"
    cross, pairs = sums.empty(0, 0), sums.empty(0)
    if "heard.cross" in stage.inputs:
        layout = shape.heads(own=True) if rows else shape.sums(own=True)
        cross = lattice.open_transposed(secret, layout, stage.heard("cross"), shape.width(own=False))
    if rows:
        pairs = lattice.open_transposed(secret, shape.pairs(own=True), stage.heard("pairs"))
    nothing = sums.empty(0, 0, 0)
    opened, mask = sums.Parts(nothing, cross, pairs), sums.Parts(nothing, stage["mask_cross"], stage["mask_pairs"])
    return sums.hessian(shape, stage["own_hessian"], opened, mask, stage["penalty"], stage.zero.fork("h"))


# ---- the inverse


def square(context: Context) -> Result:
    """The first answer with H·Y. Takes y; hears h."""
    stage = _Stage(context)
    numbers, mask = lattice.multiply_matrix(stage.other, stage.shape.square, stage.heard("h"), stage["y"], stage.xof)
    return _result({"hy_mask": mask}, {"hy": numbers})


def correct(context: Context) -> Result:
    """2I − HY, and the answer with Y(2I − HY). Takes h, y, hy_mask; hears hy, y."""
    stage = _Stage(context)
    shape = stage.shape
    opened = lattice.open_matrix(stage.secret, shape.square, stage.heard("hy"))
    e = inverse.rest(shape, inverse.product(stage["h"], stage["y"], opened, stage["hy_mask"]), stage.zero)
    numbers, mask = lattice.multiply_matrix(stage.other, shape.square, stage.heard("y"), e, stage.xof)
    return _result({"e": e, "ye_mask": mask}, {"ye": numbers})


def improve(context: Context) -> Result:
    """Y of the next step, and its answers. Takes y, e, ye_mask, last, keep; hears ye.

    Before the last step it takes h_encrypted too; then, g and w, and hears inner.
    """
    stage = _Stage(context)
    shape, other, secret = stage.shape, stage.other, stage.secret
    opened = lattice.open_matrix(secret, shape.square, stage.heard("ye"))
    y = inverse.rounded(shape, inverse.product(stage["y"], stage["e"], opened, stage["ye_mask"]), stage.zero)
    if not stage["last"]:
        fields = stage["h_encrypted"], y, stage.xof.fork("hy")
        numbers, mask = lattice.multiply_matrix(other, shape.square, *fields)
        encrypted = lattice.encrypt_matrix(secret, shape.square, y, stage.xof.fork("y"))
        return _result({"y": y, "hy_mask": mask}, {"hy": numbers, "y": encrypted})
    fields = stage.heard("inner"), _padded(shape, y), stage.xof.fork("step")
    numbers, mask = lattice.multiply_matrix(other, shape.inner, *fields)
    said = {"step": numbers}
    if stage["keep"]:
        said["inverse"] = lattice.encrypt_matrix(secret, shape.image, y, stage.xof.fork("inverse"))
    return _result({"y": y, "step_mask": mask}, said)


def _padded(shape: Shape, columns: Words) -> Words:
    """With columns of zeros, as many as `Shape.inner` has."""
    out = sums.empty(shape.m, shape.inner.columns)
    out[:, : columns.shape[1]] = columns
    return out


# ---- the step


def step(context: Context) -> Result:
    """The step, and the answer with the inner products that the first holder is to know.

    Takes g, w, x, value, ridge, kind; for ``newton`` y, step_mask, inner_encrypted, and hears step; for ``image`` y,
    image_mask, and hears image, inner; for ``plain`` length, and hears inner.
    """
    stage = _Stage(context)
    shape, kind, g, w = stage.shape, stage["kind"], stage["g"], stage["w"]
    inner = stage["inner_encrypted"] if kind == "newton" else stage.heard("inner")
    if kind == "newton":
        opened = lattice.open_matrix(stage.secret, shape.inner, stage.heard("step"))
        whole = inverse.product(np.stack([g, w]), _padded(shape, stage["y"]), opened, stage["step_mask"])[0, : shape.m]
    elif kind == "image":
        opened = lattice.open_matrix(stage.secret, shape.image, stage.heard("image"))
        whole = inverse.product(stage["y"], g[:, None], opened, stage["image_mask"])[:, 0]
    else:
        whole = sharing.scaled(g, round(stage["length"] * 2.0**W_BITS))
    p = inverse.rounded(shape, whole, stage.zero)
    moved = RING.sub(RING.sub(w, p), stage["x"])
    columns = np.stack([p, stage["value"], stage["ridge"], moved], axis=1)
    fields = inner, _padded(shape, columns), stage.xof
    numbers, mask = lattice.multiply_matrix(stage.other, shape.inner, *fields)
    return _result({"p": p, "columns": columns, "products_mask": mask}, {"products": numbers})


def close(context: Context) -> Result:
    """Shares of what the first holder may learn, ``(4, 2)`` with 64 fraction bits.

    In order: twice the loss, summed over rows; the same without the penalty; gᵀp and gᵀ(x_new − x), both over 2^s.

    Takes g, w, columns, products_mask, loss; hears products.
    """
    stage = _Stage(context)
    shape = stage.shape
    opened = lattice.open_matrix(stage.secret, shape.inner, stage.heard("products"))
    rows, columns = np.stack([stage["g"], stage["w"]]), _padded(shape, stage["columns"])
    found = inverse.product(rows, columns, opened, stage["products_mask"])
    link = sharing.raised(stage["loss"], 1 + 2 * W_BITS - scores.LOSS_UNIT)
    loss = RING.add(link, sharing.raised(found[1:, 1], shape.mean_bits))
    bare = RING.sub(loss, sharing.raised(found[1:, 2], shape.mean_bits))
    return _result({"figures": np.concatenate([loss, bare, found[:1, 0], found[:1, 3]])})


# ---- variances


def spread(context: Context) -> Result:
    """The encrypted inverse and basis, for V = KᵀYK. Takes y, basis."""
    stage = _Stage(context)
    fields = (("spread", stage["y"]), ("basis", sharing.transposed(stage["basis"])))
    said = {
        name: lattice.encrypt_matrix(stage.secret, stage.shape.square, matrix, stage.xof.fork(name))
        for name, matrix in fields
    }
    return _result(said=said)


def turn(context: Context) -> Result:
    """The answer with Y·K. Takes basis; hears spread."""
    stage = _Stage(context)
    fields = stage.heard("spread"), stage["basis"], stage.xof
    numbers, mask = lattice.multiply_matrix(stage.other, stage.shape.square, *fields)
    return _result({"turned_mask": mask}, {"turned": numbers})


def bend(context: Context) -> Result:
    """The answer with Kᵀ(YK). Takes y, basis, turned_mask, basis_encrypted; hears turned."""
    stage = _Stage(context)
    shape = stage.shape
    opened = lattice.open_matrix(stage.secret, shape.square, stage.heard("turned"))
    whole = inverse.product(stage["y"], stage["basis"], opened, stage["turned_mask"])
    turned = inverse.rounded(shape, whole, stage.zero)
    numbers, mask = lattice.multiply_matrix(stage.other, shape.square, stage["basis_encrypted"], turned, stage.xof)
    return _result({"turned": turned, "bent_mask": mask}, {"bent": numbers})


def variances(context: Context) -> Result:
    """The diagonal of KᵀYK, ``(m, 2)`` with 32 fraction bits. Takes basis, turned, bent_mask; hears bent."""
    stage = _Stage(context)
    opened = lattice.open_matrix(stage.secret, stage.shape.square, stage.heard("bent"))
    left = sharing.transposed(stage["basis"])
    whole = inverse.product(left, stage["turned"], opened, stage["bent_mask"])
    diagonal = np.ascontiguousarray(whole[np.arange(len(whole)), np.arange(len(whole))])
    return _result({"variances": inverse.rounded(stage.shape, diagonal, stage.zero)})


def _whole(context: Context) -> Xof:
    """The stream that does not depend on the part: which blocks are asked for makes no difference to their bytes."""
    return Xof(context.key, "whole")
