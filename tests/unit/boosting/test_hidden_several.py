"""Trees at level `shared` of three parties: two hold the shares, the third has columns alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from tests.support.trees import Watched, grown
from tests.support.world import Rows, World, boosted, tables
from tests.unit.boosting.test_hidden import SMALL, flipped, oracle, shorter

from accord_agents.config.policy import Policy
from accord_protocols.boosting.caps import ROWS_PER_GROUP
from accord_protocols.jobs.registry import JOBS
from accord_protocols.model.trees import TreesPart, scores, sides
from accord_protocols.phases.boosting.able import traffic
from accord_protocols.phases.boosting.transfers import UNFIT as FORM
from accord_protocols.primitives.onehot.ledger import REPEATED
from accord_protocols.primitives.onehot.seeds import INCONSISTENT
from accord_protocols.tasks.hidden.label import UNFIT as SUMS
from accord_schemas.address import Content
from accord_schemas.agreement import Agreement
from accord_schemas.errors import FrameError
from accord_schemas.events import BitChoices, BitProducts, Divided, Event, Partial, Ranges, Vectors

DATA = tables(3, n=900, columns=2, seed=3)


def terms(parties: int = 3, second: str = "", **trees: Any) -> Agreement:
    """Of three parties, the shop holding the other share unless another one is named."""
    found = boosted(parties, **{**SMALL, **trees})
    if not second:
        return found
    return JOBS["trees"].told(found.model_copy(update={"computing": ("bank", second)}))


@cache
def world(second: str = "", parties: int = 3) -> Watched:
    """A collaboration, run to its end."""
    made = Watched(terms(parties, second), tables(parties, n=900, columns=2, seed=3))
    made.run()
    assert not any(party.aborted for party in made.parties.values())
    return made


@pytest.mark.variants
@pytest.mark.parametrize(("second", "parties"), [("", 3), ("telco", 3), ("", 4)])
def test_splits_and_scores_are_those_of_the_oracle(second: str, parties: int) -> None:
    made = world(second, parties)
    trees, total = oracle(made)
    for number, splits in enumerate(trees):
        assert grown(made, number) == splits
    assert len({split.party for tree in trees for split in tree}) > 1
    last = len(trees) - 1
    shares = [made.of(me, "hide", f"raised.{last}")["scores"] for me in made.terms.sharing]
    assert (shares[0] + shares[1]).view(np.int64).tolist() == total.tolist()
    assert {tuple(party.states) for party in made.parties.values()} == {tuple(made.parties["bank"].states)}


def together() -> dict[str, Rows]:
    """The same rows of two parties: the shop has the telco's columns, too."""
    shop, telco = DATA["shop"], DATA["telco"]
    both = [k for k, one in enumerate(shop.ids) if one in telco.ids]
    other = [telco.ids.index(shop.ids[k]) for k in both]
    values = np.concatenate([shop.values[both], telco.values[other]], axis=1)
    joined = replace(shop, ids=tuple(shop.ids[k] for k in both), columns=shop.columns + telco.columns, values=values)
    return {"bank": DATA["bank"], "shop": joined}


def test_the_trees_are_those_of_two_parties_on_the_joined_rows() -> None:
    three, two = world(), Watched(boosted(2, **SMALL), together())
    two.run()

    def known(made: Watched) -> list[Any]:
        model = made.parties["bank"].notes["model"]
        tables = {party: made.parties[party].notes["model"]["splits"] for party in made.parties}
        splits = [[tables[one["party"]][one["split"]] for one in tree["nodes"]] for tree in model["trees"]]
        return [splits, [tree["leaves"] for tree in model["trees"]], model["start"]]

    assert known(three) == known(two)
    third = {one["column"] for one in three.parties["telco"].notes["model"]["splits"]}
    assert third and third <= set(DATA["telco"].columns)
    apart = np.subtract(*(np.array(sorted(zip(*predicted(made), strict=True)))[:, 1] for made in (three, two)))
    labels = DATA["bank"].labels
    assert labels is not None
    assert np.abs(apart).max() <= np.ptp(labels) / 2**6, "bits that the label holder does not learn follow from shares"


def predicted(made: Watched) -> tuple[Any, Any]:
    """Rows, and what was predicted of them."""
    notes = made.parties["bank"].notes
    return notes["predicted_rows"], notes["predictions"]


