"""The main job at all parties: the model of pooled data, and every edge of it."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any

import numpy as np
import pytest
from tests.support.world import Rows, World, agreement, alignment, tables

from accord_protocols.jobs.registry import JOBS
from accord_protocols.kernel.lifecycle import follow
from accord_protocols.phases.alignment.star import NOBODY
from accord_protocols.primitives.psi.ids import is_test
from accord_schemas.address import Content
from accord_schemas.agreement import Agreement
from accord_schemas.canonical import canonical_json
from accord_schemas.events import Complete

pytestmark = pytest.mark.variants

BITS = 512  # the key's size is not the point here


def common(world: World) -> tuple[list[str], dict[str, Rows]]:
    """The ids that all parties hold, and every party's rows of them in that order."""
    data = {me: party.rows for me, party in world.parties.items()}
    ids = sorted(set.intersection(*(set(rows.ids) for rows in data.values())))
    out = {}
    for me, rows in data.items():
        at = [rows.ids.index(i) for i in ids]
        out[me] = Rows(tuple(ids), rows.columns, rows.values[at], None if rows.labels is None else rows.labels[at])
    return ids, out


def pooled(world: World) -> tuple[dict[str, dict[str, float]], float]:
    """Ridge regression on everybody's standardised TRAIN rows in one place: coefficients by party, intercept."""
    ids, data = common(world)
    rule, train = world.terms.test_rows, world.terms.train
    assert train is not None
    used = np.array([rule is None or not is_test(i, rule.hash_modulus, rule.equals) for i in ids])
    blocks = {me: rows.values[used] for me, rows in data.items()}
    kept = {me: block.var(axis=0) > 1e-8 for me, block in blocks.items()}
    X = np.hstack([block[:, kept[me]] for me, block in blocks.items()])
    X = np.hstack([(X - X.mean(axis=0)) / X.std(axis=0), np.ones((len(X), 1))])
    y = data[world.terms.label_holder].labels
    assert y is not None
    ridge = np.sqrt(len(X) * train.l2) * np.eye(X.shape[1])[:-1]
    w = np.linalg.lstsq(np.vstack([X, ridge]), np.append(y[used], np.zeros(len(ridge))), rcond=None)[0]
    names = [(me, name) for me, rows in data.items() for name in np.array(rows.columns)[kept[me]].tolist()]
    out: dict[str, dict[str, float]] = {me: {} for me in data}
    for (me, name), value in zip(names, w[:-1].tolist(), strict=True):
        out[me][name] = value
    return out, float(w[-1])


def assert_pooled(world: World, atol: float = 1e-4) -> None:
    """Everybody completed along the table, with its part of the pooled model."""
    expected, intercept = pooled(world)
    for me, party in world.parties.items():
        assert party.aborted is None
        state = "AGREED"
        for trigger in party.states:
            state = follow(JOBS["train"].table, state, trigger)
        assert state == "COMPLETED"
        model = party.notes["model"]
        assert list(model["coefficients"]) == list(expected[me])
        np.testing.assert_allclose([*model["coefficients"].values()], [*expected[me].values()], rtol=0, atol=atol)
        assert party.notes["model_digest"] == world.parties["bank"].notes["model_digest"]
        if me == world.terms.label_holder:
            assert model["intercept"] == pytest.approx(intercept, abs=atol)
            assert party.notes["loss"] == sorted(party.notes["loss"], reverse=True)
        else:
            assert model["intercept"] is None and party.notes["loss"] is None


def test_digests_of_equal_models_are_not_linkable() -> None:
    """What travels is a digest of model and salt, which nobody else has: no guess can be tested, no two compared."""
    terms, data = agreement(2, BITS, max_rounds=2), tables(2, n=60, columns=2)
    runs = [World(terms, data, seed=seed).run() for seed in (b"one", b"two", b"two")]
    for me in data:
        models = [world.parties[me].notes["model"] for world in runs]
        digests = [world.parties["bank"].notes["model_digest"][me] for world in runs]
        for model, digest in zip(models, digests, strict=True):
            assert len(model["salt"]) == 64 and digest == sha256(canonical_json(model)).hexdigest()
            assert digest != sha256(canonical_json({k: v for k, v in model.items() if k != "salt"})).hexdigest()
        assert models[0]["salt"] != models[1]["salt"] and digests[0] != digests[1]
        assert (models[1], digests[1]) == (models[2], digests[2]), "a run that is repeated has the same"
    assert len({party.notes["model"]["salt"] for world in runs for party in world.parties.values()}) == 4


