"""Predictions by boosted trees: those of the trees but for the last bits, and no side of a split is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pytest
from tests.support.models import OF
from tests.support.trees import Watched
from tests.support.world import NAMES, Rows, World, agreement, tables

from accord_protocols.jobs.registry import JOBS
from accord_protocols.model.any import read
from accord_protocols.model.trees import Leaf, Node, OwnSplit, Tree, TreesPart, scores, sides
from accord_protocols.phases.boosting.multiply import UNFIT
from accord_protocols.phases.prediction.walk import fits
from accord_protocols.primitives.onehot.seeds import INCONSISTENT
from accord_schemas.address import Content
from accord_schemas.agreement import Agreement, Align, Member
from accord_schemas.errors import UsageError
from accord_schemas.events import BitChoices, BitProducts, Branches, Event, Partial
from accord_schemas.parts import Predict

pytestmark = pytest.mark.variants

Objective = Literal["logistic", "squared", "poisson"]
Parts = dict[str, TreesPart]


def rows() -> dict[str, Rows]:
    """New rows of two parties, without a label, some cells missing."""
    rng, found = np.random.default_rng(5), {}
    for name, own in tables(2, n=60, columns=2, seed=8).items():
        holes = np.where(rng.random(own.values.shape) < 0.1, np.nan, own.values)
        found[name] = replace(own, values=holes, labels=None)
    return found


def grown(objective: Objective = "squared", trees: int = 5, depth: int = 3, unit: int = 2, seed: int = 1) -> Parts:
    """Trees that nobody had to train: of any shape, a single leaf too; the shop has no split in the first one."""
    rng = np.random.default_rng(seed)
    splits: dict[str, list[OwnSplit]] = {"bank": [], "shop": []}
    made = []
    for number in range(trees):
        nodes, leaves, open_ = [], [], [1]
        while open_:
            node = open_.pop(0)
            if node >= 2**depth or (node > 1 and rng.random() < 0.3) or number == trees - 1:
                leaves.append(Leaf(node=node, weight=float(rng.normal()) * 2.0**unit))
                continue
            party = "bank" if number == 0 else str(rng.choice(["bank", "shop"]))
            column = f"x{NAMES.index(party)}_{rng.integers(2)}"
            below = None if rng.random() < 0.2 else float(rng.normal())
            splits[party].append(OwnSplit(column=column, below=below, missing=below is None or bool(rng.integers(2))))
            nodes.append(Node(node=node, party=party, split=len(splits[party]) - 1))
            open_ += [2 * node, 2 * node + 1]
        made.append(Tree(nodes=nodes, leaves=leaves))
    whole: dict[str, Any] = {"salt": "00" * 32, "objective": objective, "protection": "shared"}
    shop = TreesPart(party="shop", splits=splits["shop"], **whole)
    return {
        "bank": TreesPart(party="bank", splits=splits["bank"], start=0.5, unit=unit, trees=made, **whole),
        "shop": shop,
    }


def terms(of: Parts, requester: str = "bank") -> Agreement:
    job = JOBS["predict"]
    roles = {p: Member(role="requester" if p == requester else "scorer", identity=p) for p in of}
    predict = Predict(of=OF, model="boosted_trees", models={p: m.digest for p, m in of.items()})
    update: dict[str, Any] = {"job": job.name, "parties": roles, "leads": requester, "train": None, "test_rows": None}
    update |= {"versions": job.versions, "predict": predict, "align": Align(protocol="ecdh", max_overlap=None)}
    return job.told(agreement(2).model_copy(update=update))


def world(of: Parts, requester: str = "bank", **more: Any) -> Watched:
    own = {party: {"model": part.encode()} for party, part in of.items()}
    made = Watched(terms(of, requester), rows(), brought=own, **more)
    made.run()
    return made


def plain(of: Parts, made: World) -> np.ndarray:
    """Scores of the common rows, by walking down."""
    order = {me: party.notes["rows"] for me, party in made.parties.items()}
    told = {me: sides(of[me], p.rows.columns, p.rows.values[order[me]]) for me, p in made.parties.items()}
    return scores(of["bank"], told, len(order["bank"]))


@pytest.mark.parametrize(
    ("objective", "unit", "inverse"),
    [
        ("squared", 3, lambda u: u),
        pytest.param("logistic", 0, lambda u: 1 / (1 + np.exp(-u)), marks=pytest.mark.sweep),
        pytest.param("poisson", 0, np.exp, marks=pytest.mark.sweep),
    ],
)
def test_predictions_are_those_of_the_trees(
    objective: Objective, unit: int, inverse: Callable[[np.ndarray], np.ndarray]
) -> None:
    of = grown(objective, unit=unit)
    made = world(of)
    assert not [party.aborted for party in made.parties.values() if party.aborted]
    notes, wanted = made.parties["bank"].notes, plain(of, made)
    assert len(np.unique(wanted)) > 20 and notes["predicted"] == len(wanted) and notes["unmatched"] > 0
    slack = 2.0 ** (unit - 6)
    low, high = inverse(wanted - slack), inverse(wanted + slack)
    assert ((low <= notes["predictions"]) & (notes["predictions"] <= high)).all()
    assert (notes["predictions"] != inverse(wanted)).any(), "the last bits are nobody's"
    assert "predictions" not in made.parties["shop"].notes
    assert all(party.notes["asked"].shape == wanted.shape for party in made.parties.values())


def test_no_side_of_a_split_is_told_and_all_numbers_are_in_shares() -> None:
    made = world(grown())
    for me, other in (("bank", "shop"), ("shop", "bank")):
        sides_ = made.of(other, "walk", "sided")["bits"]
        heard = [c.event for c in made.log.values() if c.address.sender == other and me in c.to]
        kinds = {type(event).__name__ for event in heard}
        assert "Sides" not in kinds and kinds & {"BitChoices", "BitProducts"}
        packed = np.packbits(sides_ == 1, bitorder="little").tobytes()
        assert not any(packed[:8] in bytes(e.choices.tobytes()) for e in heard if isinstance(e, BitChoices))
    values = made.of("shop", "walk", "lifted.0")["values"]
    assert len(np.unique(values)) == values.size


def test_the_same_bytes_in_any_order() -> None:
    assert world(grown(), order=4).fingerprint() == world(grown()).fingerprint()


def flipped(event: BitChoices) -> dict[str, Any]:
    choices = event.choices.copy()
    choices[7] ^= 1
    return {"choices": choices}


def twice(event: Branches) -> dict[str, Any]:
    nodes = event.nodes.copy()
    nodes[nodes[:, 1] == 2, 2] = 0
    return {"nodes": nodes}


CASES: dict[str, tuple[type[Event], str, str, Callable[[Any], dict[str, Any]]]] = {
    "a flipped bit": (BitChoices, "shop", INCONSISTENT, flipped),
    "a split that is asked for twice": (Branches, "bank", UNFIT, twice),
    "scores of fewer rows": (Partial, "shop", UNFIT, lambda event: {"shares": event.shares[:-1]}),
    "products of fewer rows": (BitProducts, "bank", UNFIT, lambda event: {"words": event.words[:-1]}),
}


@pytest.mark.parametrize("case", CASES)
def test_who_breaks_the_protocol_is_named(case: str) -> None:
    kind, sender, reason, change = CASES[case]

    def tamper(to: str, content: Content) -> Event:
        meant = type(content.event) is kind and content.address.sender == sender and to != sender
        return content.event.model_copy(update=change(content.event)) if meant else content.event

    aborted = world(grown(), tamper=tamper).parties["shop" if sender == "bank" else "bank"].aborted
    assert aborted is not None and (aborted.reason, aborted.whose) == (reason, sender)


def test_who_has_no_trees_cannot_ask() -> None:
    aborted = world(grown(), requester="shop").parties["shop"].aborted
    assert aborted is not None and "the trees are another party's" in aborted.reason


def test_trees_hang_together() -> None:
    def table(*rows_: tuple[int, int, int]) -> np.ndarray:
        return np.array(rows_, np.uint64).reshape(-1, 3)

    assert fits(2, table((2, 1, 0), (3, 2, 0), (7, 2, 1)), 2) and fits(1, table(), 0)
    assert not fits(2, table((2, 1, 0), (7, 2, 0)), 1), "a node without its parent"
    assert not fits(3, table((7, 1, 0)), 0), "more trees than were said"
    assert not fits(2, table((2, 2, 0), (2, 2, 1)), 2), "a node twice"
    assert not fits(2, table((2, 3, 0)), 0), "a party that is none"
    deep = [(1 << k, 1, k) for k in range(8)]
    assert fits(1, table(*deep[:7]), 0) and not fits(1, table(*deep), 0)


def test_three_parties_and_single_rows_are_refused_with_the_reason() -> None:
    agreed = terms(grown())
    assert not JOBS["predict"].objection(agreed)
    three = {**agreed.parties, "telco": Member(role="scorer", identity="t")}
    assert "for two parties, not for 3" in JOBS["predict"].objection(agreed.model_copy(update={"parties": three}))
    assert agreed.predict is not None
    online = {"job": "online", "align": Align(), "predict": agreed.predict.model_copy(update={"queries": 5})}
    assert "is for the job predict" in JOBS["online"].objection(agreed.model_copy(update=online))


def test_a_part_is_read_as_what_it_is() -> None:
    part = grown()["bank"]
    assert read(part.encode()) == part and TreesPart.read(part.encode()).digest == part.digest
    with pytest.raises(UsageError, match="saved again"):
        read(part.encode() + b"\n")
    with pytest.raises(UsageError, match="format 1"):
        read(part.encode().replace(b'"format":1', b'"format":2'))
