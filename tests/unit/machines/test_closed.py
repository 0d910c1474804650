"""Training on shares, with the engine's products in the clear, against plaintext; and once with the engine itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.support import exact
from tests.support.world import Rows, World, agreement, tables

from accord_protocols.closed.inverse import scales
from accord_protocols.preparation.fit import fit
from accord_protocols.primitives.psi.ids import is_test
from accord_schemas.agreement import Agreement, Prepare
from accord_schemas.events import Shares, Verdict

pytestmark = pytest.mark.variants


@pytest.fixture
def products(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    exact.put_in(monkeypatch)
    yield


def parties(model: str, count: int, n: int) -> dict[str, Rows]:
    """Tables whose labels are of the model's kind."""
    data, rng = tables(count, n=n, columns=2), np.random.default_rng(5)
    y = data["bank"].labels
    assert y is not None
    score = (y - y.mean()) / y.std()
    labels = {
        "linear": y,
        "logistic": (rng.random(len(y)) < 1 / (1 + np.exp(-2 * score))).astype(float),
        "poisson": rng.poisson(np.exp(0.5 * score)).astype(float),
    }[model]
    return data | {"bank": replace(data["bank"], labels=labels)}


def terms(model: str, count: int, **train: Any) -> Agreement:
    known: dict[str, Any] = {
        "protection": "closed",
        "engine": "lattice",
        "optimiser": "newton",
        "l2": 0.01,
        "tolerance": 1e-5,
    }
    return agreement(count, model=model, **(known | {"max_rounds": 200} | train))


def joined(data: dict[str, Rows]) -> tuple[list[str], list[str], np.ndarray, np.ndarray]:
    """Parties and names of the columns, the prepared TRAIN rows of all, a column of ones last, and the labels."""
    common = sorted(set.intersection(*(set(rows.ids) for rows in data.values())))
    train = [i for i in common if not is_test(i, 5, 0)]
    owners, names, blocks = list[str](), list[str](), []
    for party, rows in data.items():
        at = [rows.ids.index(i) for i in train]
        blocks.append(fit(rows.columns, rows.values[at], Prepare()).apply(rows.values[at]))
        owners += [party] * len(rows.columns)
        names += rows.columns
    labels = data["bank"].labels
    assert labels is not None
    y = labels[[data["bank"].ids.index(i) for i in train]]
    return owners, names, np.hstack([*blocks, np.ones((len(train), 1))]), y


def train_rows(data: dict[str, Rows]) -> list[int]:
    """Of the label holder's table, in the order of `joined`."""
    common = sorted(set.intersection(*(set(rows.ids) for rows in data.values())))
    return [data["bank"].ids.index(i) for i in common if not is_test(i, 5, 0)]