@pytest.mark.parametrize("l2", [0.0, 0.1])
@pytest.mark.parametrize("optimiser", ["lbfgs", "gd"])
@pytest.mark.parametrize("protection", ["shared", "score"])
@pytest.mark.parametrize("parties", [2, 3, 4])
def test_the_model_is_that_of_pooled_data(parties: int, protection: str, optimiser: str, l2: float) -> None:
    terms = agreement(parties, BITS, protection=protection, optimiser=optimiser, l2=l2, max_rounds=300)
    world = World(terms, tables(parties, n=160, columns=2), order=parties).run()
    assert_pooled(world)
    assert {p.notes["converged"] for p in world.parties.values()} == {True}


def test_predictions_and_metrics_are_those_of_the_model() -> None:
    world = World(agreement(3, BITS), tables(3, n=160)).run()
    bank = world.parties["bank"]
    ids, data = common(world)
    rows = np.array([ids.index(bank.rows.ids[k]) for k in bank.notes["predicted_rows"].tolist()])
    assert len(rows) == bank.notes["test_rows"] == sum(is_test(i, 5, 0) for i in ids)
    predicted = np.full(len(rows), bank.notes["model"]["intercept"])
    for me, party in world.parties.items():
        train = np.array([not is_test(i, 5, 0) for i in ids])
        block = data[me].values
        scaled = (block[rows] - block[train].mean(axis=0)) / block[train].std(axis=0)
        predicted += scaled @ np.array([*party.notes["model"]["coefficients"].values()])
    np.testing.assert_allclose(bank.notes["predictions"], predicted, atol=1e-6)
    assert bank.rows.labels is not None
    errors = bank.rows.labels[bank.notes["predicted_rows"]] - bank.notes["predictions"]
    assert bank.notes["metrics"]["rmse"] == pytest.approx(np.sqrt((errors**2).mean()))
    assert bank.notes["metrics"]["mae"] == pytest.approx(np.abs(errors).mean())
    assert sum(part["rows"] for part in bank.notes["deciles"]) == len(rows)
    assert all(0 <= party.notes["stability"] < 5 for party in world.parties.values())
    assert "predictions" not in world.parties["shop"].notes and "metrics" not in world.parties["shop"].notes


def test_categories_are_columns_of_the_model() -> None:
    """As if the owner had written the columns of 0 and 1 itself."""
    data, terms = tables(2, n=160, columns=2), agreement(2, BITS, protection="score")
    shop, texts = data["shop"], ("Ulm", "Köln", "Bonn", "Hof")
    codes = np.digitize(shop.values[:, 0], [0.0, 0.6, 1.9])
    named = replace(shop, values=np.column_stack([codes, shop.values[:, 1]]), categories={"x1_0": texts})
    found = World(terms, {**data, "shop": named}).run().parties["shop"].notes
    assert list(found["model"]["coefficients"]) == ["x1_0=Bonn", "x1_0=Köln", "x1_1"]
    flags = np.column_stack([codes == 2, codes == 1, shop.values[:, 1]]).astype(float)
    by_hand = Rows(shop.ids, ("b", "k", "x1_1"), flags, None)
    assert_pooled(world := World(terms, {**data, "shop": by_hand}).run())
    expected = world.parties["shop"].notes["model"]["coefficients"]
    assert [*found["model"]["coefficients"].values()] == pytest.approx([*expected.values()], abs=1e-9)


def test_every_partys_rows_are_the_same_users_in_the_same_order() -> None:
    world = World(agreement(4, BITS), tables(4, n=60)).run()
    lists = {me: [p.rows.ids[k] for k in p.notes["rows"].tolist()] for me, p in world.parties.items()}
    assert all(ids == lists["bank"] for ids in lists.values()) and lists["bank"] != sorted(lists["bank"])
    assert sorted(lists["bank"]) == common(world)[0]


@pytest.mark.parametrize(("n", "few"), [(60, True), (700, False)])
def test_few_rows_for_a_partys_columns_are_said_at_its_end(n: int, few: bool) -> None:
    """In its warnings, and in its last word, which evidence shows."""
    world = World(agreement(2, BITS, max_rounds=3), tables(2, n=n, columns=1)).run()
    said = [content.event for content in world.log.values() if isinstance(content.event, Complete)]
    assert [event.few for event in said] == [few, few]
    for event in said:
        assert ("its TRAIN rows are few" in JOBS["train"].completed(event.model_dump())) is few
    for party in world.parties.values():
        assert any("few" in warning for warning in party.notes["warnings"]) is few


