"""Scores and residual."""

from __future__ import annotations

import numpy as np

from accord_protocols.closed import scores, sums
from accord_protocols.primitives import lattice
from accord_protocols.primitives.sharing import Words
from accord_protocols.tasks.closed.stage import Stage, result
from accord_protocols.tasks.registry import Context, Result, some
from accord_schemas.errors import ProtocolError


def start(context: Context) -> Result:
    """What the first round sets out from, at w = 0: the first holder knows every score. Takes label, offset,
    weights.
    """
    stage = Stage(context)
    shape, m = stage.shape, stage.shape.m
    kept = {"penalty_gradient": sums.empty(m), "label_gradient": sums.empty(0), "w": sums.empty(m), "x": sums.empty(m)}
    begun = scores.begun(shape, _rows(stage))
    return result(kept | {"residual": begun.residual, "slope": begun.slope, "loss": begun.loss})


def forward(context: Context) -> Result:
    """Answer: the other's columns times the own share of their weights. Takes columns.scores, w."""
    stage = Stage(context)
    layout, w = stage.shape.scores(own=False), np.ascontiguousarray(stage["w"][stage.shape.theirs])
    numbers, mask = lattice.forward(stage.other, layout, stage["columns.scores"], w, stage.xof)
    return result({"score_mask": mask}, {"scores": numbers})


def link(context: Context) -> Result:
    """The own shares of scores, and of the residual where that is affine in them.

    Takes rows, w, score_mask, label, offset, weights; hears scores.
    """
    stage = Stage(context)
    shape, zero = stage.shape, stage.zero
    opened = lattice.open_forward(stage.secret, shape.scores(own=True), stage.heard("scores"))
    fields = stage["rows"], stage["w"], stage["score_mask"], opened, stage["offset"]
    u, penalty = scores.scores(shape, *fields, zero.fork("scores"))
    kept = {"u": u, "penalty_gradient": penalty}
    if not shape.multiplies:
        kept |= {"residual": scores.affine(shape, u, _rows(stage), zero.fork("affine"))[:, None]}
        kept |= {"loss": sums.empty(1)}
    return result(kept)


def waves(context: Context) -> Result:
    """First holder: its encrypted waves of a piece of the rows. Takes u, weights, piece."""
    stage = Stage(context)
    shape, piece = stage.shape, stage.shape.pieces[stage["piece"]]
    waves = scores.waves(shape, some(stage["u"], piece), some(stage["weights"], piece))
    return result(said={"waves": lattice.encrypt_terms(stage.secret, shape.terms(piece), waves, stage.xof)})


def multiply(context: Context) -> Result:
    """Second holder: answer with the series of a piece. Takes u, piece, light; hears waves."""
    stage = Stage(context)
    shape, number = stage.shape, stage["piece"]
    piece = shape.pieces[number]
    numbers = scores.factors(shape, some(stage["u"], piece), shape.wanted(number, light=stage["light"]))
    answer, mask = lattice.multiply_terms(stage.other, shape.terms(piece), stage.heard("waves"), numbers, stage.xof)
    return result({f"sums{number}": mask}, {"values": answer})


def linked(context: Context) -> Result:
    """Residual, slope and loss, in shares.

    Takes u, label, offset, weights, light; of each piece the first holder hears values, the second takes sums.
    """
    stage = Stage(context)
    shape = stage.shape
    parts: dict[int, list[Words]] = {}
    for number in range(len(shape.pieces)):
        wanted = shape.wanted(number, light=stage["light"])
        for which, part in zip(wanted, _sums(stage, number, len(wanted)), strict=True):
            parts.setdefault(which, []).append(part)
    found = {which: np.concatenate(each) for which, each in parts.items()}
    got = scores.linked(shape, stage["u"], found, _rows(stage), stage.zero)
    return result({"residual": got.residual[:, None], "slope": got.slope, "loss": got.loss})


def _rows(stage: Stage) -> scores.Rows:
    return scores.Rows(stage["label"], stage["offset"], stage["weights"])


def _sums(stage: Stage, number: int, count: int) -> Words:
    """Shares of a piece's sums, ``(count, rows, 2)``.

    Raises:
        ProtocolError: The other holder answered with more series, or fewer.
    """
    if not stage.shape.first:
        return np.asarray(stage[f"sums{number}"])
    terms = stage.shape.terms(stage.shape.pieces[number])
    found = lattice.open_terms(stage.secret, terms, stage.heard(f"values{number}"))
    if len(found) != count:
        raise ProtocolError("ciphertexts are not as agreed")
    return found