def test_the_parts_of_the_model_give_the_predictions() -> None:
    made = world()
    parts = {me: TreesPart.model_validate(party.notes["model"]) for me, party in made.parties.items()}
    order = {me: made.block(me)["test_rows"] for me in made.parties}
    told = {me: sides(parts[me], p.rows.columns, p.rows.values[order[me]]) for me, p in made.parties.items()}
    found = scores(parts["bank"], told, len(order["bank"]))
    labels = made.parties["bank"].rows.labels
    assert labels is not None
    assert np.abs(found - made.parties["bank"].notes["predictions"]).max() <= np.ptp(labels) / 2**6


# ---- what each sees


def test_what_the_third_says_of_sums_is_of_both_shares_together() -> None:
    """Of the label holder's alone it would be sums of 64-bit numbers which that knows, over a bin: it could find the
    rows of the bin.
    """
    made, seen, mask = world(), 0, np.uint64(2**32 - 1)
    for address, content in made.log.items():
        if address.sender != "telco" or not address.step.startswith("counts."):
            continue
        step = address.step.removeprefix("counts.")
        parts = {p: made.of("telco", "hide", f"lent.{step}.{p}")["shares"].sum(axis=0) for p in ("bank", "shop")}
        alone = {int(v) for own in parts.values() for v in (np.cumsum(own, axis=2) & mask).ravel()}
        both = {int(v) for v in (np.cumsum(parts["bank"] + parts["shop"], axis=2) & mask).ravel()}
        assert isinstance(content.event, Partial)
        told = {int(v) for v in np.asarray(content.event.shares).ravel()}
        assert told <= both and not told & alone
        seen += 1
    assert seen > 3


def test_the_second_learns_no_side_of_the_thirds_splits() -> None:
    """One product alone would be its own numbers, or nothing; their sum is under pads of the label holder."""
    made, seen = world(), 0
    for (me, address), found in made.done.items():
        if me != "telco" or not address.startswith("hide/joined."):
            continue
        step = address.split("/")[1].split()[0].removeprefix("joined.")
        given = made.of("shop", "hide", f"given.{step}.telco")["share"]
        alone = made.of("telco", "hide", f"multiplied.{step}.shop")["share"] + given
        assert (alone == 0).any(axis=1).mean() > 0.1, "rows on the other side, plain to see"
        both = found["share"] + given
        assert len(np.unique(both)) > 0.99 * both.size
        seen += 1
    assert seen > 1


def test_nobody_tells_the_third_more_than_pads_groups_and_splits() -> None:
    made = world()
    steps = {a.step.partition(".")[0] for a, c in made.log.items() if a.instance == "hide" and "telco" in c.to}
    assert steps == {"lent", "parts", "dealt", "given"}
    told = {a.step.partition(".")[0] for a, c in made.log.items() if a.instance == "hide" and a.sender == "telco"}
    assert told == {"ranges", "counts", "sums", "asked", "joined"}