# ---- edges


def changed(data: dict[str, Rows], me: str, **changes: Any) -> dict[str, Rows]:
    return data | {me: replace(data[me], **changes)}


@pytest.mark.parametrize("protection", ["shared", "score"])
@pytest.mark.parametrize("constant", [0.0, 5.0, -1e-3])
def test_constant_labels_give_an_intercept(constant: float, protection: str) -> None:
    data = tables(2, n=80)
    labels = np.full(len(data["bank"].ids), constant)
    world = World(agreement(2, BITS, protection=protection), changed(data, "bank", labels=labels)).run()
    assert_pooled(world)
    assert world.parties["bank"].notes["metrics"]["r2"] is None
    assert world.parties["bank"].notes["constant_label"] and "constant_label" not in world.parties["shop"].notes
    assert world.parties["bank"].notes["converged"]


@pytest.mark.parametrize("protection", ["shared", "score"])
@pytest.mark.parametrize("me", ["bank", "shop", "telco"])
def test_a_party_whose_columns_are_all_dropped_takes_part_all_the_same(me: str, protection: str) -> None:
    data = tables(3, n=80)
    flat = np.ones_like(data[me].values) * [1.0, 2.0, 0.0]
    world = World(agreement(3, BITS, protection=protection), changed(data, me, values=flat)).run()
    assert_pooled(world)
    assert world.parties[me].notes["model"]["coefficients"] == {}
    assert [c["kept"] for c in world.parties[me].notes["columns"]] == [False] * 3


def test_an_owner_alone_is_told_what_was_clipped_and_which_columns_depend_on_each_other() -> None:
    data = tables(2, n=120)
    values = data["shop"].values.copy()
    values[:, 2] = values[:, 0] - values[:, 1]
    values[0, 0] = 1e3
    world = World(agreement(2, BITS), changed(data, "shop", values=values)).run()
    assert [p.aborted for p in world.parties.values()] == [None, None]
    told = world.parties["shop"].notes
    assert [w for w in told["warnings"] if "'x1_0'" in w and "prepare.winsorise: null" in w] and "unique" not in told
    values[0, 0] = values[1, 0]
    values[0, 2] = values[0, 0] - values[0, 1]
    world = World(agreement(2, BITS), changed(data, "shop", values=values)).run()
    told = world.parties["shop"].notes
    assert told["unique"] is False and [w for w in told["warnings"] if "'x1_2'" in w and "train.l2" in w]
    assert "unique" not in world.parties["bank"].notes
    penalised = World(agreement(2, BITS, l2=0.1), changed(data, "shop", values=values)).run()
    assert "unique" not in penalised.parties["shop"].notes


def test_more_coefficients_than_rows_are_told_to_everybody() -> None:
    data = tables(2, n=24, columns=12, keep=1.1)
    world = World(agreement(2, BITS, max_rounds=3), data).run()
    for party in world.parties.values():
        assert party.notes["unique"] is False
        assert [w for w in party.notes["warnings"] if "cannot determine" in w and "train.l2" in w]


@pytest.mark.parametrize("gate", [None, 0.95])
def test_a_label_holder_may_have_no_features(gate: float | None) -> None:
    data = tables(2, n=80, keep=0.8)
    bare = changed(data, "bank", columns=(), values=np.zeros((len(data["bank"].ids), 0)))
    world = World(agreement(2, BITS, gate=gate), bare).run()
    assert_pooled(world)
    assert world.parties["bank"].notes["columns"] == []


@pytest.mark.parametrize("rule", [None, {"hash_modulus": 5, "equals": 5}])
def test_no_test_rows_no_metrics(rule: dict[str, int] | None) -> None:
    terms = agreement(3, BITS)
    tested = None if rule is None else terms.test_rows.model_copy(update=rule)  # type: ignore[union-attr]
    world = World(terms.model_copy(update={"test_rows": tested}), tables(3, n=80)).run()
    assert_pooled(world)
    for party in world.parties.values():
        assert party.notes["test_rows"] == 0 and not {"metrics", "predictions"} & set(party.notes)
    assert not [a for a in world.log if a.instance == "evaluate"]


