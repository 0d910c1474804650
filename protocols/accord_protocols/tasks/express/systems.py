"""Systems of equations, their solutions, and what these are worth."""

from __future__ import annotations

import numpy as np

from accord_protocols.closed import inverse, sums
from accord_protocols.express import moments
from accord_protocols.primitives import lattice, sharing
from accord_protocols.primitives.sharing import RING, Words
from accord_protocols.tasks.closed.stage import Stage, result
from accord_protocols.tasks.express import several
from accord_protocols.tasks.registry import Context, Result


def whole(context: Context) -> Result:
    """The equations of all rows, for each penalty. Takes gram, moments, penalty, penalties, alpha."""
    return _posed(Stage(context), None)


def left_out(context: Context) -> Result:
    """Those of all rows but one fold's, from the inverses of all rows. Takes whole_y besides."""
    stage = Stage(context)
    return _posed(stage, np.concatenate([stage["whole_y"]] * len(stage["gram"])))


def _posed(stage: Stage, begun: Words | None) -> Result:
    shape, found = stage.shape, moments.Moments(stage["gram"], stage["moments"])
    penalties, again = tuple(stage["penalties"]), begun is not None
    posed = moments.systems(shape, found, stage["penalty"], penalties, stage.zero.fork("systems"), left_out=again)
    y = several.each(
        lambda i, h: inverse.opening(shape, h, stage["alpha"], stage.zero.fork("opening", i)), posed.matrices
    )
    y = y if begun is None else begun
    square, test = shape.square, several.on_moments(shape, len(penalties))
    matrices = {"h": (square, posed.matrices), "y": (square, y), "tests": (test, posed.tests.gram)}
    said = {name: several.encrypted(stage, product, many, name) for name, (product, many) in matrices.items()}
    kept = {"h": posed.matrices, "y": y, "right": np.repeat(posed.right, len(penalties), axis=0)}
    return result(kept | {"tests": posed.tests.gram, "test_right": posed.tests.right}, said)


def solve(context: Context) -> Result:
    """Answer: the other's share of this part's inverse, times the own one of its right side. Takes right; hears y."""
    stage = Stage(context)
    product = stage.shape.square
    column = sums.empty(stage.shape.m, product.columns)
    column[:, 0] = stage["right"][0]
    encrypted = several.matrix(stage.heard("y")[0], product.blocks)
    numbers, mask = lattice.multiply_matrix(stage.other, product, encrypted, column, stage.xof)
    return result({"image_mask": mask[None]}, {"image": numbers.reshape(1, -1)})


def weights(context: Context) -> Result:
    """The solutions, and what measures them. Takes y, right, image_mask; hears image, tests."""
    stage = Stage(context)
    shape, square, secret = stage.shape, stage.shape.square, stage.secret
    found = []
    for i, (y, right, mask) in enumerate(zip(stage["y"], stage["right"], stage["image_mask"], strict=True)):
        opened = lattice.open_matrix(secret, square, several.matrix(stage.heard("image")[i], square.messages))
        column = RING.add(opened, mask)[:, :1]
        value = RING.add(sharing.matmul(y, right[:, None]), column)[:, 0]
        found.append(inverse.rounded(shape, value, stage.zero.fork("w", i)))
    w = np.stack(found)
    sets = len(stage.heard("tests"))
    grouped = w.reshape(sets, -1, shape.m, 2)
    test, inner = several.on_moments(shape, grouped.shape[1]), several.on_weights(shape, grouped.shape[1])
    columns = np.ascontiguousarray(grouped.swapaxes(1, 2))
    numbers, mask = several.answered(stage, test, "tests", columns)
    said = {"response": numbers, "rows": several.encrypted(stage, inner, grouped, "rows")}
    return result({"w": w, "response_mask": mask}, said)


def residuals(context: Context) -> Result:
    """G·w − 2b of what each solution is measured on.

    Takes w, tests, test_right, response_mask; hears response, rows.
    """
    stage = Stage(context)
    shape, sets = stage.shape, len(stage["tests"])
    grouped = stage["w"].reshape(sets, -1, shape.m, 2)
    test, inner = several.on_moments(shape, grouped.shape[1]), several.on_weights(shape, grouped.shape[1])
    opened = several.opened(stage, test, "response", sets)
    rests = []
    for i, (gram, w, right) in enumerate(zip(stage["tests"], grouped, stage["test_right"], strict=True)):
        columns = np.ascontiguousarray(w.swapaxes(0, 1))
        value = inverse.product(gram, columns, opened[i], stage["response_mask"][i])
        value = inverse.rounded(shape, value, stage.zero.fork("rest", i))
        rests.append(RING.sub(value, RING.add(right, right)[:, None]))
    numbers, mask = several.answered(stage, inner, "rows", np.stack(rests))
    return result({"rests": np.stack(rests), "squares_mask": mask}, {"squares": numbers})


def errors(context: Context) -> Result:
    """Shares ``(p, 2)``, 64 fraction bits, of the squares of each penalty's residuals: of Σ(y − u)² − Σy² over 2^s.

    Takes w, rests, squares_mask; hears squares.
    """
    stage = Stage(context)
    shape, sets = stage.shape, len(stage["rests"])
    grouped = stage["w"].reshape(sets, -1, shape.m, 2)
    count = grouped.shape[1]
    opened = several.opened(stage, several.on_weights(shape, count), "squares", sets)
    total = sums.empty(count)
    for i, (w, rest) in enumerate(zip(grouped, stage["rests"], strict=True)):
        value = inverse.product(w, rest, opened[i], stage["squares_mask"][i])
        total = RING.add(total, several.diagonal(value))
    return result({"errors": total})


def keep(context: Context) -> Result:
    """What was found for all rows; traces are those of 2I − HY, which is m where Y is the inverse.

    Takes y, w, e, errors.
    """
    stage = Stage(context)
    traces = np.stack([sharing.summed(several.diagonal(e)) for e in stage["e"]])
    kept = {"whole_y": stage["y"], "whole_w": stage["w"], "whole_errors": stage["errors"], "traces": traces}
    return result(kept)


def choose(context: Context) -> Result:
    """One penalty's inverse, weights and figures. Takes whole_y, whole_w, whole_errors, traces, chosen."""
    stage = Stage(context)
    at = stage["chosen"]
    errors = np.stack([stage["whole_errors"][at], stage["traces"][at]])
    return result({"y": stage["whole_y"][at], "x": stage["whole_w"][at], "errors": errors})
