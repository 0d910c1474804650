"""A scenario of boosted trees: whose job it is, what it leaves to an agreement, what is refused and how it reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from accord_agents.files import yaml12
from accord_scenarios.jobs.registry import PLAYED
from accord_scenarios.proposal import terms
from accord_scenarios.report.page import render
from accord_scenarios.scenario import load
from accord_schemas.errors import UsageError

PAIR = {
    "bank": {"role": "label_holder", "data": {"csv": "bank.csv", "id": "id", "label": "y"}},
    "shop": {"role": "feature_holder", "data": {"csv": "shop.csv", "id": "id"}},
}


def written(folder: Path, **train: Any) -> Path:
    path = folder / "trees.yaml"
    value = {"name": "trees", "parties": PAIR, "train": {"model": "boosted_trees", **train}}
    path.write_text(yaml12.dump({**value, "prepare": {"scale": "standard"}}), encoding="utf-8")
    return path


def test_the_model_says_whose_job_it_is(tmp_path: Path) -> None:
    loaded = load(written(tmp_path, protection="paths", trees=7, stop_after=None))
    assert loaded.job == "trees"
    agreed = terms(loaded, {"bank": "b", "shop": "s"})
    assert agreed.job == "trees" and agreed.train is None and agreed.trees is not None and agreed.test_rows is not None
    assert (agreed.trees.trees, agreed.trees.stop_after, agreed.trees.protection) == (7, None, "paths")
    assert not PLAYED["trees"].job.objection(agreed) and set(agreed.learns) == {"bank", "shop"}
    assert type(agreed).decode(agreed.terms()) == agreed


def test_columns_become_weights_of_evidence_in_a_logistic_training_alone(tmp_path: Path) -> None:
    path = tmp_path / "woe.yaml"

    def says(**train: Any) -> Path:
        value = {"name": "w", "parties": PAIR, "train": train, "prepare": {"woe": ["age"], "woe_bins": 5}}
        path.write_text(yaml12.dump(value), encoding="utf-8")
        return path

    agreed = terms(load(says(model="logistic", protection="closed")), {"bank": "b", "shop": "s"})
    assert agreed.binning is not None and (agreed.binning.bins, agreed.binning.min_rows) == (5, 20)
    assert not PLAYED["train"].job.objection(agreed) and type(agreed).decode(agreed.terms()) == agreed
    others: tuple[dict[str, Any], ...] = (
        {"model": "linear"}, {"model": "bins"}, {"model": "boosted_trees", "protection": "paths"}
    )  # fmt: skip
    for other in others:
        with pytest.raises(UsageError, match=r"prepare\.woe is for train\.model: logistic"):
            load(says(**other))


def test_the_level_that_there_is_has_to_be_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="protection: paths"):
        load(written(tmp_path))
    assert load(written(tmp_path, objective="squared", stop_after=None)).job == "trees"
    with pytest.raises(UsageError, match="min_rows"):
        load(written(tmp_path, protection="paths", min_rows=5))
    with pytest.raises(UsageError, match="max_rounds"):
        load(written(tmp_path, protection="paths", max_rounds=5))


def predicting(job: str, **said: Any) -> dict[str, Any]:
    roles = {"bank": "requester", "shop": "scorer", "telco": "scorer"}
    members = {p: {"role": role, "data": {"csv": f"{p}.csv", "id": "id"}} for p, role in roles.items()}
    models = {party: digit * 64 for party, digit in zip(roles, "abc", strict=True)}
    model = {"of": "0123456789abcdef" * 2, "model": "boosted_trees", "models": models, **said}
    return {"name": "new", "job": job, "parties": members, "predict": model}


def test_new_rows_are_predicted_in_shares_unless_the_file_says_paths(tmp_path: Path) -> None:
    path, identities = tmp_path / "new.yaml", {party: party[0] for party in ("bank", "shop", "telco")}
    for job, said, level in (
        ("predict", {}, "shared"),
        ("predict", {"protection": "paths"}, "paths"),
        ("online", {}, "shared"),
    ):
        path.write_text(yaml12.dump(predicting(job, **said)), encoding="utf-8")
        agreed = terms(load(path), identities)
        assert agreed.predict is not None and agreed.predict.protection == level
        assert not PLAYED[job].job.objection(agreed) and type(agreed).decode(agreed.terms()) == agreed
        assert ("paths" in PLAYED[job].job.about(agreed)) == (level == "paths")
    path.write_text(yaml12.dump(predicting("online", protection="paths")), encoding="utf-8")
    assert "paths is for the job predict" in PLAYED["online"].job.objection(terms(load(path), identities))


def test_people_read_whether_paths_were_shown() -> None:
    result: dict[str, Any] = {"leader": "bank", "parties": {"bank": "requester", "shop": "scorer"}}
    hidden, shown = (" ".join(PLAYED["predict"].learned({**result, "protection": p})) for p in ("shared", "paths"))
    assert "Nobody learns on which side" in hidden and "own part" not in hidden
    assert "Everybody learns on which side" in shown
    rowwise = " ".join(PLAYED["online"].learned({**result, "protection": "shared"}))
    assert "which ids bank asks for" in rowwise and "Nobody learns on which side" in rowwise and "part" not in rowwise
    assert "shop's own part" in " ".join(PLAYED["predict"].learned(result))


def test_trees_are_drawn_and_counted_in_the_report() -> None:
    line = {"depth": 0, "side": "root", "says": "shop, column 3"}
    importance = {
        "bank": {
            "splits": {"age": 2},
            "parties": {"bank": {"splits": 2, "gain": 1.5}, "shop": {"splits": 1, "gain": 4.0}},
        },
        "shop": {"splits": {"<spend>": 1, "visits": 0}},
    }
    result = {
        "status": "COMPLETED",
        "job": "trees",
        "parties": {"bank": "label_holder", "shop": "feature_holder"},
        "intersection_size": 10,
        "trees": 1,
        "test_rows": 2,
        "drawn": [[line]],
        "importance": importance,
    }
    page = render(result)
    assert "shop, column 3" in page and "&lt;spend&gt;" in page and "visits" not in page and "Tree 1" in page
    assert "grew 1 boosted tree." in page
    assert "bank 2 splits, shop 1 splits" in [line(result) for _, line in PLAYED["trees"].lines]
