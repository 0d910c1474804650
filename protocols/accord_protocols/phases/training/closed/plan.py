"""What everybody derives from the agreement and what was announced: sizes, places, stages, what a verdict does."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from accord_protocols.closed import script
from accord_protocols.closed.script import Stage
from accord_protocols.closed.shape import Shape
from accord_protocols.kernel.machine import Setup
from accord_protocols.links.registry import link_name
from accord_protocols.phases.training.closed.rule import MOST_NEWTON, STOPS, lightens
from accord_protocols.phases.training.closed.states import Following, Holder
from accord_protocols.phases.training.states import Given
from accord_protocols.primitives import sharing
from accord_protocols.primitives.fourier import PERIODS, exponential, sigmoid
from accord_protocols.primitives.sharing import RING
from accord_protocols.primitives.xof import Xof
from accord_schemas.agreement import Agreement
from accord_schemas.events import Verdict
from accord_schemas.parts import Train

HEAD_ROWS, HEAD_COLUMNS = 4096, 200
"""The Hessian of the scores is summed over so many rows at least, and so many for each weight."""
_MOMENTUM_BITS = 16


def dealers(agreement: Agreement) -> tuple[str, ...]:
    """Who does not compute."""
    return tuple(p for p in agreement.order if p not in agreement.keyholders)


def longer(train: Train, period: int) -> tuple[int, ...]:
    """Periods with which a training may begin anew: a Poisson model's range is the only one there is."""
    return tuple(p for p in PERIODS if p > period) if link_name(train) == "logistic" else ()


def score_range(train: Train, period: int) -> tuple[float, float]:
    """Where scores may lie: infinite ends where nothing depends on it."""
    match link_name(train):
        case "logistic":
            series = sigmoid(period)
        case "poisson":
            series = exponential()
        case _:
            return -math.inf, math.inf
    return series.low, series.high


def shape_of(setup: Setup, given: Given, period: int) -> Shape:
    """The sizes of a training, at a computing party."""
    agreement, columns = setup.agreement, given.announced.columns
    train = agreement.train
    assert train is not None
    first, second = agreement.keyholders
    middle = sum(columns[p] for p in dealers(agreement))
    widths = (columns[first], middle, columns[second])
    newton, kind = train.optimiser == "newton", link_name(train)
    weighted = newton and kind in ("logistic", "poisson")
    uneven = train.weights is not None or train.class_weights is not None
    weighted, rows = weighted or uneven, given.block.n
    head = min(rows, max(HEAD_ROWS, HEAD_COLUMNS * sum(widths))) if weighted else rows
    rounds = min(train.max_rounds, MOST_NEWTON) if newton else train.max_rounds
    return Shape(rows, head, widths, setup.me == first, kind, period, rounds, weighted, uneven)


def places(setup: Setup, given: Given) -> dict[str, slice]:
    """Where each party's weights stand."""
    first, second = setup.agreement.keyholders
    found, at = {}, 0
    for party in (first, *dealers(setup.agreement), second):
        width = given.announced.columns[party]
        found[party] = slice(at, at + width)
        at += width
    return found


def encrypted(shape: Shape) -> dict[str, str]:
    """Kinds of columns that are encrypted, the first needed first, by the names of what they are made of."""
    kinds = {"sums": "block", "scores": "rows"}
    if shape.weighted:
        kinds |= {"pairs": "pairs"} | ({"heads": "head"} if shape.head < shape.rows else {})
    return kinds


def shown(shape: Shape, optimiser: str, *, light: bool) -> tuple[int, ...]:
    """Which figures the label holder opens; see `accord_protocols.tasks.closed.steps.close`."""
    if light:
        return (2,)
    return (0, *([1] if shape.family == "linear" else []), 2, *([] if optimiser == "newton" else [3]))


# ---- stages


