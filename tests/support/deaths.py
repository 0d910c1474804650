"""Parties that die at many points of their commits, each point once."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.support.simulated import KilledError


@dataclass
class Deaths:
    """What a simulated network calls at every point where a process may die.

    Args:
        stride: A party dies before and after every commit whose number this divides; never where it is 0.
    """

    stride: int = 0
    commits: dict[str, int] = field(default_factory=dict)
    met: set[tuple[str, str, int]] = field(default_factory=set)

    def __call__(self, party: str, where: str) -> None:
        """Die here, unless this party did before."""
        self.commits[party] = self.commits.get(party, 0) + (where == "after commit")
        here = (party, where, self.commits[party])
        if self.stride and here not in self.met and self.commits[party] % self.stride == 0:
            self.met.add(here)
            raise KilledError

    @property
    def every(self) -> bool:
        """Whether each party died at each of these points."""
        points = {
            (party, where, number)
            for party, count in self.commits.items()
            for where, numbers in (
                ("after commit", range(self.stride, count + 1, self.stride)),
                ("before commit", range(0, count, self.stride)),
            )
            for number in numbers
        }
        return points <= self.met
