"""`prepare.woe`: a logistic training on weights of evidence that the parties measure first."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from tests.support.trees import Watched
from tests.support.world import Rows, agreement, tables

from accord_protocols.evaluation.evidence import Bin, weights
from accord_protocols.jobs.registry import JOBS
from accord_protocols.model.part import ModelPart
from accord_protocols.model.scorecard import Scale, Scorecard
from accord_protocols.primitives.psi.ids import is_test
from accord_protocols.tasks import Context, run
from accord_schemas.agreement import Agreement, Prepare

WOE: dict[str, Any] = {"woe": ("x0_0", "x1_0", "x1_1"), "woe_bins": 5}
"""The telco has none of these columns."""


def terms(parties: int = 3, **train: Any) -> Agreement:
    logistic = {"model": "logistic", "protection": "score", "l2": 0.01, "max_rounds": 4}
    agreed = agreement(parties, **{**logistic, **train}).model_copy(update={"prepare": Prepare(**WOE)})
    return JOBS["train"].told(agreed)


def rows(parties: int = 3) -> dict[str, Rows]:
    """Tables with a label of 0 and 1, with missing values in the shop's first column."""
    found, rng = tables(parties, n=400, columns=2, seed=3), np.random.default_rng(4)
    labels = found["bank"].labels
    assert labels is not None
    found["bank"] = replace(found["bank"], labels=(labels > np.quantile(labels, 0.6)).astype(float))
    holes = found["shop"].values.copy()
    holes[rng.random(len(holes)) < 0.2, 0] = np.nan
    found["shop"] = replace(found["shop"], values=holes)
    return found


@pytest.fixture(scope="module")
def world() -> Watched:
    made = Watched(terms(), rows())
    made.run()
    assert not [party.aborted for party in made.parties.values() if party.aborted]
    return made


def part(world: Watched, me: str) -> ModelPart:
    return ModelPart.model_validate(world.parties[me].notes["model"])


def test_weights_are_those_of_the_joined_rows(world: Watched) -> None:
    """Each bin's rows and ones are counted anew, from the borders in the model and all parties' TRAIN rows."""
    bank, rule = world.parties["bank"], world.terms.test_rows
    assert bank.rows.labels is not None and rule is not None
    common = [bank.rows.ids[row] for row in bank.notes["rows"]]
    train = [one for one in common if not is_test(one, rule.hash_modulus, rule.equals)]
    labels = dict(zip(bank.rows.ids, bank.rows.labels.tolist(), strict=True))
    y, seen = np.array([labels[one] for one in train]), 0
    for me, names in (("bank", ["x0_0"]), ("shop", ["x1_0", "x1_1"]), ("telco", [])):
        own, at = world.parties[me].rows, {one: k for k, one in enumerate(world.parties[me].rows.ids)}
        fits = part(world, me).preparation.woe
        assert [fit.name for fit in fits] == names
        for fit in fits:
            values = own.values[[at[one] for one in train], own.columns.index(fit.name)]
            gone = np.isnan(values)
            parts = [gone] if gone.sum() >= 20 else []
            ends = (-np.inf, *fit.starts, np.inf)
            parts += [(values >= low) & (values < high) for low, high in pairwise(ends)]
            expected = weights([Bin(int(here.sum()), int(y[here].sum())) for here in parts])
            told = ([fit.missing] if gone.sum() >= 20 else []) + list(fit.weights)
            assert np.allclose(told, expected, rtol=0, atol=1e-12) and min(here.sum() for here in parts) >= 20
            seen += len(parts)
            prepared = part(world, me).preparation.apply(own.values)[:, own.columns.index(fit.name)]
            column = next(k for k in part(world, me).preparation.kept if k.name == fit.name)
            cells = own.values[:, own.columns.index(fit.name)]
            assert np.allclose(prepared * column.scale + column.mean, fit.apply(cells), atol=1e-12)
            assert (column.nulls, column.clipped, column.low) == (0, 0, None)
    assert seen > 12


def test_missing_values_weigh_what_they_were_measured_to_weigh(world: Watched) -> None:
    first, second = part(world, "shop").preparation.woe
    assert first.missing not in (0.0, *first.weights) and second.missing == 0.0
    assert first.apply(np.array([np.nan]))[0] == first.missing


def test_a_prediction_and_the_scorecard_apply_them(world: Watched) -> None:
    """Points of all parties are those of the score that a prediction computes, missing values and all."""
    scale, points, score = Scale(), np.zeros(3), np.zeros(3)
    for me, party in world.parties.items():
        own = ModelPart.read(part(world, me).encode())
        new = replace(party.rows, values=np.array([[np.nan, 0.1], [-9.0, 9.0], [0.2, np.nan]]))
        card = Scorecard.model_validate_json(Scorecard.of(own, scale).model_dump_json())
        assert [one.column for one in card.bins] == [fit.name for fit in own.preparation.woe]
        points += card.points(new.columns, new.values, {})
        score += run("predict.scores", Context({"rows": np.arange(3), "model": own.encode()}, table=new)).fields[
            "scores"
        ]
    assert np.allclose(points, scale.constant + scale.factor * score, atol=1e-8)
    (bins,) = [one for one in Scorecard.of(part(world, "shop"), scale).bins if one.column == "x1_0"]
    fit, kept = part(world, "shop").preparation.woe[0], part(world, "shop").preparation.kept[0]
    weight = part(world, "shop").coefficients["x1_0"] * scale.factor
    assert np.isclose(bins.missing, weight * (fit.missing - kept.mean) / kept.scale)


def test_counts_are_with_their_owner_and_values_with_the_label_holder(world: Watched) -> None:
    bank, shop, telco = (world.parties[name].notes for name in ("bank", "shop", "telco"))
    told = list(shop["information_value"].values())
    assert np.allclose(bank["information_told"]["shop"], told, atol=5.1e-7) and set(bank["information_told"]) == {
        "shop"
    }
    assert "woe" not in telco and set(shop["woe"]) == {"x1_0", "x1_1"} and set(bank["woe"]) == {"x0_0"}
    assert not [address for address in world.log if str(address).startswith("edge.telco")]
    assert "among x0_0, x1_0, x1_1" in world.terms.learns["shop"] and "information value" in world.terms.learns["bank"]


def test_without_them_the_document_says_nothing_of_them(world: Watched) -> None:
    assert "woe" not in part(world, "telco").preparation.to_json()
    assert "woe" in part(world, "shop").preparation.to_json()


@pytest.mark.parametrize(("model", "word"), [("linear", "prepare.woe is for train.model: logistic"), ("logistic", "")])
def test_they_are_of_labels_of_0_and_1(model: str, word: str) -> None:
    wrong = JOBS["train"].objection(terms(model=model))
    assert word in wrong and bool(word) == bool(wrong)


def test_a_column_is_no_category_at_once() -> None:
    with pytest.raises(ValueError, match="'a' is in one_hot, too"):
        Prepare(woe=("a",), one_hot=("a",))
