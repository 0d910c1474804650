"""Which trainings this program can do, of those that an agreement can name."""

from __future__ import annotations

from accord_protocols.links.registry import link_of
from accord_schemas.agreement import Prepare
from accord_schemas.parts import Train

PAIR = 2
"""Parties among whom nobody is left to deal."""


def unable(train: Train, parties: int, prepare: Prepare | None = None) -> str:
    """What of a training this program cannot do, and what it can instead; or nothing."""
    if prepare is not None and prepare.woe and train.model != "logistic":
        return (
            f"prepare.woe is for train.model: logistic, whose labels are 0 and 1, not for {train.model}; leave it out"
        )
    if train.protection == "closed":
        return _closed(train)
    if train.protection == "express":
        return _express(train)
    return _without_products(train, parties) or _weighed(train, _weighing(train))


def _weighing(train: Train) -> str:
    """By which setting rows count for more or less; or none."""
    said = train.model_dump(exclude_defaults=True)
    return next((f"train.{name}" for name in ("weights", "class_weights") if name in said), "")


def _without_products(train: Train, parties: int) -> str:
    """At `shared` a link that is no straight line takes products of shares: the lattice engine's, or a dealer's."""
    bent = train.protection == "shared" and not link_of(train).quadratic
    if train.dealer is not None and not bent:
        return "train.dealer is for a logistic or poisson model at protection: shared with its exact link; leave it out"
    if train.dealer is not None and parties == PAIR:
        return "train.dealer is a third participant; of two parties, none can deal: use engine: lattice"
    if bent and train.engine == "paillier" and train.dealer is None:
        others = "a third party as dealer" if parties > PAIR else "protection: score"
        tangent = ", or link: linear, whose coefficients differ" if train.model == "logistic" else ""
        return f"engine: paillier has no products for model: {train.model} at shared; use lattice, {others}{tangent}"
    return ""


def _weighed(train: Train, name: str) -> str:
    """Rows that count for more."""
    if name and train.optimiser != "lbfgs":
        return f"{name}: optimiser {train.optimiser} has no safe step beside it; use lbfgs"
    if name and train.dealer is not None:
        return f"{name} needs products that a dealer does not give; use engine: lattice without train.dealer"
    if name and train.protection == "shared" and train.engine == "paillier":
        return f"{name} needs products at protection: shared; use engine: lattice, or score"
    return ""


def _closed(train: Train) -> str:
    weighed = _weighing(train)
    if weighed and train.optimiser != "newton":
        return f"{weighed}: optimiser {train.optimiser} has no safe step beside it at protection: closed; use newton"
    if train.dealer:
        return "train.dealer: protection: closed needs no dealer; leave it out"
    if train.model == "poisson" and train.optimiser != "newton":
        return f"train.optimiser: {train.optimiser} has no safe step for model: poisson; newton has"
    return ""


def _express(train: Train) -> str:
    if train.weights:
        return "train.weights: rows have no weights at protection: express; score has them"
    return "train.dealer: protection: express needs no dealer; leave it out" if train.dealer else ""
