"""In which order a holder computes and speaks at `express`: stages, each a task of `accord_protocols.tasks.express`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from accord_protocols.closed.script import Stage
from accord_protocols.closed.shape import Shape
from accord_protocols.express.moments import layout

ONE, MANY = 15, 20
"""Steps of Newton and Schulz for all rows, with one penalty and with several.

Every party's basis is that of the largest penalty: the systems of smaller ones are worse conditioned.
"""
AGAIN = 10
"""Without a fold, from the inverse with it: enough unless a fold has 98 % of what is known of a direction."""


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


def solving(shape: Shape, folds: int, penalties: Sequence[float]) -> Iterator[Stage]:
    """From columns to the weights of every penalty, and what cross-validation makes of each.

    Args:
        shape: Sizes.
        folds: k; 0 for no cross-validation.
        penalties: Those that are tried.
    """
    some, tried = {"folds": max(folds, 1)}, {"penalties": list(penalties)}
    laid = layout(shape, some["folds"])
    yield Stage("fold", ("block", "label"), also=some)
    if shape.first:
        yield Stage("encrypt", ("folded",), says=_same("columns"), also=some | {"blocks": some["folds"] * laid.blocks})
        yield Stage("moments", ("own",), hears=_same("cross"))
    else:
        also = some | {"each": laid.inner}
        rows = {"columns": some["folds"] * laid.blocks}
        yield Stage("cross", ("folded",), hears=_same("columns"), says=_same("cross"), also=also, rows=rows)
        yield Stage("moments", ("own", "cross"))
    has = ("gram", "moments", "penalty")
    yield Stage("whole", has, says={"h": "h", "y": "y0", "tests": "tests"}, also=tried)
    yield from _solved("", ONE if len(penalties) == 1 else MANY, 1, len(penalties))
    yield Stage("keep", ("y", "w", "e", "errors"))
    if folds:
        says = {"h": "again_h", "y": "again_y0", "tests": "again_tests"}
        yield Stage("left_out", (*has, "whole_y"), says=says, also=tried)
        yield from _solved("again_", AGAIN + 1, folds, len(penalties))


def _solved(prefix: str, steps: int, sets: int, penalties: int) -> Iterator[Stage]:
    """The inverses of several systems, their solutions, and the squares of what these leave of the labels.

    Args:
        prefix: Of the names of what is said.
        steps: Of Newton and Schulz, with the one that needs no product.
        sets: Of rows.
        penalties: For each of them.
    """
    p, last, many = prefix, steps - 1, sets * penalties
    hears, keeps = {"h": f"{p}h"}, {"h": "h_encrypted"}
    yield Stage("square", ("y",), hears=hears, keeps=keeps, says={"hy": f"{p}hy0"}, rows={"h": many})
    for k in range(last):
        hears = {"hy": f"{p}hy{k}", "y": f"{p}y{k}"}
        rows = {"hy": many, "y": many}
        says, also = {"ye": f"{p}ye{k}"}, {"scale": 1.0}
        yield Stage("correct", ("h", "y", "hy_mask"), hears=hears, says=says, also=also, rows=rows)
        says = {"hy": f"{p}hy{k + 1}", "y": f"{p}y{k + 1}"}
        if k + 1 == last:
            del says["hy"]
        takes, also = ("y", "e", "ye_mask", "h_encrypted"), {"last": False, "keep": False}
        yield Stage("improve", takes, hears={"ye": f"{p}ye{k}"}, says=says, also=also, rows={"ye": many})
    yield Stage("solve", ("right",), hears={"y": f"{p}y{last}"}, says={"image": f"{p}image"}, rows={"y": many})
    hears, says = {"image": f"{p}image", "tests": f"{p}tests"}, {"response": f"{p}response", "rows": f"{p}rows"}
    rows = {"image": many, "tests": sets}
    yield Stage("weights", ("y", "right", "image_mask"), hears=hears, says=says, rows=rows)
    hears, takes = {"response": says["response"], "rows": says["rows"]}, ("w", "tests", "test_right", "response_mask")
    rows = {"response": sets, "rows": sets}
    yield Stage("residuals", takes, hears=hears, says={"squares": f"{p}squares"}, rows=rows)
    hears = {"squares": f"{p}squares"}
    yield Stage("errors", ("w", "rests", "squares_mask"), hears=hears, rows={"squares": sets})


def choosing(chosen: int) -> Stage:
    """What is kept of the penalty that was chosen, by its place among those that are tried."""
    return Stage("choose", ("whole_y", "whole_w", "whole_errors", "traces"), also={"chosen": chosen})
