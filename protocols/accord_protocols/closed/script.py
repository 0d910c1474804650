"""In which order a holder computes and speaks: stages, each a task of `accord_protocols.tasks.closed`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from accord_protocols.closed.inverse import scales
from accord_protocols.closed.shape import WEIGHT_BITS, Shape

KNOWN = ("label", "offset", "weights")
"""What the first holder knows of each row; empty at the second."""
_FIRST = {"poisson": (2.0**-17, 2.0, 13)}
"""For Newton and Schulz, from a multiple of the identity: the range of eigenvalues, and steps; else `_FLAT`."""
_FLAT = 2.0**-13, 1.0, 10
_AGAIN = 2.0**-6, 4.0, 7
"""From the inverse at the score 0, where the slope is largest: but in a sample of the rows what few rows have may weigh
several times as much as in all."""
ALPHA = {"poisson": 128.0}
"""How many times the curvature at 0 the largest eigenvalue of a party's block may be, where it is not 1."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One task of one holder.

    Args:
        task: Its name after ``closed.``.
        takes: What it takes of what the holder has.
        hears: What it takes of what the other said, by the name that the task gives it.
        keeps: What it hears that later stages need as well, by the name of these.
        says: Names of what it says, by the names that the task gives.
        columns: The other's encrypted columns that it needs.
        also: Further inputs; ``blocks`` is a count, and given as all numbers below.
        rows: How many rows each thing that it hears has, where its task does not look.
    """

    task: str
    takes: tuple[str, ...] = ()
    hears: Mapping[str, str] = field(default_factory=dict)
    keeps: Mapping[str, str] = field(default_factory=dict)
    says: Mapping[str, str] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    also: Mapping[str, object] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


def evaluation(shape: Shape, *, hessian: str, inverse: str, light: bool = False) -> Iterator[Stage]:
    """From weights to gradient and loss in shares, in every round but the first.

    Args:
        shape: Sizes.
        hessian: ``rows`` where that of the scores is wanted.
        inverse: What is done with the gradient, see `gathering`.
        light: Whether the residual is all that is wanted of the link: neither its slope nor the loss.
    """
    yield Stage("forward", ("w",), says=_same("scores"), columns=("scores",))
    yield Stage("link", ("rows", "w", "score_mask", *KNOWN), hears=_same("scores"))
    if shape.multiplies:
        yield from _linking(shape, light=light)
    yield from gathering(shape, hessian=hessian, inverse=inverse)


def _linking(shape: Shape, *, light: bool) -> Iterator[Stage]:
    """The series of the scores, piece by piece: the holders compute at the same time."""
    also, pieces = {"light": light}, range(len(shape.pieces))
    for k in pieces:
        if shape.first:
            yield Stage("waves", ("u", "weights"), says={"waves": f"waves{k}"}, also={"piece": k})
        else:
            says = {"values": f"values{k}"}
            yield Stage("multiply", ("u",), hears={"waves": f"waves{k}"}, says=says, also={**also, "piece": k})
    takes = ("u", *KNOWN)
    if shape.first:
        yield Stage("linked", takes, hears=_same(*(f"values{k}" for k in pieces)), also=also)
    else:
        yield Stage("linked", (*takes, *(f"sums{k}" for k in pieces)), also=also)


def gathering(shape: Shape, *, hessian: str, inverse: str) -> Iterator[Stage]:
    """From a residual to the gradient, and to the Hessian.

    Args:
        shape: Sizes.
        hessian: ``flat`` for that of the score 0, ``rows`` for that of the scores, or none.
        inverse: ``invert`` where its inverse follows, ``again`` where that begins with an earlier one, ``image`` where
            the one that there is is applied, or none.
    """
    said = {"": ("sums",), "flat": ("sums",) if shape.first else ("sums", "cross"), "rows": ("sums", "cross", "pairs")}
    heard = said[hessian] if hessian != "flat" else ("sums", "cross") if shape.first else ("sums",)
    head = shape.head < shape.rows
    columns = ("sums", *(("heads", "pairs") if head else ("pairs",))) if hessian == "rows" else ("sums",)
    takes = ("block", "residual", *(("head", "slope") if hessian == "rows" else ()))
    yield Stage("backward", takes, says=_same(*said[hessian]), columns=columns, also={"hessian": hessian})
    has = ("own_sums", "mask_sums", "penalty_gradient", "label_gradient", "w")
    found = ("own_hessian", "mask_cross", "mask_pairs", "penalty", "first_inverse") if hessian else ()
    says = {"inner": "inner"}
    says |= {"h": "h", "y": "y0"} if hessian else {"image": "image"} if inverse == "image" else {}
    takes = (*has, *found, *(("inverse_encrypted",) if inverse == "image" else ()))
    yield Stage("gather", takes, hears=_same(*heard), says=says, also={"hessian": hessian, "inverse": inverse})


def inversion(scales: Sequence[float], *, keep: bool) -> Iterator[Stage]:
    """The inverse of the Hessian, and its product with the gradient.

    Args:
        scales: Of the steps of Newton and Schulz, at least one; see `accord_protocols.closed.inverse.scales`.
        keep: Whether the inverse is said for later rounds.
    """
    yield Stage("square", ("y",), hears=_same("h"), keeps={"h": "h_encrypted"}, says={"hy": "hy0"})
    for k, scale in enumerate(scales):
        hears, says = {"hy": f"hy{k}", "y": f"y{k}"}, {"ye": f"ye{k}"}
        yield Stage("correct", ("h", "y", "hy_mask"), hears=hears, says=says, also={"scale": scale})
        last = k + 1 == len(scales)
        says = {"hy": f"hy{k + 1}", "y": f"y{k + 1}"}
        hears = {"ye": f"ye{k}"}
        if last:
            says = {"step": "step"} | ({"inverse": "inverse"} if keep else {})
            hears |= {"inner": "inner"}
        keeps = {"inner": "inner_encrypted"} if last else {}
        takes = ("y", "e", "ye_mask", *(("g", "w") if last else ("h_encrypted",)))
        yield Stage("improve", takes, hears=hears, keeps=keeps, says=says, also={"last": last, "keep": keep})


def stepping(kind: str, *, keep: bool = False) -> Iterator[Stage]:
    """The step, and what the first holder is to know of it.

    Args:
        kind: ``newton`` after an inversion, ``image`` where an earlier inverse is applied, ``plain`` without any.
        keep: Whether the other said its inverse for later rounds.
    """
    hears = {"newton": {"step": "step"}, "image": {"image": "image", "inner": "inner"}, "plain": {"inner": "inner"}}
    takes = ["g", "w", "x", "value", "ridge"]
    takes += {"newton": ["y", "step_mask", "inner_encrypted"], "image": ["y", "image_mask"], "plain": []}[kind]
    kept = {"inverse": "inverse_encrypted"} if keep else {}
    listens = hears[kind] | ({"inverse": "inverse"} if keep else {})
    yield Stage("step", tuple(takes), hears=listens, keeps=kept, says=_same("products"), also={"kind": kind})
    yield Stage("close", ("g", "w", "columns", "products_mask", "loss"), hears=_same("products"))


def spreading() -> Iterator[Stage]:
    """The variances of the weights in their owners' own basis, at the end."""
    yield Stage("spread", ("y", "basis"), says=_same("spread", "basis"))
    hears = _same("spread", "basis")
    yield Stage("turn", ("basis",), hears=hears, keeps={"basis": "basis_encrypted"}, says=_same("turned"))
    yield Stage("bend", ("y", "basis", "turned_mask", "basis_encrypted"), hears=_same("turned"), says=_same("bent"))
    yield Stage("variances", ("basis", "turned", "bent_mask"), hears=_same("bent"))


def scales_of(shape: Shape, *, again: bool) -> tuple[float, ...]:
    """Of the steps of Newton and Schulz, from the inverse at the score 0 or from a multiple of the identity."""
    if again:
        return scales(*_AGAIN)
    low, high, steps = _FIRST.get(shape.family, _FLAT)
    more = WEIGHT_BITS if shape.uneven else 0  # each two of which a step makes good
    return scales(low / 2.0**more, high, steps + -(-more // 2))


def length(shape: Shape, parties: int) -> float:
    """Of a step along the gradient: the Hessian's eigenvalues are below its inverse."""
    most = 1 << WEIGHT_BITS if shape.uneven else 1
    return 1 / (shape.curvature * parties * ALPHA.get(shape.family, 1.0) * most)


def alpha(shape: Shape, parties: int) -> float:
    """What multiple of the identity they begin with, times the first step's scale."""
    return length(shape, parties) * scales_of(shape, again=False)[0]
