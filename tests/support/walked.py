"""Boosted trees that nobody had to train: parts for any number of parties, and agreements to predict by them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from tests.support.models import OF
from tests.support.world import NAMES, Party, Rows, agreement, tables

from accord_protocols.jobs.registry import JOBS
from accord_protocols.model.trees import Leaf, Node, OwnSplit, Tree, TreesPart, scores, sides
from accord_schemas.agreement import Agreement, Align, Member
from accord_schemas.parts import Predict

Objective = Literal["logistic", "squared", "poisson"]
Parts = dict[str, TreesPart]


def rows(parties: int = 2, n: int = 60) -> dict[str, Rows]:
    """New rows, without a label, some cells missing."""
    rng, found = np.random.default_rng(5), {}
    for name, own in tables(parties, n=n, columns=2, seed=8).items():
        holes = np.where(rng.random(own.values.shape) < 0.1, np.nan, own.values)
        found[name] = replace(own, values=holes, labels=None)
    return found


def grown(
    objective: Objective = "squared", parties: int = 2, trees: int = 5, depth: int = 3, unit: int = 2, seed: int = 1
) -> Parts:
    """Trees of any shape, a single leaf too; in the first one all splits are the bank's."""
    rng, names = np.random.default_rng(seed), NAMES[:parties]
    splits: dict[str, list[OwnSplit]] = {name: [] for name in names}
    made = []
    for number in range(trees):
        nodes, leaves, open_ = [], [], [1]
        while open_:
            node = open_.pop(0)
            if node >= 2**depth or (node > 1 and rng.random() < 0.3) or number == trees - 1:
                leaves.append(Leaf(node=node, weight=float(rng.normal()) * 2.0**unit))
                continue
            party = "bank" if number == 0 else str(rng.choice(names))
            column = f"x{NAMES.index(party)}_{rng.integers(2)}"
            below = None if rng.random() < 0.2 else float(rng.normal())
            splits[party].append(OwnSplit(column=column, below=below, missing=below is None or bool(rng.integers(2))))
            nodes.append(Node(node=node, party=party, split=len(splits[party]) - 1))
            open_ += [2 * node, 2 * node + 1]
        made.append(Tree(nodes=nodes, leaves=leaves))
    whole: dict[str, Any] = {"salt": "00" * 32, "objective": objective, "protection": "shared"}
    own: dict[str, Any] = {"bank": {"start": 0.5, "unit": unit, "trees": made}}
    return {n: TreesPart(party=n, splits=splits[n], **own.get(n, {}), **whole) for n in names}


def terms(of: Parts, requester: str = "bank", protection: Literal["shared", "paths"] = "shared") -> Agreement:
    """An agreement to predict a file."""
    job = JOBS["predict"]
    roles = {p: Member(role="requester" if p == requester else "scorer", identity=p) for p in of}
    models = {p: m.digest for p, m in of.items()}
    predict = Predict(of=OF, model="boosted_trees", models=models, protection=protection)
    update: dict[str, Any] = {"job": job.name, "parties": roles, "leads": requester, "train": None, "test_rows": None}
    update |= {"versions": job.versions, "predict": predict, "align": Align(protocol="ecdh", max_overlap=None)}
    return job.told(agreement(len(of)).model_copy(update=update))


def online(of: Parts, queries: int) -> Agreement:
    """An agreement to predict rows as they are asked for."""
    job, batch = JOBS["online"], terms(of)
    assert batch.predict is not None
    predict = batch.predict.model_copy(update={"queries": queries})
    update = {"job": job.name, "align": Align(), "versions": job.versions, "predict": predict}
    return job.told(batch.model_copy(update=update))


def brought(of: Parts) -> dict[str, dict[str, Any]]:
    """What each party says when it accepts, besides its rows."""
    return {party: {"model": part.encode()} for party, part in of.items()}


def plain(of: Parts, parties: Mapping[str, Party], order: Mapping[str, Any]) -> np.ndarray:
    """Scores of joined rows, by walking down: `order` says which of each party's own."""
    told = {me: sides(of[me], p.rows.columns, p.rows.values[order[me]]) for me, p in parties.items()}
    return scores(of["bank"], told, len(order["bank"]))
