"""Residuals at `shared` that are no affine function of the score: what the instances begin and end with."""

from __future__ import annotations

from dataclasses import dataclass

from accord_protocols.phases.training.products import Words
from accord_protocols.phases.training.states import Round
from accord_schemas.agreement import Train


@dataclass(frozen=True, slots=True, repr=False)
class Sharing:
    """What an instance begins with.

    Args:
        at: Where the party stands.
        share: A computing party's share of the scores, ``(n, words)``, 24 fraction bits; a dealer has none.
    """

    at: Round
    share: Words | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Residuals:
    """What it ends with: a share of the residual, ``(n, words)``, 24 fraction bits; the dealer's is None."""

    share: Words | None


SERIES, DEALT = "series", "dealt"


def instance(train: Train, number: int) -> str:
    """The instance of a round: with a dealer, or without."""
    return f"{DEALT if train.dealer else SERIES}.{number}"
