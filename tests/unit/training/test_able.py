"""What does not go together in a training is refused by name, with what does; and who may deal."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from tests.support.world import agreement

from accord_protocols.jobs.sentences import trained
from accord_protocols.phases.training.able import unable
from accord_schemas.agreement import Agreement
from accord_schemas.parts import Train


@pytest.mark.parametrize(
    ("parties", "terms", "remedy"),
    [
        (2, {"model": "logistic"}, "use lattice, protection: score, or link: linear"),
        (3, {"model": "logistic"}, "a third party as dealer"),
        (2, {"model": "poisson"}, "use lattice, protection: score"),
        (2, {"model": "logistic", "dealer": "shop"}, "use engine: lattice"),
        (3, {"model": "logistic", "dealer": "telco", "protection": "score"}, "leave it out"),
        (3, {"dealer": "telco"}, "leave it out"),
        (2, {"weights": "w"}, "use engine: lattice, or score"),
        (2, {"weights": "w", "protection": "score", "optimiser": "gd"}, "use lbfgs"),
        (3, {"weights": "w", "model": "logistic", "dealer": "telco"}, "use engine: lattice"),
    ],
)
def test_what_does_not_go_together(parties: int, terms: dict[str, Any], remedy: str) -> None:
    assert remedy in unable(Train(**terms), parties)


@pytest.mark.parametrize(
    ("parties", "terms"),
    [
        (2, {"model": "logistic", "engine": "lattice"}),
        (2, {"model": "logistic", "link": "linear"}),
        (3, {"model": "poisson", "dealer": "telco"}),
        (2, {"weights": "w", "model": "poisson", "engine": "lattice"}),
        (2, {"weights": "w", "protection": "score"}),
        (3, {"weights": "w", "engine": "lattice"}),
        (2, {"model": "logistic", "protection": "score", "optimiser": "nesterov"}),
    ],
)
def test_what_does(parties: int, terms: dict[str, Any]) -> None:
    assert not unable(Train(**terms), parties)


@pytest.mark.parametrize("dealer", ["bank", "shop", "nobody"])
def test_a_dealer_is_a_party_that_does_not_compute(dealer: str) -> None:
    terms = agreement(3, model="logistic").model_dump()
    terms["train"] |= {"dealer": dealer}
    with pytest.raises(ValidationError, match="names a party that does not compute"):
        Agreement.model_validate(terms)


def test_sentences_name_what_opens() -> None:
    said = {
        optimiser: trained(agreement(3, model="logistic", protection="score", optimiser=optimiser), "bank")
        for optimiser in ("lbfgs", "nesterov", "gd")
    }
    assert "inner products" in said["lbfgs"] and "the loss" in said["lbfgs"]
    assert "inner products" not in said["nesterov"] and "the loss" not in said["nesterov"]
    assert "slopes of each step" in said["gd"]
    shared = trained(agreement(3, model="poisson", engine="lattice"), "bank")
    assert "the sums of all scores and residuals" in shared
    assert "the loss" not in trained(agreement(3, model="poisson", engine="lattice", exposure="days"), "bank")
    dealt = agreement(3, model="logistic", dealer="telco")
    assert "masks of what bank and shop open" in trained(dealt, "telco")
    assert "with what telco dealt it gives the score" in trained(dealt, "shop")
    assert "scores left their range" in trained(dealt, "shop") and "scores left their range" not in trained(
        agreement(3), "shop"
    )
