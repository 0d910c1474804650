"""What the machines of a computation over graphs have in common."""

from __future__ import annotations

from accord_protocols.graph.scale import Scale
from accord_protocols.kernel.effects import Fields
from accord_schemas.agreement import Agreement
from accord_schemas.graph import COMPARES


class OverGraph:
    """Beside `Machine`, of which it has the agreement and the own name: sizes, and who computes.

    ``first`` leads, and is who asks, or one of those who learn the scores; ``second`` is the other party that computes.
    """

    agreement: Agreement
    me: str

    @property
    def scale(self) -> Scale:
        """Sizes and units."""
        return Scale.of(self.agreement)

    @property
    def terms(self) -> Fields:
        """Of the agreement, for tasks."""
        assert self.agreement.graph is not None
        terms = self.agreement.graph.model_dump_json(exclude_defaults=True)
        return {"terms": terms, "parties": len(self.agreement.parties), "key_bits": self.agreement.key_bits}

    @property
    def compares(self) -> bool:
        """Whether neighbourhoods are compared, and nothing is computed on shares."""
        assert self.agreement.graph is not None
        return self.agreement.graph.task in COMPARES

    @property
    def first_party(self) -> str:
        """Who leads."""
        return self.agreement.keyholders[0]

    @property
    def second_party(self) -> str:
        """The other who computes."""
        return self.agreement.keyholders[1]

    @property
    def computes(self) -> bool:
        """Whether this party has shares."""
        return self.me in self.agreement.keyholders

    @property
    def helpers(self) -> tuple[str, ...]:
        """Who has edges and no shares, by name."""
        return tuple(p for p in self.agreement.order if p not in self.agreement.keyholders)

    def other(self) -> str:
        """To a party that computes, the other one."""
        return self.second_party if self.me == self.first_party else self.first_party
