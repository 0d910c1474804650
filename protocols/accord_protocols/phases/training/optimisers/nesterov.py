"""Nesterov's accelerated gradient, which needs no inner product: the label holder learns the gradient's length alone.

Gradients are taken at extrapolated points v. With x' = v − s·g(v) the next one is v' = x' + β(x' − x), and x' − x = p −
s·q for the last move p of v and the change q of the gradient along it: the direction is βp − sβq − sg. β = k/(k + 3)
after k such steps, and the momentum is dropped where the gradient got longer (O'Donoghue and Candès, Found. Comput.
Math. 2015, restart where things get worse; on the gradient's length instead of the loss, which would have to be
opened). Measured with it: as many rounds as with their test on the gradient's direction.
"""

from __future__ import annotations

from accord_protocols.phases.training.optimisers.gram import Gram
from accord_protocols.phases.training.optimisers.optimiser import Coefficients, Moves


class Nesterov:
    """See `accord_protocols.phases.training.optimisers.optimiser.Optimiser`."""

    name = "nesterov"
    memory = 1
    exact = False
    searches = False

    def layout(self, pairs: int, fresh: bool) -> list[tuple[str, str]]:
        """The gradient's square."""
        return [("Ln", "Ln")]

    def square(self, gram: Gram, step: float, fresh: bool) -> float:
        """As it is summed."""
        return gram("Ln", "Ln")

    def next(self, gram: Gram, pairs: int, moves: Moves, scale: float, *, slower: bool) -> Coefficients:
        """With momentum, or without."""
        if not pairs:
            return (-scale,)
        return (0.0, 0.0, -scale) if slower else _moving(moves, scale)

    def allowed(self, said: Coefficients, pairs: int, moves: Moves, scale: float) -> bool:
        """These two."""
        return said in ([(0.0, 0.0, -scale), _moving(moves, scale)] if pairs else [(-scale,)])


def _moving(moves: Moves, scale: float) -> Coefficients:
    steps = moves.momentum + 1
    beta = steps / (steps + 3)
    return (beta, -scale * beta, -scale)
