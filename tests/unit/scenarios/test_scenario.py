"""Scenario files: defaults, paths, options, and a message for every mistake."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord_agents.files import yaml12
from accord_protocols.jobs.registry import JOBS
from accord_scenarios.jobs.train import Training
from accord_scenarios.model import Data, Scenario
from accord_scenarios.proposal import terms
from accord_scenarios.scenario import load
from accord_schemas.agreement import Agreement
from accord_schemas.errors import UsageError

Write = Callable[..., Path]


def table(scenario: Scenario, party: str) -> Data:
    """A party's table."""
    data = scenario.parties[party].data
    assert isinstance(data, Data)
    return data


def test_absent_sections_and_keys_take_the_documented_values(write: Write) -> None:
    scenario = load(write())
    resolved = scenario.resolved()
    assert resolved["name"] == "credit"
    assert resolved["align"] | {"max_feature_overlap": None} == {
        "protocol": "rsa", "code": "f4", "max_overlap": 0.9, "denominator": "min", "max_feature_overlap": None,
        "learns": [], "carry": {}, "pad": None,
    }  # fmt: skip
    assert resolved["prepare"] == {
        "impute": "mean", "winsorise": 5.0, "drop_variance_below": 0.0, "drop_variance_above": None,
        "scale": "standard", "one_hot": [], "woe": [], "woe_bins": 10, "woe_rows": 20,
    }  # fmt: skip
    assert resolved["train"] == {
        "model": "linear", "protection": "shared", "engine": "lattice", "optimiser": "lbfgs",
        "l2": 0.0, "max_rounds": 60, "tolerance": 1e-6, "link": "exact", "dealer": None, "weights": None,
        "class_weights": None, "exposure": None, "period": 64, "folds": 0, "l2_path": [],
    }  # fmt: skip
    assert (resolved["keys"], resolved["security"], resolved["seed"]) == ({"bits": 3072}, {"profile": "default"}, None)
    assert isinstance(scenario, Training) and scenario.evaluate is None
    assert scenario.label_holder == "bank" == scenario.leader


def test_train_and_evaluate_are_off_unless_named_and_empty_sections_are_default(write: Write) -> None:
    assert load(write(train=None)).job == "psi" and "train" not in load(write(train=None)).resolved()
    evaluate = load(write(evaluate={})).resolved()["evaluate"]
    assert evaluate == {"test_rows": {"hash_modulus": 5, "equals": 0}, "reference": True}
    assert load(write(align=None, prepare=None, keys=None, security=None)) == load(write())
    assert load(write(align={"max_overlap": None})).align.max_overlap is None
    assert load(write(train={"engine": "auto"})) == load(write())


def test_without_training_the_label_is_optional(write: Write) -> None:
    data = {"csv": "a.csv", "id": "id"}
    parties = {"a": {"role": "label_holder", "data": data}, "b": {"role": "feature_holder", "data": data}}
    assert table(load(write(train=None, parties=parties)), "a").label is None


