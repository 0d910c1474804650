"""Points and reasons: what is stated is what is applied, and all parties' add up to the joint prediction."""

import json
import math

import numpy as np
import pytest

from accord_agents.intake.table import Report, Table
from accord_protocols.model.part import ModelPart
from accord_protocols.model.reasons import contributions, reasons
from accord_protocols.model.scorecard import Scale, Scorecard
from accord_protocols.preparation.fit import fit
from accord_protocols.tasks import Context, run
from accord_schemas.agreement import Prepare
from accord_schemas.errors import UsageError

RNG = np.random.default_rng(12)
N = 500
CITIES = ("Ulm", "Köln", "Bonn", "Hof", "Aue")


def table(seed: int, texts: tuple[str, ...] = CITIES) -> Table:
    rng = np.random.default_rng(seed)
    p = [0.4, 0.3, 0.2] + [0.1 / (len(texts) - 3)] * (len(texts) - 3)
    values = np.column_stack([rng.normal(50, 9, N), rng.choice(len(texts), N, p=p), np.exp(2 * rng.normal(size=N))])
    values[rng.random(values.shape) < 0.06] = np.nan
    ids = tuple(map(str, range(N)))
    return Table(ids, ("age", "city", "visits"), values, None, Report(N, 0, 0), categories={"city": texts})


def part(party: str, seed: int, settings: Prepare, model: str = "logistic") -> ModelPart:
    rows = table(seed)
    fitted = fit(rows.columns, rows.values, settings, rows.categories)
    return ModelPart(
        salt="00" * 32, party=party, model=model, link={"logistic": "logit", "linear": "identity"}[model],  # type: ignore[arg-type]
        protection="closed", shift=0, coefficients={name: float(RNG.normal()) for name in fitted.names},
        intercept=-1.3 if party == "bank" else None, preparation=fitted,
    )  # fmt: skip


def score(own: ModelPart, rows: Table) -> np.ndarray:
    """As a prediction does it."""
    inputs = {"rows": np.arange(len(rows.ids)), "model": own.encode()}
    found: np.ndarray = run("predict.scores", Context(inputs, table=rows)).fields["scores"]
    return found


@pytest.mark.parametrize("good", [0, 1])
@pytest.mark.parametrize(
    "settings", [Prepare(), Prepare(winsorise=1.0, impute="median"), Prepare(winsorise=None, scale=None, impute=-7.0)]
)
def test_all_parties_points_add_up_to_those_of_the_joint_prediction(settings: Prepare, good: int) -> None:
    scale = Scale(pdo=15, base_points=500, base_odds=20, good=good)  # type: ignore[arg-type]
    points, u = np.zeros(N), np.zeros(N)
    for k, party in enumerate(("bank", "shop", "telco")):
        own, rows = (
            part(party, k, settings),
            table(10 + k, ("Rom", "Ulm", "Bonn", "Köln")),
        )  # other rows, an unseen city
        card = Scorecard.model_validate(json.loads(json.dumps(Scorecard.of(own, scale).to_json())))
        points += card.points(rows.columns, rows.values, rows.categories)
        u += score(own, rows)
    odds = np.exp(u if good else -u)
    np.testing.assert_allclose(points, 500 + 15 / math.log(2) * np.log(odds / 20), rtol=1e-9, atol=1e-7)


def test_what_points_say() -> None:
    scale = Scale()
    assert Scorecard.of(part("bank", 1, Prepare()), scale).constant == pytest.approx(
        600 - 20 / math.log(2) * (math.log(50) - 1.3)
    )
    card = Scorecard.of(part("shop", 1, Prepare()), scale)
    assert card.constant == 0 and [n.column for n in card.numbers] == ["age", "visits"]
    (city,) = card.categories
    assert set(city.levels) == {"Ulm", "Köln", "Bonn", "Hof", "Aue"} or "other" in city.levels
    assert math.isfinite(city.missing) and math.isfinite(city.unseen)


def test_a_scorecard_is_of_odds() -> None:
    with pytest.raises(UsageError, match="logistic"):
        Scorecard.of(part("bank", 1, Prepare(), "linear"), Scale())


def test_reasons_are_what_sets_a_row_apart_from_an_average_one() -> None:
    own, rows = part("shop", 3, Prepare(scale=None, winsorise=2.0)), table(3)
    which = np.array([7, 3, 400])
    found = contributions(own, rows, which)
    scores = score(own, rows)
    np.testing.assert_allclose(found.sum(axis=1), (scores - scores.mean())[which], atol=1e-9)
    told = list(reasons(own, rows, which, top=2))
    assert [row for row, _, _ in told] == [7, 7, 3, 3, 400, 400]
    for k, row in enumerate(which.tolist()):
        best = np.argsort(-np.abs(found[k]))[:2]
        assert [(c, v) for r, c, v in told if r == row] == [(own.preparation.names[j], found[k, j]) for j in best]
