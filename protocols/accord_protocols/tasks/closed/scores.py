"""Scores and residual."""

from __future__ import annotations

import numpy as np

from accord_protocols.closed import scores, sums
from accord_protocols.primitives import lattice
from accord_protocols.primitives.xof import Xof
from accord_protocols.tasks.closed.stage import Stage, result
from accord_protocols.tasks.registry import Context, Result


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
    """First holder: this part's blocks of its encrypted waves. Takes u, weights."""
    stage = Stage(context)
    blocks = stage["blocks"].tolist()
    asked = range(blocks[0], blocks[-1] + 1)
    waves = scores.waves(stage.shape, stage["u"], stage["weights"])
    numbers = lattice.encrypt_terms(stage.secret, stage.shape.terms, waves, Xof(context.key, "whole"), asked)
    return result(said={"waves": numbers})


def multiply(context: Context) -> Result:
    """Second holder: answer with this part's series. Takes u; hears waves."""
    stage = Stage(context)
    numbers = scores.factors(stage.shape, stage["u"], stage["which"])
    answer, mask = lattice.multiply_terms(stage.other, stage.shape.terms, stage.heard("waves"), numbers, stage.xof)
    return result({"sums": mask}, {"values": answer})


def linked(context: Context) -> Result:
    """Residual, slope and loss, in shares.

    Takes u, label, offset, weights; the first holder hears values, the second takes sums.
    """
    stage = Stage(context)
    shape = stage.shape
    found = lattice.open_terms(stage.secret, shape.terms, stage.heard("values")) if shape.first else stage["sums"]
    got = scores.linked(shape, stage["u"], found, _rows(stage), stage.zero)
    return result({"residual": got.residual[:, None], "slope": got.slope, "loss": got.loss})


def _rows(stage: Stage) -> scores.Rows:
    return scores.Rows(stage["label"], stage["offset"], stage["weights"])