def test_paths_are_relative_to_the_file_and_become_absolute(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    shop = table(load(Path("..") / path.name), "shop").csv
    assert isinstance(shop, Path) and shop.resolve() == tmp_path / "host.csv"
    assert table(load(path, ["parties.shop.data.csv=sub/x.csv"]), "shop").csv == tmp_path / "sub" / "x.csv"


def test_options_are_yaml_and_lie_over_the_file(write: Write) -> None:
    scenario = load(write(), ["train.max_rounds=10", "train.tolerance=1e-7", "keys.bits=2048", "name='no'", "seed=7"])
    assert isinstance(scenario, Training) and scenario.train is not None
    assert (scenario.train.max_rounds, scenario.train.tolerance, scenario.keys.bits) == (10, 1e-7, 2048)
    assert (scenario.name, scenario.seed) == ("no", 7)
    assert load(write(), ["train=null"]).job == "psi"


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"train": {"max_round": 3}}, "credit.yaml: train.max_round is unknown; did you mean max_rounds?"),
    ({"train": {"zzz": 3}}, "train.zzz is unknown; known are model, protection"),
    ({"evaluat": {}}, "evaluat is unknown; did you mean evaluate?"),
    ({"evaluate": {"test_rows": {"modulus": 5}}}, "evaluate.test_rows.modulus is unknown; did you mean hash_modulus?"),
    ({"train": {"max_rounds": -1}}, "train.max_rounds is -1; it must be at least 1."),
    ({"train": {"max_rounds": 2.5}}, "train.max_rounds is 2.5; it must be a whole number."),
    ({"train": {"max_rounds": True}}, "train.max_rounds is true; it must be a whole number."),
    ({"train": {"max_rounds": "ten"}}, 'train.max_rounds is "ten"; it must be a whole number.'),
    ({"train": {"tolerance": 0}}, "train.tolerance is 0; it must be above 0"),
    ({"train": {"tolerance": True}}, "train.tolerance is true; it must be a number."),
    ({"train": {"l2": -0.5}}, "train.l2 is -0.5; it must be at least 0"),
    ({"train": 3}, "train is 3; it must be a section"),
    (
        {"train": {"model": "boosted_treees"}},
        "linear, logistic, poisson, boosted_trees or bins. Did you mean boosted_t",
    ),
    ({"train": {"model": "forest"}}, 'train.model is "forest"; it must be linear, logistic, poisson, boosted_trees or'),
    ({"train": {"model": 7}}, "train.model is 7; it must be linear,"),
    ({"job": "train", "train": {"model": "bins"}}, "train.model bins belongs to the job bins, not to train; leave"),
    ({"train": {"protection": "shard"}}, 'train.protection is "shard"; it must be shared, score, closed or express.'),
    ({"align": {"protocol": "rsb"}}, 'align.protocol is "rsb"; it must be rsa, ecdh, sm2 or ot.'),
    ({"align": {"max_overlap": 1.7}}, "align.max_overlap is 1.7; it must be at most 1"),
    ({"align": {"max_overlap": 0}}, "align.max_overlap is 0; it must be above 0"),
    ({"keys": {"bits": 1024}}, "keys.bits is 1024; it must be at least 2048."),
    ({"keys": {"bits": 2052}}, "keys.bits is 2052; it must be a multiple of 8."),
    ({"keys": {"bits": 16384}}, "keys.bits is 16384; it must be at most 8192."),
    ({"keys": {"bits": None}}, "keys.bits is null; it must be a whole number."),
    ({"prepare": {"impute": "mode"}}, 'prepare.impute is "mode"; it must be mean or median or a number.'),
    ({"prepare": {"impute": {"a": 1}}}, "prepare.impute is a section; it must be mean or median or a number."),
    ({"prepare": {"winsorise": 0}}, "prepare.winsorise is 0; it must be above 0"),
    ({"prepare": {"drop_variance_above": 0}}, "prepare.drop_variance_above is 0; it must be above 0"),
    (
        {"prepare": {"drop_variance_below": 2, "drop_variance_above": 1}},
        "prepare.drop_variance_above: 1 is less than drop_variance_below, 2: every column would be dropped",
    ),
    ({"evaluate": {"test_rows": {"equals": 5}}}, "evaluate.test_rows: equals is 5; it must be below hash_modulus, 5"),
    ({"evaluate": {"test_rows": {"hash_modulus": 1}}}, "evaluate.test_rows.hash_modulus is 1; it must be at least 2."),
    ({"evaluate": {"reference": "yes"}}, 'evaluate.reference is "yes"; it must be true or false.'),
    ({"seed": "abc"}, 'seed is "abc"; it must be a whole number.'),
    ({"name": ""}, 'name is ""; it must not be empty.'),
    ({"name": "x" * 101}, "it must have at most 100 characters."),
    ({"parties": [1]}, "parties is a list; it must be a section"),
]


@pytest.mark.parametrize(("changes", "words"), MISTAKES, ids=[words for _, words in MISTAKES])
def test_each_mistake_is_named_with_field_value_and_what_is_allowed(
    write: Write, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError) as caught:
        load(write(**changes))
    assert words in str(caught.value)
    assert str(caught.value).startswith("credit.yaml: ")


def test_a_profile_is_one_of_two(write: Write) -> None:
    assert load(write(), ["security.profile=sm"]).security.profile == "sm"
    with pytest.raises(UsageError, match=r"security\.profile"):
        load(write(), ["security.profile=sm9"])


def _party(role: str = "feature_holder", **data: Any) -> dict[str, Any]:
    return {"role": role, "data": {"csv": "a.csv", "id": "id"} | data}


_BANK = _party("label_holder", label="y")