@pytest.mark.parametrize("rounds", [1, 2, 5])
@pytest.mark.parametrize("optimiser", ["lbfgs", "gd"])
def test_the_last_round_ends_training_without_convergence(optimiser: str, rounds: int) -> None:
    world = World(agreement(2, BITS, optimiser=optimiser, max_rounds=rounds), tables(2, n=80)).run()
    for party in world.parties.values():
        assert party.aborted is None and party.states[-1] == "completed"
        assert (party.notes["converged"], party.notes["rounds"]) == (False, rounds)
    assert "Training ended without convergence: rounds." in world.parties["bank"].notes["warnings"]
    assert len(world.parties["bank"].notes["loss"]) == rounds + 1


def test_alignment_alone_completes() -> None:
    world = World(alignment(3, BITS), tables(3, n=60)).run()
    for party in world.parties.values():
        assert party.states[-2:] == ["aligned", "completed"] and "model" not in party.notes
    assert {c.event.family for c in world.log.values()} == {"keys", "psi", "control"}


# ---- the gate, and nobody in common

ALIGNMENT = {"blinded", "signed", "store", "tags"}


def alike(parties: int, share: float, n: int = 100) -> dict[str, Rows]:
    """Tables of n users each; the last party has that share of the first one's."""
    data = tables(parties, n=n, keep=1.1)
    last = list(data)[-1]
    keep = round(share * n)
    ids = tuple(i if k < keep else f"own-{k}" for k, i in enumerate(data[last].ids))
    return data | {last: replace(data[last], ids=ids)}


@pytest.mark.parametrize(("share", "refused"), [(0.96, True), (0.95, False)])
def test_the_gate_refuses_beyond_the_bound_and_not_at_it(share: float, refused: bool) -> None:
    world = World(agreement(2, BITS, gate=0.95), alike(2, share)).run()
    names = {c.event.name for c in world.log.values()}
    for party in world.parties.values():
        assert party.notes["gate"]["decision"] == ("refuse" if refused else "pass")
        assert party.notes["gate"]["pairs"] == {"shop": "refuse" if refused else "pass"}
        assert party.states[-1] == ("keyed" if refused else "completed")
        if refused:
            assert party.aborted is not None
            reason = "the overlap of bank and shop exceeds the agreed bound of 0.95"
            assert (party.aborted.trigger, party.aborted.reason) == ("refused", reason)
    assert bool(names & ALIGNMENT) is not refused


def test_one_refused_edge_ends_it_for_everybody_before_any_id_was_aligned() -> None:
    world = World(agreement(3, BITS, gate=0.9), alike(3, 0.5)).run()
    assert all(p.aborted and p.aborted.trigger == "refused" for p in world.parties.values())
    reasons = {p.aborted.reason for p in world.parties.values() if p.aborted}
    assert reasons == {"the overlap of bank and shop exceeds the agreed bound of 0.9"}
    assert not {c.event.name for c in world.log.values()} & ALIGNMENT
    said = b"".join(c.event.encode() for c in world.log.values())
    assert not [i for p in world.parties.values() for i in p.rows.ids if i.encode() in said]


@pytest.mark.parametrize("gate", [None, 1.0])
@pytest.mark.parametrize("parties", [2, 3])
def test_nobody_in_common_is_refused_with_that_reason(parties: int, gate: float | None) -> None:
    data = tables(parties, n=60)
    last = list(data)[-1]
    others = tuple(f"other-{k}" for k in range(len(data[last].ids)))
    world = World(agreement(parties, BITS, gate=gate), changed(data, last, ids=others)).run()
    for party in world.parties.values():
        assert party.aborted is not None
        assert (party.aborted.trigger, party.aborted.reason) == ("refused", NOBODY)
        assert party.notes["intersection_size"] == 0
        assert party.states[-1] == "gated" and follow(JOBS["train"].table, "GATED", "refused") == "REFUSED"


def test_the_level_is_in_the_agreement_and_so_in_every_digest() -> None:
    one, other = agreement(2, BITS), agreement(2, BITS, protection="score")
    assert isinstance(one, Agreement) and one.digest() != other.digest()
    content = next(iter(World(one, tables(2, n=20)).run().log.values()))
    assert isinstance(content, Content) and content.digest(one.digest()) != content.digest(other.digest())