def optimum(
    model: str, X: np.ndarray, y: np.ndarray, l2: float, v: Any = 1.0, days: Any = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Weights, and standard errors as statsmodels defines them where l2 is 0; v of the rows, and their exposures."""
    n, w = len(y), np.zeros(X.shape[1])
    penalty = np.diag([*[l2] * (X.shape[1] - 1), 0.0])
    for _ in range(40):
        u = X @ w
        mean = {"linear": u, "logistic": 1 / (1 + np.exp(-u)), "poisson": days * np.exp(np.minimum(u, 50))}[model]
        slope = {"linear": np.ones(n), "logistic": mean * (1 - mean), "poisson": mean}[model]
        hessian = (X.T * (v * slope)) @ X / n + penalty
        w = w - np.linalg.solve(hessian, X.T @ (v * (mean - y)) / n + penalty @ w)
    residual = y - X @ w
    variance = residual @ (v * residual) / (n - X.shape[1]) if model == "linear" else 1.0
    return w, np.sqrt(np.diag(np.linalg.inv(hessian)) * variance / n)


def trained(world: World, data: dict[str, Rows], name: str) -> np.ndarray:
    """Of every column, in the order of `joined`: coefficients, or what else was noted."""
    found = {p: m.notes["model"][name] if name == "coefficients" else m.notes[name] for p, m in world.parties.items()}
    return np.array([found[party][column] for party, column in zip(*joined(data)[:2], strict=True)])


@pytest.mark.parametrize(
    ("model", "count", "optimiser", "l2"),
    [
        ("linear", 2, "newton", 0.0),
        ("linear", 3, "gram", 0.1),
        ("logistic", 3, "newton", 0.0),
        ("logistic", 2, "gram", 0.01),
        ("logistic", 2, "nesterov", 0.01),
        ("poisson", 3, "newton", 0.0),
    ],
)
def test_coefficients_and_errors_are_those_of_the_plaintext(
    products: None, model: str, count: int, optimiser: str, l2: float
) -> None:
    data = parties(model, count, n=260)
    world = World(terms(model, count, optimiser=optimiser, l2=l2), data).run()
    assert all(p.states[-1] == "completed" and p.notes["converged"] for p in world.parties.values())
    _, _, X, y = joined(data)
    w, errors = optimum(model, X, y, l2)
    assert np.abs(trained(world, data, "coefficients") - w[:-1]).max() < 3e-4
    assert abs(world.parties["bank"].notes["model"]["intercept"] - w[-1]) < 3e-4
    if optimiser == "newton" and not l2:
        np.testing.assert_allclose(
            trained(world, data, "standard_errors"), errors[:-1], rtol=1e-4 if model == "linear" else 1e-3
        )
        assert abs(world.parties["bank"].notes["intercept_error"] / errors[-1] - 1) < 1e-3


def test_an_exposure_is_the_label_holders_alone(products: None) -> None:
    data = parties("poisson", 2, n=260)
    bank = data["bank"]
    exposure = np.random.default_rng(7).uniform(0.5, 2, len(bank.ids))
    data["bank"] = replace(bank, exposure=exposure)
    world = World(terms("poisson", 2, exposure="days"), data).run()
    _, _, X, y = joined(data)
    w, _ = optimum("poisson", X, y, 0.01, days=exposure[train_rows(data)])
    assert np.abs(trained(world, data, "coefficients") - w[:-1]).max() < 3e-4


@pytest.mark.parametrize(
    ("model", "count", "times"), [("linear", 2, 1), ("linear", 3, 10), ("logistic", 2, 10), ("poisson", 2, 10)]
)
def test_rows_count_by_weights_that_are_the_label_holders_alone(
    products: None, model: str, count: int, times: int
) -> None:
    data, rng = parties(model, count, n=140), np.random.default_rng(9)
    bank = data["bank"]
    weights, exposure = rng.uniform(0.2, 5, len(bank.ids)), rng.uniform(0.5, 2, len(bank.ids))
    counts = model == "poisson"
    data["bank"] = replace(bank, weights=times * weights, exposure=exposure if counts else None)
    named = {"weights": "v", **({"exposure": "days"} if counts else {})}
    world = World(terms(model, count, l2=0.0, **named), data).run()
    assert all(p.states[-1] == "completed" and p.notes["converged"] for p in world.parties.values())
    _, _, X, y = joined(data)
    v, days = weights[train_rows(data)], exposure[train_rows(data)] if counts else 1.0
    w, errors = optimum(model, X, y, 0.0, v / v.mean(), days)
    assert np.abs(trained(world, data, "coefficients") - w[:-1]).max() < 3e-4
    np.testing.assert_allclose(trained(world, data, "standard_errors"), errors[:-1], rtol=1e-3)


def test_classes_count_alike(products: None) -> None:
    data = parties("logistic", 2, n=200)
    bank = data["bank"]
    assert bank.labels is not None
    data["bank"] = replace(bank, labels=((bank.labels == 1) & (np.arange(len(bank.ids)) % 4 == 0)).astype(float))
    world = World(terms("logistic", 2, class_weights="balanced"), data).run()
    _, _, X, y = joined(data)
    v = np.where(y == 1, len(y) / (2 * y.sum()), len(y) / (2 * (len(y) - y.sum())))
    assert np.abs(trained(world, data, "coefficients") - optimum("logistic", X, y, 0.01, v)[0][:-1]).max() < 3e-4


def test_a_row_that_counts_for_very_many_is_refused(products: None) -> None:
    data = parties("linear", 2, n=300)
    weights = np.full(len(data["bank"].ids), 1e-6)
    weights[train_rows(data)[0]] = 1.0
    data["bank"] = replace(data["bank"], weights=weights)
    ended = World(terms("linear", 2, weights="v"), data).run().parties["bank"].aborted
    assert ended is not None and ended.reason == "a row has 128 times the average weight or more"


def test_of_many_rows_the_hessian_is_a_samples_and_kept_while_steps_get_short(
    products: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accord_protocols.phases.training.closed.plan.HEAD_ROWS", 100)
    monkeypatch.setattr("accord_protocols.phases.training.closed.plan.HEAD_COLUMNS", 1)
    data = parties("logistic", 2, n=260)
    world = World(terms("logistic", 2), data).run()
    said = [c.event.action for a, c in sorted(world.log.items()) if isinstance(c.event, Verdict)]
    assert "keep" in said and said.count("tolerance") == 1
    _, _, X, y = joined(data)
    assert np.abs(trained(world, data, "coefficients") - optimum("logistic", X, y, 0.01)[0][:-1]).max() < 3e-4


@pytest.mark.sweep
def test_rows_of_several_pieces_are_those_of_one(products: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slopes are opened of the first ones alone, which the Hessian is summed over."""
    monkeypatch.setattr("accord_protocols.phases.training.closed.plan.HEAD_ROWS", 100)
    monkeypatch.setattr("accord_protocols.phases.training.closed.plan.HEAD_COLUMNS", 1)
    data = parties("logistic", 2, n=260)
    whole = World(terms("logistic", 2), data).run()
    monkeypatch.setattr("accord_protocols.closed.shape.pieces", lambda n: [slice(0, 70), slice(70, 140), slice(140, n)])
    cut = World(terms("logistic", 2), data).run()
    steps = [a.step for a in cut.log if a.step.startswith("turn.1.waves")]
    assert sorted(steps) == [f"turn.1.waves{k}.shop" for k in range(3)]
    assert np.abs(trained(cut, data, "coefficients") - trained(whole, data, "coefficients")).max() < 1e-6


def test_scaled_steps_bring_every_eigenvalue_of_the_range_to_1() -> None:
    for low, high, steps in ((2.0**-13, 1.0, 10), (2.0**-6, 4.0, 7), (2.0**-17, 2.0, 13)):
        x, plain = np.geomspace(low, high, 999), low
        for scale in scales(low, high, steps):
            x, plain = scale * x * (2 - scale * x), plain * (2 - plain)
        assert np.abs(x - 1).max() < 1e-3 and plain < 0.9


@pytest.mark.sweep
def test_the_engine_gives_what_its_double_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    data = parties("linear", 2, n=60)
    real = World(terms("linear", 2), data).run()
    exact.put_in(monkeypatch)
    double = World(terms("linear", 2), data).run()
    difference = trained(real, data, "coefficients") - trained(double, data, "coefficients")
    assert 0 < len(real.log) == len(double.log) and np.abs(difference).max() < 1e-6


def test_any_order_of_arrival_gives_the_same_bytes(products: None) -> None:
    data = parties("linear", 3, n=60)
    first, second = (World(terms("linear", 3), data, order=order).run().fingerprint() for order in (0, 1))
    assert first == second


def test_a_holder_that_lies_is_not_believed_its_figures_shape(products: None) -> None:
    def cut(recipient: str, content: Any) -> Any:
        return Shares(values=content.event.values[:1]) if content.address.step == "figures.0" else content.event

    world = World(terms("linear", 2), parties("linear", 2, n=60), tamper=cut).run()
    ended = world.parties["bank"].aborted
    assert ended is not None and (ended.whose, ended.reason) == ("shop", "figures are not as agreed")


def test_a_verdict_that_the_agreement_does_not_know_is_the_label_holders_fault(products: None) -> None:
    def another(recipient: str, content: Any) -> Any:
        return Verdict(action="restart") if content.address.step == "verdict.0" else content.event

    world = World(terms("linear", 2), parties("linear", 2, n=60), tamper=another).run()
    ended = world.parties["shop"].aborted
    assert ended is not None and (ended.whose, ended.reason) == ("bank", "a verdict is not of the agreed form")


def separable(count: int) -> dict[str, Rows]:
    """Labels that a column tells: without much of a penalty scores grow and grow."""
    data = parties("logistic", count, n=120)
    labels = data["bank"].values[:, 0] > 0
    return data | {"bank": replace(data["bank"], labels=labels.astype(float))}


@pytest.mark.sweep
@pytest.mark.parametrize(("count", "optimiser"), [(2, "newton"), (3, "newton"), (2, "gram")])
def test_scores_beyond_the_series_drop_the_result_and_training_begins_anew_with_twice_the_period(
    products: None, count: int, optimiser: str
) -> None:
    data = separable(count)
    world = World(terms("logistic", count, l2=0.002, period=16, optimiser=optimiser), data).run()
    for party in world.parties.values():
        assert party.aborted is None and party.states[-1] == "completed" and party.notes["converged"]
        assert any("range of the period 16" in warning for warning in party.notes["warnings"])
    _, _, X, y = joined(data)
    w, _ = optimum("logistic", X, y, 0.002)
    assert np.abs(X @ w).max() > 6.5
    assert np.abs(trained(world, data, "coefficients") - w[:-1]).max() < 1e-3 * np.abs(w).max()
    encrypted = [address.instance for address in world.log if address.instance.startswith("columns.")]
    assert len(encrypted) == len(set(encrypted)) > 0  # columns are encrypted once, whatever the period


def test_masks_are_wide_enough_for_all_periods_together_and_no_pair_of_primes_more() -> None:
    from accord_protocols.closed.shape import Shape

    def terms_of(family: str, period: int = 64, anew: int = 0) -> Any:
        return Shape(24_011, 5_000, (14, 0, 10), True, family, period, 12, True, anew=anew).terms(slice(0, 24_011))

    once = terms_of("poisson").outputs
    assert sum(once / terms_of("logistic", 16 << anew, anew).outputs for anew in range(5)) < 1
    assert [terms_of(family).pairs for family in ("logistic", "poisson")] == [2, 2]


def test_without_a_longer_period_the_training_ends(products: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accord_protocols.phases.training.closed.plan.PERIODS", (16,))
    world = World(terms("logistic", 2, l2=0.002, period=16), separable(2)).run()
    reasons = {p.aborted.reason for p in world.parties.values() if p.aborted}
    assert len(reasons) == 1 and "agree on a greater train.l2" in reasons.pop()
    assert not any("model" in p.notes for p in world.parties.values())


@pytest.mark.parametrize("model", ["linear", "poisson"])
def test_a_model_without_a_period_does_not_begin_anew(products: None, model: str) -> None:
    def another(recipient: str, content: Any) -> Any:
        return Verdict(action="range") if content.address.step == "verdict.0" else content.event

    world = World(terms(model, 2), parties(model, 2, n=60), tamper=another).run()
    ended = world.parties["shop"].aborted
    assert ended is not None and (ended.whose, ended.reason) == ("bank", "a verdict is not of the agreed form")


def test_unsafe_steps_are_refused_by_name() -> None:
    from accord_protocols.phases.training.able import unable
    from accord_schemas.parts import Train

    closed = {"protection": "closed", "engine": "lattice", "optimiser": "newton"}
    assert not unable(Train(**closed, weights="v"), 2)  # type: ignore[arg-type]
    nesterov = closed | {"optimiser": "nesterov"}
    assert "train.weights: optimiser nesterov" in unable(Train(**nesterov, weights="v"), 2)  # type: ignore[arg-type]
    assert "gram has no safe step" in unable(Train(**(closed | {"optimiser": "gram", "model": "poisson"})), 2)  # type: ignore[arg-type]
    assert not unable(Train(**closed), 3)  # type: ignore[arg-type]


def test_a_loss_that_no_scores_in_range_have_is_found() -> None:
    from accord_protocols.closed.shape import Shape
    from accord_protocols.phases.training.closed.rule import OutOfRangeError, Rule, decided

    shape = Shape(100, 100, (3, 0, 2), first=True, family="logistic", period=64, rounds=12, weighted=True)
    with pytest.raises(OutOfRangeError):
        decided(Rule(shape, momentum=False, tolerance=1e-4, squares=50.0), [10 * 200 << 64, 0, 1, 0])


def test_a_loss_that_rises_halves_the_step_and_ends_with_the_last_good_weights() -> None:
    from accord_protocols.closed.shape import Shape
    from accord_protocols.phases.training.closed.rule import MOST_HALVINGS, Rule, decided

    shape = Shape(100, 100, (3, 0, 2), first=True, family="poisson", period=64, rounds=40, weighted=True)
    rule, actions = Rule(shape, momentum=False, tolerance=1e-9, squares=0.0), []
    for loss in (1.0, *[2.0] * (MOST_HALVINGS + 1)):
        rule, verdict = decided(rule, [int(loss * 200) << 64, 0, 1 << 64, 0])
        actions.append(verdict.action)
    assert actions == ["step", *["halve"] * MOST_HALVINGS, "stalled"]