@pytest.mark.parametrize(
    ("parties", "words"),
    [
        ({"bank": _BANK}, "parties: found 1; a collaboration has 2 to 32 parties"),
        ({"a": _party(), "b": _party()}, "exactly one party has the role label_holder; found none"),
        ({"a": _BANK, "b": _BANK}, "exactly one party has the role label_holder; found a, b"),
        ({"bank": _party("label_holder"), "b": _party()}, "parties.bank.data.label is missing; training needs"),
        ({"bank": _BANK, "b": _party(label="z")}, "b names a label; only the label_holder, bank, may"),
        ({"bank": _BANK, "../evil": _party()}, "'../evil' cannot be a party's name"),
        ({"bank": _BANK, "Shop": _party()}, "'Shop' cannot be a party's name"),
        ({"bank": _BANK, "x" * 33: _party()}, "cannot be a party's name"),
        ({"bank": _BANK, "": _party()}, "'' cannot be a party's name"),
        ({"bank": _BANK, "self": _party()}, "no party may be called self"),
        ({"bank": _BANK, "b": _party("server")}, 'parties.b.role is "server"; it must be'),
        ({"bank": _BANK, "b": {"role": "feature_holder"}}, "parties.b.data is missing. Known keys there: role, data."),
        ({"bank": _BANK, "b": _party(csv=3)}, "parties.b.data.csv is 3; it must be the path of a file or a section"),
        ({"bank": _BANK, "b": _party(feature=["x"])}, "parties.b.data.feature is unknown; did you mean features?"),
        (
            {"bank": _BANK, "b": _party(parquet="x")},
            "parties.b.data: csv and parquet are both named; name one of csv, parquet, orc, sql",
        ),
        ({"bank": _BANK, "b": _party(features=["x", True])}, "features.1 is true; it must be text. If that is meant"),
        ({"bank": _BANK, "b": _party(features=["x", "x"])}, "parties.b.data: the column 'x' is named twice"),
        ({"bank": _BANK, "b": _party(features=["id"])}, "parties.b.data: the column 'id' is named twice"),
        ({"bank": _party("label_holder", label="id"), "b": _party()}, "the column 'id' is named twice"),
    ],
)
def test_parties_are_checked(write: Write, parties: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(write(parties=parties))
    assert words in str(caught.value)


def test_parties_are_needed(write: Write, tmp_path: Path) -> None:
    path = tmp_path / "empty.yaml"
    path.write_text("train: {}\n")
    with pytest.raises(UsageError, match="parties is missing"):
        load(path)
    path.write_text("- a\n")
    with pytest.raises(UsageError, match=r"empty\.yaml holds no scenario"):
        load(path)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError,
        match=r"none.yaml does not exist.*bundled name: bank_codes, breast_cancer, .*, karate, wine",
    ):
        load(tmp_path / "none.yaml")
    with pytest.raises(UsageError, match="did you mean diabetes"):
        load("diabets")
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        load(tmp_path)
    (tmp_path / "latin.yaml").write_bytes("name: größe".encode("latin-1"))
    with pytest.raises(UsageError, match=r"latin.yaml is not UTF-8 text \(byte 8\)"):
        load(tmp_path / "latin.yaml")


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("train.max_rounds", "--set train.max_rounds: expected KEY=VALUE"),
        ("=3", "expected KEY=VALUE"),
        ("train..x=3", "expected KEY=VALUE"),
        ("seed=[1", "--set seed line 1"),
        ("train.max_rounds.x=3", "train.max_rounds is a value, not a section"),
        ("train.model=liner", '--set: train.model is "liner"; it must be linear'),
        ("train.max_rounds=0", "--set: train.max_rounds is 0; it must be at least 1."),
        ("train.l2=.inf", "train.l2 is Infinity; it must be a finite number."),
        ("seed=no", '--set: seed is "no"; it must be a whole number.'),
    ],
)
def test_options_are_checked(write: Write, option: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(write(train={"max_rounds": 5}), [option])
    assert words in str(caught.value)


def test_a_byte_order_mark_does_no_harm(write: Write) -> None:
    path = write()
    plain = load(path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load(path) == plain


@pytest.mark.sweep
@given(
    name=st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=20),
    column=st.sampled_from(["no", "1e-7", "0o7", "größe", "~", "id: x", "# y", "007"]),
    tolerance=st.floats(1e-300, 1e300),
    overlap=st.none() | st.floats(1e-9, 1.0),
    impute=st.sampled_from(["mean", "median"]) | st.floats(-1e9, 1e9),
    seed=st.none() | st.integers(-(10**30), 10**30),
)
def test_a_resolved_scenario_is_loaded_to_an_equal_one(
    tmp_path_factory: pytest.TempPathFactory, name: str, column: str, tolerance: float, overlap: float | None,
    impute: str | float, seed: int | None,
) -> None:  # fmt: skip
    scenario = Training.model_validate(
        {
            "name": name,
            "parties": {"1e3": _party("label_holder", label=column), "no": _party(features=[column])},
            "align": {"max_overlap": overlap},
            "prepare": {"impute": impute},
            "train": {"tolerance": tolerance},
            "evaluate": {"test_rows": None},
            "seed": seed,
        }
    )
    path = tmp_path_factory.getbasetemp() / "resolved.yaml"
    path.write_text(yaml12.dump(scenario.resolved()), encoding="utf-8")
    assert load(path) == scenario


# ---- jobs


def test_a_scenario_is_played_as_another_job_without_the_sections_that_mean_nothing_there(write: Write) -> None:
    path = write(evaluate={}, seed=3)
    aligned = load(path, job="psi")
    assert (aligned.job, aligned.seed, aligned.leader) == ("psi", 3, "bank")
    assert not {"train", "prepare", "evaluate"} & set(aligned.resolved())
    resolved = path.with_name("resolved.yaml")
    resolved.write_text(yaml12.dump(aligned.resolved()), encoding="utf-8")
    assert load(resolved) == aligned == load(resolved, job="psi")


def test_without_roles_the_first_by_name_leads_an_alignment(write: Write) -> None:
    parties = {name: {"data": {"csv": "a.csv", "id": "id"}} for name in ("shop", "bank", "telco")}
    path = write()
    path.write_text(json.dumps({"job": "psi", "parties": parties}), encoding="utf-8")
    aligned = load(path)
    assert aligned.leader == "bank" and set(aligned.roles.values()) == {"member"}
    terms_of = terms(aligned, dict.fromkeys(parties, "x"))
    assert (terms_of.order, terms_of.label_holder) == (("bank", "shop", "telco"), "")
    assert "leads" in terms_of.terms() and Agreement.decode(terms_of.terms()) == terms_of
    assert terms_of.leader == "bank" and not JOBS["psi"].objection(terms_of)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"job": "quest"},
            "job is 'quest'; it must be train, psi, overlap, predict, online, query, trees, bins, graph or match.",
        ),
        ({"job": "psi"}, "train is no part of this job; it belongs to the job train."),
        ({"trian": {}}, "trian is unknown; did you mean train?"),
    ],
)
def test_jobs_are_checked(write: Write, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(write(**changes))
    assert words in str(caught.value)


# ---- who computes


THREE = {"parties": {"bank": _party("label_holder", label="y"), "shop": _party(), "telco": _party()}}


@pytest.mark.parametrize(
    ("value", "pair"),
    [(None, ("bank", "shop")), (["bank", "telco"], ("bank", "telco")), (["bank", "shop"], ("bank", "shop"))],
)
def test_the_agreement_names_who_computes(write: Write, value: list[str] | None, pair: tuple[str, str]) -> None:
    loaded = load(write(**THREE, train={}, computing=value))
    agreed = terms(loaded, dict.fromkeys(loaded.parties, "x"))
    assert agreed.computing == agreed.keyholders == pair and agreed.terms()["computing"] == list(pair)
    assert Agreement.decode(agreed.terms()) == agreed and not JOBS["train"].untold(agreed)


@pytest.mark.parametrize(
    ("train", "value", "words"),
    [
        ({}, ["shop", "telco"], "it names the label holder and one other: [bank, shop], [bank, telco]"),
        ({}, ["bank"], "it names the label holder and one other"),
        ({}, ["bank", "zoe"], "it names the label holder and one other"),
        ({"protection": "score"}, ["bank", "shop"], "computing is for a train.protection at which two parties compute"),
    ],
)
def test_others_cannot_compute(write: Write, train: dict[str, Any], value: list[str], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(write(**THREE, train=train, computing=value))
    assert words in str(caught.value)


def test_what_is_agreed_for_an_alignment_alone_is_passed_over_elsewhere(write: Write) -> None:
    align = {"learns": ["bank", "shop"], "carry": {"shop": ["x1"]}, "pad": 100, "max_overlap": None}
    plain = write(align=align)
    aligned = load(plain, job="psi").align
    assert (aligned.learns, aligned.carry, aligned.pad) == (("bank", "shop"), {"shop": ("x1",)}, 100)
    counted = load(plain, job="overlap").align
    assert (counted.learns, counted.carry, counted.pad) == ((), {}, None)
    with pytest.raises(UsageError, match=r"align.learns is for job: psi"):
        load(plain)
    with pytest.raises(UsageError, match=r"align.carry names mars"):
        load(plain, ["align.carry.mars=[x]"], job="psi")
