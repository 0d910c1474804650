"""Trees of whole collaborations: what an oracle finds, what predictions come to, what is told to whom."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from tests.support.trees import Watched, grown, tree
from tests.support.world import Rows, boosted, tables

from accord_protocols.boosting.walking import counts_of
from accord_protocols.model.trees import TreesPart, scores, sides
from accord_schemas.events import NodeSums, Sides, Vector

pytestmark = pytest.mark.variants


def rows(parties: int, *, binary: bool = False, gaps: bool = False) -> dict[str, Rows]:
    """Linear data, perhaps with labels 0 and 1, and with missing values."""
    found = tables(parties, n=360, columns=2, seed=3)
    bank = found["bank"]
    assert bank.labels is not None
    if binary:
        found["bank"] = replace(bank, labels=(bank.labels > np.median(bank.labels)).astype(float))
    if gaps:
        rng = np.random.default_rng(4)
        for name, own in found.items():
            holes = np.where(rng.random(own.values.shape) < 0.25, np.nan, own.values)
            found[name] = replace(found[name], values=holes)
    return found


CASES: dict[str, tuple[int, bool, dict[str, Any]]] = {
    "two": (2, False, {}),
    "three, gaps": (3, True, {"objective": "logistic", "min_child_weight": 0.5}),
    "poisson": (2, False, {"objective": "poisson", "l2": 0.25}),
    "sampled": (3, True, {"subsample": 0.5, "column_sample": 0.5, "trees": 3}),
    "depth 1": (2, False, {"depth": 1, "bins": 4}),
}


@cache
def world(case: str, order: int = 0) -> Watched:
    """A collaboration, run to its end."""
    parties, gaps, terms = CASES[case]
    binary = terms.get("objective") in ("logistic", "poisson")
    made = Watched(boosted(parties, **terms), rows(parties, binary=binary, gaps=gaps), order=order)
    made.run()
    assert not any(party.aborted for party in made.parties.values())
    return made


@pytest.mark.parametrize("case", ["two", "three, gaps", "poisson", "depth 1"])
def test_every_split_is_that_of_an_oracle_with_fractions(case: str) -> None:
    for number in range(2):
        found = grown(world(case), number)
        assert found == tree(world(case), number)
        assert found
    if case != "depth 1":
        assert {split.party for k in range(2) for split in grown(world(case), k)} > {"shop"}


@pytest.mark.parametrize("case", CASES)
def test_the_parts_of_the_model_give_the_predictions(case: str) -> None:
    made = world(case)
    parts = {me: TreesPart.model_validate(party.notes["model"]) for me, party in made.parties.items()}
    told, notes = {}, made.parties["bank"].notes
    order = {me: made.block(me)["test_rows"] for me in made.parties}
    for me, party in made.parties.items():
        told[me] = sides(parts[me], party.rows.columns, party.rows.values[order[me]])
    own = scores(parts["bank"], told, len(order["bank"]))
    if made.terms.trees is not None and made.terms.trees.objective == "logistic":
        own = 1 / (1 + np.exp(-own))
    if made.terms.trees is not None and made.terms.trees.objective == "poisson":
        own = np.exp(own)
    assert np.allclose(own, notes["predictions"], rtol=1e-6)
    assert notes["metrics"] and notes["train_rows"] + notes["test_rows"] == len(made.parties["bank"].notes["rows"])


def test_orders_of_arrival_change_nothing() -> None:
    assert world("two", order=1).fingerprint() == world("two").fingerprint()


@pytest.mark.parametrize("case", ["two", "three, gaps", "sampled"])
def test_no_sum_is_told_of_fewer_rows_than_agreed(case: str) -> None:
    """Of both children of every split, in everybody's columns; and no child itself is smaller, the label holder's
    own splits' included."""
    made = world(case)
    opened = 0
    for address, content in made.log.items():
        if not isinstance(content.event, NodeSums):
            continue
        _, number, level = address.step.split(".")
        mine = made.of(address.sender, "boost", f"level.{number}.{level}")
        block, sampled = made.block(address.sender), made.of("bank", "boost", f"derived.{number}")["words"] != 0
        below = np.unique(mine["places"][: block["n"]])
        counts = counts_of(mine["places"][: block["n"]][sampled], below.tolist())
        assert (counts >= 20).all()
        ends = np.unpackbits(content.event.ends, axis=1, bitorder="little")[:, :8]
        columns = ends.reshape(len(mine["ends"]), -1, 8).shape[1]
        if columns == block["train"].shape[1]:  # all of them are looked at
            for pair in range(len(mine["ends"])):
                nodes = [n for n in below if _pair(mine, n, pair)]
                for column in range(columns):
                    edges = [0, *(np.flatnonzero(ends.reshape(-1, columns, 8)[pair, column]) + 1)]
                    for node in nodes:
                        here = block["train"][(mine["places"][: block["n"]] == node) & sampled, column]
                        rows_in = [int(((here >= a) & (here < b)).sum()) for a, b in pairwise(edges)]
                        assert all(r == 0 or r >= 20 for r in rows_in)
                        opened += len(rows_in)
    assert opened or case == "sampled"


def _pair(level: dict[str, np.ndarray], node: int, pair: int) -> bool:
    """Whether a node is one of a pair of siblings: at the root the root."""
    rows_ = level["slots"] == pair + 1
    summed = set(level["places"][: len(level["slots"])][rows_].tolist())
    return any(node in (child, child ^ 1) for child in summed) if level["counts"].size > 1 else node == 1


def test_sides_of_the_last_level_are_told_to_the_label_holder_alone() -> None:
    made = world("three, gaps")
    told = [(a.step, set(c.to)) for a, c in made.log.items() if isinstance(c.event, Sides)]
    assert any(step.startswith("last") for step, _ in told) and any(step.startswith("sides") for step, _ in told)
    for step, to in told:
        assert to == {"bank"} if step.startswith("last") else len(to) == 2


def test_every_edge_and_every_vector_has_pads_of_its_own() -> None:
    made = world("three, gaps")
    deltas = {made.of("bank", f"edge.{p}", "learned")["delta"].tobytes() for p in ("shop", "telco")}
    nonces = [c.event.nonce for c in made.log.values() if isinstance(c.event, Vector)]
    assert len(deltas) == 2 and len(set(nonces)) == len(nonces) == 4
    said = b"".join(content.event.encode() for content in made.log.values())
    for packed in (np.packbits(np.frombuffer(delta, np.uint8), bitorder="little") for delta in deltas):
        assert packed.tobytes() not in said


def test_training_stops_where_the_loss_of_test_rows_no_longer_falls() -> None:
    data = rows(2)
    assert data["bank"].labels is not None
    noise = np.random.default_rng(1).normal(size=len(data["bank"].labels))
    data["bank"] = replace(data["bank"], labels=noise)
    made = Watched(boosted(2, trees=12, stop_after=2, learning_rate=1.0), data).run()
    notes = made.parties["bank"].notes
    assert notes["trees"] < 12 and notes["trees"] == made.parties["shop"].notes["trees"]
    assert notes["loss"].index(min(notes["loss"])) == len(notes["loss"]) - 3
