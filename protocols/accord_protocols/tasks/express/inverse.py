"""Inverses of several systems: each part of a task runs the stage of `closed` for one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from accord_protocols.closed.shape import Shape
from accord_protocols.primitives.xof import Xof
from accord_protocols.tasks.closed import inverse
from accord_protocols.tasks.express.several import matrix
from accord_protocols.tasks.registry import Context, Result


def _one(task: Callable[[Context], Result], rows: tuple[str, ...], blocks: tuple[str, ...]) -> Callable[..., Result]:
    """A stage of `closed` for this part's one matrix.

    Args:
        task: The stage.
        rows: What it takes of this matrix.
        blocks: What of that are encrypted matrices, of answers the rest; each is one row here.
    """

    def done(context: Context) -> Result:
        square = Shape.of(context.inputs["shape"]).square
        own = {name: context.inputs[name][0] for name in rows}
        for name in rows:
            if name.startswith("heard.") or name in blocks:
                own[name] = matrix(own[name], square.blocks if name in blocks else square.messages)
        own["zero"] = Xof(context.inputs["zero"], "part", context.part).bytes(32)
        found = task(replace(context, inputs={**context.inputs, **own})).fields
        said = {name: value.reshape(1, -1) for name, value in found.items() if name.startswith("said.")}
        return Result({name: said.get(name, value[None]) for name, value in found.items()})

    return done


square = _one(inverse.square, ("y", "heard.h"), ("heard.h",))
correct = _one(inverse.correct, ("h", "y", "hy_mask", "heard.hy", "heard.y"), ("heard.y",))
improve = _one(inverse.improve, ("y", "e", "ye_mask", "h_encrypted", "heard.ye"), ("h_encrypted",))
