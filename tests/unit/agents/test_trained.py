"""The own part of a model: found by its training, and never another one than the training ended with."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.support.models import OF, parts, prediction
from tests.support.world import tables

from accord_agents.config.data_sets import Source as Data
from accord_agents.config.policy import Policy
from accord_agents.intake.reader import read_table
from accord_agents.intake.snapshot import read_snapshot
from accord_agents.results.trained import agreed, source, suits, trained
from accord_agents.service.acceptance import Acceptance
from accord_protocols.model.trees import OwnSplit, TreesPart
from accord_protocols.preparation.categories import CategoryFit
from accord_protocols.preparation.fitted import ColumnFit, Fitted
from accord_protocols.tasks.predict import scores_task, sided_task
from accord_protocols.tasks.registry import Context
from accord_schemas.agreement import Ids
from accord_schemas.errors import UsageError
from accord_schemas.parts import Predict

DATA = tables(3, n=8, columns=3)
PARTS = parts(DATA)
SHOP = PARTS["shop"]
DIGESTS = {party: part.digest for party, part in PARTS.items()}
TERMS = Predict(of=OF, model="linear", models=DIGESTS)
ROWS = "id,x1_0,further,x1_1,x1_2\nann,1,red,2,3\nbob,,red,2,NA\n"


def left(folder: Path, model: bytes | None = None, **changes: Any) -> Path:
    """Results of a training, as the shop was left with."""
    folder.mkdir(parents=True, exist_ok=True)
    result = {"collaboration": OF, "job": "train", "status": "COMPLETED", "model_digest": DIGESTS}
    (folder / "result.json").write_text(json.dumps(result | changes))
    if model != b"":
        (folder / "model.json").write_bytes(SHOP.encode() if model is None else model)
    return folder


def test_a_model_is_found_by_its_training_or_by_how_the_id_begins(tmp_path: Path) -> None:
    left(tmp_path / OF)
    left(tmp_path / ("f" * 32), collaboration="f" * 32)
    for of in (OF, OF[:8]):
        found = trained(tmp_path, "shop", of)
        assert (found.collaboration, found.part, found.terms) == (OF, SHOP, TERMS)
    assert agreed(tmp_path, "shop", TERMS) == SHOP
    assert trained(left(tmp_path / "run"), "shop").part == SHOP, "the folder of one run"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"collaboration": "1" * 32}, "no results of the training"),
        ({"job": "psi"}, "no results of the training"),
        ({"status": "REFUSED"}, "is REFUSED, not COMPLETED"),
        ({"model": b""}, "shop has no model"),
        ({"model": b"{}"}, "has the format None"),
        ({"model": PARTS["bank"].encode()}, "is the part of bank, not of shop"),
        ({"model": SHOP.model_copy(update={"salt": "12" * 32}).encode()}, "is not the model that the training"),
        ({"model": SHOP.encode() + b"\n"}, "was saved again"),
        ({"model_digest": DIGESTS | {"bank": "0" * 64}}, "another model of bank"),
        ({"model_digest": None}, "is not the model that the training"),
    ],
)
def test_what_is_not_the_agreed_model_is_named(tmp_path: Path, changes: dict[str, Any], word: str) -> None:
    left(tmp_path / OF, **changes)
    with pytest.raises(UsageError, match=word) as refused:
        agreed(tmp_path, "shop", TERMS)
    assert refused.value.hint


def test_a_part_of_trees_is_found_and_reads_the_columns_of_its_splits(tmp_path: Path) -> None:
    splits = [OwnSplit(column=name, below=2.0, missing=True) for name in ("x1_2", "x1_0", "x1_2")]
    part = TreesPart(salt="00" * 32, party="shop", objective="squared", protection="shared", splits=splits)
    left(tmp_path / OF, part.encode(), job="trees", model_digest={"shop": part.digest})
    found = agreed(tmp_path, "shop", Predict(of=OF, model="boosted_trees", models={"shop": part.digest}))
    assert found == part
    file = tmp_path / "new.csv"
    file.write_text(ROWS)
    rows = read_table(source(Data(csv=file, id="id"), found, Ids()))
    assert rows.columns == ("x1_2", "x1_0") and rows.labels is None
    suits(rows, file.name, found)
    sided = sided_task(Context({"rows": np.arange(2), "model": part.encode()}, table=rows)).fields["bits"]
    assert sided.tolist() == [[2, 1, 2], [1, 1, 1]], "what is missing goes left here"


def test_the_family_is_the_models(tmp_path: Path) -> None:
    left(tmp_path / OF)
    with pytest.raises(UsageError, match="not about the model"):
        agreed(tmp_path, "shop", TERMS.model_copy(update={"model": "poisson"}))


def test_two_trainings_that_begin_alike_have_to_be_told_apart(tmp_path: Path) -> None:
    other = OF[:8] + "f" * 24
    left(tmp_path / OF), left(tmp_path / other, collaboration=other)
    with pytest.raises(UsageError, match="2 trainings of shop begin with"):
        trained(tmp_path, "shop", OF[:8])


def accepted(tmp_path: Path, rows: str) -> tuple[list[tuple[str, dict[str, Any]]], Path]:
    """What the shop answers to a proposal to predict."""
    said: list[tuple[str, dict[str, Any]]] = []
    work: list[Coroutine[Any, Any, None]] = []
    csv = tmp_path / "june.csv"
    csv.write_text(rows, encoding="utf-8")
    data = Data(csv=csv, id="id", features=["another"])
    config: Any = SimpleNamespace(
        sets={"": None},
        party="shop",
        chosen=lambda _: data,
        out=tmp_path / "out",
        trained=tmp_path,
        policy=Policy(proposals="accept"),
    )
    log: Any = SimpleNamespace(info=lambda *_, **__: None, error=lambda *_, **__: None)
    budget: Any = SimpleNamespace(spent=lambda *_: "", spend=lambda *_: None)
    say = lambda _cid, command, fields: said.append((command, fields))  # noqa: E731  # a recorder
    acceptance = Acceptance(config, log, say, work.append, lambda *_: bytes(32), budget, seeded_allowed=False)
    acceptance.proposed(
        SimpleNamespace(  # type: ignore[arg-type]
            cid="c1",
            agreement=prediction(PARTS, bits=3072),
            proposer="bank",
            peers=("bank",),
            ended=False,
            accepted=False,
        )
    )
    for one in work:
        asyncio.run(one)
    return said, tmp_path / "out" / "snapshots"


def test_whoever_accepts_brings_its_part_and_reads_the_columns_that_it_needs(tmp_path: Path) -> None:
    left(tmp_path / OF)
    ((command, fields),), snapshots = accepted(tmp_path, ROWS)
    assert command == "accept" and fields["model"] == SHOP.encode()
    table = read_snapshot(snapshots / f"{fields['snapshot']}.table", fields["snapshot"])
    assert table.columns == ("x1_0", "x1_1", "x1_2") and table.labels is None
    assert table.values[0].tolist() == [1, 2, 3]


@pytest.mark.parametrize("lacks", ["a column", "the model"])
def test_whoever_lacks_what_it_needs_refuses_and_only_its_own_people_learn_why(tmp_path: Path, lacks: str) -> None:
    rows = ROWS
    if lacks == "a column":
        left(tmp_path / OF)
        rows = ROWS.replace("x1_1", "x1_9")
    ((command, fields),), _ = accepted(tmp_path, rows)
    assert command == "refused" and fields["reason"] == "shop cannot use its data"
    assert ("'x1_1'" if lacks == "a column" else "no results of the training") in fields["detail"]


def test_a_label_holder_without_columns_brings_ids_alone_and_one_with_exposures_those(tmp_path: Path) -> None:
    data = Data(csv=tmp_path / "a.csv", id="id")
    bare = SHOP.model_copy(
        update={"coefficients": {}, "preparation": SHOP.preparation.model_copy(update={"columns": ()})}
    )
    assert source(data, bare, Ids()).reads.model is None
    exposed = source(data, bare.model_copy(update={"model": "poisson", "exposure": "days"}), Ids())
    assert exposed.reads.model == "poisson" and exposed.others == {"exposure": "days"}


MIXED = Fitted(
    columns=("since", "colour"),
    categories=(CategoryFit(name="colour", levels=("blue", "other"), reference="red", merged=2),),
    forms={"since": "date"},
    kept=tuple(
        ColumnFit(
            name=name,
            impute=20_000.0 if name == "since" else 0.0,
            low=None,
            high=None,
            mean=0.0,
            scale=1.0,
            nulls=0,
            clipped=0,
        )
        for name in ("since", "colour=blue", "colour=other")
    ),
    dropped={},
)
WEIGHTS = {"since": 1.0, "colour=blue": 0.25, "colour=other": 0.125}


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        (["1,red", "2,blue"], "column 'since' holds a number, where the model was trained with a date"),
        (["2024-01-01,red", ",green"], ""),
        ([",1", ",2"], ""),
    ],
)
def test_columns_hold_what_they_held_and_new_categories_are_other(tmp_path: Path, rows: list[str], word: str) -> None:
    one = SHOP.model_copy(update={"preparation": MIXED, "coefficients": WEIGHTS})
    csv = tmp_path / "june.csv"
    csv.write_text("id,colour,since\n" + "".join(f"u{k},{','.join(r.split(',')[::-1])}\n" for k, r in enumerate(rows)))
    table = read_table(source(Data(csv=csv, id="id"), one, Ids()))
    assert table.columns == ("since", "colour")
    if word:
        with pytest.raises(UsageError, match=word):
            suits(table, csv.name, one)
        return
    suits(table, csv.name, one)
    fields = {"rows": np.array([1, 0]), "model": one.encode()}
    found = scores_task(Context(fields, table=table)).fields["scores"].tolist()
    first = 32.0 + (0.125 if rows[0].endswith("1") else 0.0)  # days since 1970 are clipped like everything else
    assert found == [32.125, first]