def first_round(shape: Shape, optimiser: str, *, offset: bool) -> tuple[Stage, ...]:
    """From w = 0, where scores are what the first holder adds to them."""
    start = Stage("start", script.KNOWN)
    if optimiser == "nesterov":
        return (start, *script.gathering(shape, hessian="", inverse=""), *script.stepping("plain"))
    kind = "rows" if shape.uneven or (offset and shape.weighted) else "flat"
    keep = shape.settled or lightens(shape)
    return (
        start,
        *script.gathering(shape, hessian=kind, inverse="invert"),
        *script.inversion(script.scales_of(shape, again=False)[1:], keep=keep),
        *script.stepping("newton", keep=keep),
    )


def later_round(shape: Shape, optimiser: str, *, light: bool) -> tuple[Stage, ...]:
    """From other weights; a light one with the inverse that there is."""
    if optimiser == "nesterov":
        return (*script.evaluation(shape, hessian="", inverse=""), *script.stepping("plain"))
    if light or shape.settled:
        return (*script.evaluation(shape, hessian="", inverse="image", light=light), *script.stepping("image"))
    again, keep = shape.family == "logistic", lightens(shape)
    scales = script.scales_of(shape, again=again)
    return (
        *script.evaluation(shape, hessian="rows", inverse="again" if again else "invert"),
        *script.inversion(scales if again else scales[1:], keep=keep),
        *script.stepping("newton", keep=keep),
    )


def varied(train: Train) -> bool:
    """Whether the variances of the weights are known: where the Hessian at the end is."""
    if train.protection == "express":
        return True
    kind, optimiser = link_name(train), train.optimiser
    return kind != "tangent" and (optimiser == "newton" or (optimiser == "gram" and kind == "linear"))


def last(train: Train) -> tuple[Stage, ...]:
    """After the last round."""
    return tuple(script.spreading()) if varied(train) else ()


# ---- verdicts


def possible(verdict: Verdict, at: Following, train: Train) -> bool:
    """Whether the agreement allows a verdict on a round."""
    if verdict.action == "range":
        return bool(longer(train, at.period)) and not verdict.variance
    newton = train.optimiser == "newton"
    most = min(train.max_rounds, MOST_NEWTON) if newton else train.max_rounds
    goes, ends = (
        (("step", "halve", *(["keep"] if train.model != "linear" else [])), STOPS)
        if newton
        else (("step", "restart"), STOPS[:2])
    )
    if verdict.variance and train.model != "linear":
        return False
    return (verdict.action in goes and at.number - at.since + 1 < most) or verdict.action in ends


def moved(state: Holder, action: str, optimiser: str, zero: Xof) -> Holder:
    """The shares of the weights after a verdict.

    Newton's method moves by its step; taken back, it keeps half of the last one. The others move as Nesterov's: x is
    the iterate, w the point ahead of it in which the gradient is evaluated.

    Args:
        state: Before it.
        action: The verdict.
        optimiser: As agreed.
        zero: Common to both holders.
    """
    bag: dict[str, Any] = dict(state.bag)
    w, x, first = bag["w"], bag["x"], state.shape.first
    if action in ("halve", "stalled"):
        back = bag["back"] if action == "stalled" else sharing.truncated(bag["back"], 1, zero, first=first)
        point = RING.add(w, back)
        return replace(state, bag=bag | {"w": point, "x": point, "back": back})
    new = RING.sub(w, bag["p"])
    if optimiser == "newton":
        bag |= {"w": new, "x": new, "back": bag["p"]}
        if state.shape.family == "logistic" and not len(bag["first_inverse"]):
            bag["first_inverse"] = bag["y"]  # of the largest Hessian: those of later rounds begin from it
        return replace(state, bag=bag)
    t = 1.0 if action == "restart" else state.momentum
    ahead = (1 + math.sqrt(1 + 4 * t * t)) / 2
    scaled = sharing.scaled(RING.sub(new, x), round((t - 1) / ahead * 2.0**_MOMENTUM_BITS))
    bag |= {"w": RING.add(new, sharing.truncated(scaled, _MOMENTUM_BITS, zero, first=first)), "x": new}
    return replace(state, bag=bag, momentum=ahead)
