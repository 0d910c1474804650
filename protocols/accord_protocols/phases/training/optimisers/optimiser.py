"""What an optimiser is: which sums the label holder needs, where it goes next, and what others can check of that.

A party remembers earlier directions p, oldest first, with q, what each changed of the gradient. In a round it evaluates
the gradient at w + p for the newest p. The label holder answers with a step and with coefficients over p.., q.., g,
after the step, of the next direction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from accord_protocols.phases.training.optimisers.gram import Gram

MOST_HALVINGS = 10
Coefficients = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Moves:
    """What everybody knows of the moves so far.

    Args:
        halvings: How often the newest direction was halved.
        widenings: How often the range of scores was doubled, in the whole training.
        momentum: Steps since the last that had none.
    """

    halvings: int = 0
    widenings: int = 0
    momentum: int = 0


class Optimiser(Protocol):
    """One way to go; an entry in `accord_protocols.phases.training.optimisers.registry.OPTIMISERS`.

    Attributes:
        name: As ``train.optimiser`` says it.
        memory: Pairs of a direction and its change that are remembered.
        exact: Whether it takes the best step where the gradient is affine.
        searches: Whether it can tell a step that is too long, from its sums.
    """

    name: str
    memory: int
    exact: bool
    searches: bool

    def layout(self, pairs: int, fresh: bool) -> list[tuple[str, str]]:
        """Which inner products are summed for the label holder, in order.

        Vectors are p0.., q0.. and g; Lg, Lq, Ln are g, the newest q, and their sum in the original basis.

        Args:
            pairs: In memory, the newest last.
            fresh: Whether the newest pair was made in this round.
        """
        ...

    def square(self, gram: Gram, step: float, fresh: bool) -> float:
        """‖g‖² in the original basis, after a step."""
        ...

    def next(self, gram: Gram, pairs: int, moves: Moves, scale: float, *, slower: bool) -> Coefficients:
        """Coefficients of the next direction.

        Args:
            gram: What the label holder knows, after the step.
            pairs: In memory.
            moves: So far.
            scale: What a whole step has, by the bound on the Hessian; at first that of one block.
            slower: Whether the gradient got longer.
        """
        ...

    def allowed(self, said: Coefficients, pairs: int, moves: Moves, scale: float) -> bool:
        """Whether the coefficients are of its form, by what a follower knows."""
        ...