def test_no_sum_is_opened_of_fewer_rows_than_agreed() -> None:
    made, opened = world(), 0
    for (me, address), found in made.done.items():
        if me == "bank" and address.startswith("hide/tallied"):
            assert (found["ends"].sum(axis=2) <= max(1, 784 // ROWS_PER_GROUP)).all()
            opened += int(found["ends"].sum())
    for party, columns in (("shop", slice(None)), ("telco", slice(4, 6))):
        told = [c.event for a, c in made.log.items() if a.step.startswith("sums") and a.sender == party]
        ends = [
            f["ends"][:, columns] for (m, a), f in made.done.items() if m == "bank" and a.startswith("hide/tallied")
        ]
        assert sum(len(e.shares) for e in told if isinstance(e, Partial)) == sum(int(e.sum()) for e in ends) > 0
    assert opened > 0


def test_who_holds_the_shares_is_agreed_and_said() -> None:
    """A policy may demand to be one of the two, who together see everything."""
    mine = Policy(proposals="accept", computing="me", min_key_bits=2048)
    for second, agreed in (("shop", terms()), ("telco", terms(second="telco"))):
        accepting = {me for me in agreed.parties if mine.judge(agreed, "bank", me)[0] == "accept"}
        assert accepting == {"bank", second}
        assert f"together with {second} each row's score" in agreed.learns["bank"]
        assert "together with bank each row's score" in agreed.learns[second]
        (third,) = set(agreed.parties) - {"bank", second}
        assert "together" not in agreed.learns[third] and "of its own splits" in agreed.learns[third]
    assert "together" not in boosted(2, **SMALL).learns["bank"] and not boosted(2, **SMALL).keyholders
    with pytest.raises(FrameError, match="computing"):
        Agreement.decode({**terms().terms(), "computing": ["bank"]})


def test_traffic_counts_the_thirds_columns_twice() -> None:
    made = world()
    assert made.terms.trees is not None
    said = sum(c.event.words.nbytes for a, c in made.log.items() if isinstance(c.event, Vectors)) / 2
    n = made.block("bank")["n"]
    assert traffic(made.terms.trees, n, 6) < said <= traffic(made.terms.trees, n, 6, 2)


# ---- who breaks the protocol


TAMPERED: dict[str, tuple[type[Event], str, str, str, str, Callable[[Any], dict[str, Any]]]] = {
    "groups that are not nested": (Ranges, "ranges", "telco", "shop", FORM, flipped("ends", 0)),
    "vectors of fewer rows": (Vectors, "lent", "shop", "telco", FORM, shorter("words")),
    "counts of fewer groups": (Partial, "counts", "telco", "bank", FORM, shorter("shares")),
    "finer groups": (Ranges, "parts.0.1", "bank", "telco", FORM, lambda event: {"ends": np.full_like(event.ends, 255)}),
    "a finer level": (Divided, "dealt.0.0", "bank", "telco", FORM, lambda event: {"caps": np.full_like(event.caps, 9)}),
    "a flipped bit": (BitChoices, "asked", "telco", "bank", INCONSISTENT, flipped("choices", 5)),
    "a flipped bit for the second": (BitChoices, "asked", "telco", "shop", INCONSISTENT, flipped("choices", 5)),
    "bits of fewer rows": (BitChoices, "asked", "telco", "shop", FORM, shorter("choices")),
    "products of fewer rows": (BitProducts, "given", "shop", "telco", FORM, shorter("words")),
    "a share of fewer rows": (Partial, "joined", "telco", "shop", FORM, shorter("shares")),
}
OFTEN = ("finer groups", "a flipped bit", "a share of fewer rows")
"""The others are of the same kinds."""


@pytest.mark.parametrize("case", [c if c in OFTEN else pytest.param(c, marks=pytest.mark.sweep) for c in TAMPERED])
def test_who_breaks_the_protocol_is_named(case: str) -> None:
    kind, step, sender, victim, reason, change = TAMPERED[case]

    def tamper(to: str, content: Content) -> Event:
        address = content.address
        meant = type(content.event) is kind and (address.sender, to) == (sender, victim)
        if not meant or not address.step.startswith(step):
            return content.event
        return content.event.model_copy(update=change(content.event))

    made = World(terms(trees=1, depth=2), DATA, tamper=tamper).run()
    aborted = made.parties[victim].aborted
    assert aborted is not None and aborted.reason == reason and aborted.whose == sender
    if reason == INCONSISTENT:  # nothing that depends on the bits is said
        assert not any(a.step.startswith("given") and a.sender == victim for a in made.log)


@pytest.mark.parametrize(("step", "teller"), [("counts.0.0", "telco"), ("sums.0.0", "shop")])
def test_of_two_who_told_a_false_sum_both_are_named_and_neither_is_blamed(step: str, teller: str) -> None:
    def tamper(to: str, content: Content) -> Event:
        event = content.event
        if not isinstance(event, Partial) or (content.address.step, content.address.sender) != (step, teller):
            return event
        return event.model_copy(update=flipped("shares", -1)(event))

    aborted = World(terms(trees=1, depth=1), DATA, tamper=tamper).run().parties["bank"].aborted
    assert aborted is not None and aborted.reason == f"{SUMS}, of which shop and telco told shares"
    assert aborted.whose == "bank"


@pytest.mark.parametrize(("step", "sender", "victim"), [("lent", "shop", "telco"), ("asked", "telco", "shop")])
def test_a_nonce_that_comes_twice_ends_it(step: str, sender: str, victim: str) -> None:
    first: list[Any] = []

    def again(to: str, content: Content) -> Event:
        event, address = content.event, content.address
        if not address.step.startswith(step) or (address.sender, to) != (sender, victim):
            return event
        name = "nonces" if isinstance(event, Vectors) else "nonce"
        first.append(getattr(event, name))
        return event.model_copy(
            update={name: first[0][: len(first[-1])] if len(first[0]) >= len(first[-1]) else first[-1]}
        )

    aborted = World(terms(), DATA, tamper=again).run().parties[victim].aborted
    assert aborted is not None and aborted.reason == REPEATED and aborted.whose == sender
