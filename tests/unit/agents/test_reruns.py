"""Trainings on nearly the same rows, as an agent's memory of them finds: labels would follow from the difference."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.support.world import agreement

from accord_agents.backup.create import backup
from accord_agents.backup.restore import restore
from accord_agents.config.policy import Policy
from accord_agents.intake.table import Report, Table
from accord_agents.journal.journal import Journal
from accord_agents.security.entropy import SystemEntropy
from accord_agents.security.keystore import RANDOM, Keystore
from accord_agents.security.own_identity import make_identity
from accord_agents.service.budget import Budget
from accord_agents.service.rerun_guard import Reruns, equations, objections
from accord_protocols.primitives.psi.ids import is_test
from accord_schemas.agreement import Agreement, Member, Prepare
from accord_schemas.parts import Binning, TestRows, Trees

IDS = tuple(f"user-{i}" for i in range(5000))
LABELS = (np.random.default_rng(0).random(len(IDS)) < 0.2).astype(float)
VALUES = np.random.default_rng(1).standard_normal((len(IDS), 2))
ALL = range(len(IDS))
WIDTHS = {"bank": 3, "shop": 10}


def terms(*others: str, rule: TestRows | None = None) -> Agreement:
    members = {"bank": Member(role="label_holder", identity="b")}
    members |= {name: Member(role="feature_holder", identity=name) for name in others or ("shop",)}
    return agreement(2).model_copy(update={"parties": members, "test_rows": rule})


class Memory:
    """The bank's, run after run."""

    def __init__(self, folder: Path, policy: Policy | None = None) -> None:
        self.reruns, self.policy, self.folder = Reruns(folder / "reruns", bytes(32)), policy or Policy(), folder

    def predict(self, cid: str, rows: Any = ALL, *others: str, me: str = "shop") -> str:
        """Score rows for the bank, as the shop or whoever else."""
        roles = {"bank": "requester"} | dict.fromkeys(others or ("shop",), "scorer")
        members = {name: Member(role=role, identity=name) for name, role in roles.items()}
        agreed = agreement(2).model_copy(update={"parties": members, "leads": "bank", "train": None})
        table = Table(IDS, ("a", "b"), VALUES, None, Report(len(IDS), 0, 0))
        collaboration: Any = SimpleNamespace(cid=cid, me=me, agreement=agreed)
        note = {"asked": np.array(rows)}
        found = [reason for reason, _ in objections(self.policy, self.reruns, collaboration, note, lambda _: table)]
        return "".join(found)

    def run(
        self, cid: str, agreed: Agreement, rows: Any = ALL, labels: Any = LABELS, values: Any = VALUES, me: str = "bank"
    ) -> str:
        table = Table(IDS, ("a", "b"), values, labels, Report(len(IDS), 0, 0))
        collaboration: Any = SimpleNamespace(cid=cid, me=me, agreement=agreed)
        note = {"rows": np.array(rows), "widths": WIDTHS}
        found = [reason for reason, _ in objections(self.policy, self.reruns, collaboration, note, lambda _: table)]
        assert not any(map(str.isdigit, "".join(found))), "how many rows differ is nobody's business"
        return "".join(found)


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    return Memory(tmp_path)


def test_another_rule_of_test_rows_is_no_way_around(memory: Memory) -> None:
    """`attack_reruns` (1): the same rows, of which eleven are no longer TRAIN rows."""
    rule = TestRows(hash_modulus=500, equals=7)
    assert 0 < sum(is_test(i, 500, 7) for i in IDS) < 20
    assert not memory.run("1", terms())
    assert "nearly those of an earlier training" in memory.run("2", terms(rule=rule))


def test_a_further_party_is_no_way_around(memory: Memory) -> None:
    """`attack_reruns` (2): the two of the run before, and a confederate."""
    assert not memory.run("1", terms("shop"))
    assert memory.run("2", terms("shop", "zoe"), ALL[:-12])
    assert not memory.run("3", terms("zoe"), ALL[:-12]), "who took part in none of both has nothing to subtract"


def test_changed_labels_are_no_way_around(memory: Memory) -> None:
    """The same rows, where eleven labels or cells are other ones."""
    labels, values = LABELS.copy(), VALUES.copy()
    labels[:11], values[40:51, 1] = 1 - labels[:11], 0.0
    assert not memory.run("1", terms())
    assert memory.run("2", terms(), labels=labels)
    assert memory.run("3", terms(), values=values)
    assert not memory.run("4", terms(), labels=LABELS + 1.0), "another label for all is another training"


def test_the_bound_is_fifty_rows_for_each_column_of_whoever_has_most(memory: Memory) -> None:
    assert not memory.run("1", terms())
    assert not memory.run("2", terms()), "exactly the same rows tell nothing new"
    assert memory.run("3", terms(), ALL[:-499])
    assert not memory.run("4", terms(), ALL[:-500])
    assert memory.run("5", terms(), ALL[:-510]), "near the one before"
    assert not memory.run("1", terms()), "the same collaboration again, after a restart"


def test_trees_on_the_same_rows_have_a_budget(memory: Memory) -> None:
    """Two runs on the same thousand rows at `paths`: the second is refused, however it is called."""
    some, grows = range(1000), Trees(protection="paths", trees=4, depth=5)
    trees = terms().model_copy(update={"train": None, "trees": grows})
    assert equations(trees) == 2 * 4 * 31
    assert not memory.run("1", trees, some)
    assert "too much of them" in memory.run("2", trees, some)
    assert "too much of them" in memory.run("3", trees, range(500, 1500)), "on some of these rows"
    assert not memory.run("4", trees, range(1000, 2000)), "on others"
    assert not memory.run("1", trees, some), "the same collaboration again, after a restart"
    larger = trees.model_copy(update={"trees": grows.model_copy(update={"trees": 5})})
    assert "too much of them" in memory.run("5", larger, range(3000, 4000)), "one is too much by itself"


def test_bins_on_the_same_rows_have_a_budget(memory: Memory) -> None:
    """At the label holder, of whose labels they tell; an owner has told of its columns no more than their values."""
    bins = terms().model_copy(update={"train": None, "bins": Binning(bins=10)})
    assert (equations(bins, "bank", 10), equations(bins, "shop", 10)) == (110, 0)
    for number in range(11):
        assert not memory.run(str(number), bins)
    assert "too much of them" in memory.run("11", bins)
    assert not memory.run("12", bins, me="shop", labels=None)


def test_bins_before_a_training_have_that_budget_too(memory: Memory) -> None:
    """Of the columns that become weights of evidence alone; TEST rows are scored by such a training, unlike by bins."""
    woe = Prepare(woe=("a", "b", "c"), woe_bins=9)
    agreed = terms(rule=TestRows()).model_copy(update={"prepare": woe})
    assert (equations(agreed, "bank", 10), equations(agreed, "bank", 2), equations(agreed, "shop", 10)) == (30, 20, 0)
    assert equations(terms(), "bank", 10) == 0
    larger = agreed.model_copy(update={"prepare": Prepare(woe=tuple(f"c{k}" for k in range(10)), woe_bins=63)})
    some = range(2000)
    assert "too much of them" in memory.run("1", larger, some)
    assert not memory.run("2", agreed, some)
    assert not memory.run("3", agreed, labels=None, me="shop")
    assert "scored for the label holder before" in memory.run("4", agreed, labels=None, me="shop")


def test_trees_at_shared_are_refused_above_the_agreed_bytes(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    grows = Trees(protection="shared", objective="squared", trees=2, depth=5, stop_after=None)
    trees = terms().model_copy(update={"train": None, "trees": grows})
    assert not memory.run("1", trees)
    monkeypatch.setattr("accord_agents.service.rerun_guard.MOST", 4 * len(ALL) * sum(WIDTHS.values()) * 32 - 1)
    assert memory.run("2", trees) == "trees at level shared would take too many bytes"


def test_no_test_row_is_scored_by_bins(memory: Memory) -> None:
    bins = terms(rule=TestRows()).model_copy(update={"train": None, "bins": Binning()})
    assert not memory.run("1", bins, me="shop", labels=None)
    assert not memory.run("2", bins, me="shop", labels=None)


def test_what_was_refused_is_not_remembered_and_what_was_allowed_is(tmp_path: Path) -> None:
    careless, memory = Memory(tmp_path, Policy(refuse_reruns=False)), Memory(tmp_path)
    assert not careless.run("1", terms())
    assert memory.run("2", terms(), ALL[:-300])
    assert not memory.run("3", terms(), ALL[:-600]), "300 rows apart from the refused one"
    assert not careless.run("4", terms(), ALL[:-700])
    assert memory.run("5", terms(), ALL[:-1150])


def test_a_row_is_scored_once_for_a_label_holder(memory: Memory) -> None:
    """`attack_binary` takes a score of the same rows in each of twelve agreements: it gets one, and needs as many as
    there are columns, since one number a row is met by every yes/no column."""
    rule, other = TestRows(), TestRows(equals=1)
    assert not memory.run("1", terms(rule=rule), labels=None, me="shop")
    for number in range(2, 13):
        assert "scored for the label holder before" in memory.run(str(number), terms(rule=rule), labels=None, me="shop")
    assert not memory.run("13", terms(rule=other), labels=None, me="shop"), "other rows, and TRAIN rows far apart"
    assert not memory.run("1", terms(rule=rule), labels=None, me="shop"), "the same after a restart"


def test_a_policy_may_have_rows_scored_more_often(tmp_path: Path) -> None:
    memory = Memory(tmp_path, Policy(max_scores_per_row=2))
    found = [bool(memory.run(c, terms(rule=TestRows()), labels=None, me="shop")) for c in "1234"]
    assert found == [False, False, True, True]


def test_scores_of_test_rows_and_of_predictions_are_one_budget(memory: Memory) -> None:
    rule = TestRows()
    tests = [row for row in ALL if is_test(IDS[row], rule.hash_modulus, rule.equals)]
    trained = [row for row in ALL if row not in set(tests)]
    assert not memory.run("1", terms(rule=rule), labels=None, me="shop")
    assert "scored for the requester before" in memory.predict("2", tests[:1])
    assert not memory.predict("3", trained), "no TEST row"
    assert not memory.predict("3", trained), "the same after a restart"
    assert memory.predict("4", trained[-1:], "shop", "telco"), "with a further party"
    assert not memory.predict("5", trained, me="bank"), "who asks learns nothing of its own"
    other = TestRows(equals=1)
    assert "scored for the label holder before" in memory.run("6", terms(rule=other), labels=None, me="shop")


def test_an_online_prediction_counts_each_row_that_it_was_asked_for_once(memory: Memory) -> None:
    for rows in (ALL[:2], ALL[1:3], ALL[:0]):
        assert not memory.predict("1", rows), "the same model and the same rows tell nothing new"
    for row in range(3):
        assert "scored for the requester before" in memory.predict("2", ALL[row : row + 1])
    assert not memory.predict("2", ALL[3:4])


def test_a_prediction_is_no_training_that_others_could_be_near_to(memory: Memory) -> None:
    """A few rows of a prediction, or none of its TRAIN rows, are no difference of two trainings."""
    assert not memory.predict("1", ALL[:100])
    assert not memory.run("2", terms(), ALL[:400], labels=None, me="shop")


def test_neither_ids_nor_values_are_kept(memory: Memory) -> None:
    memory.run("1", terms())
    kept = (memory.folder / "reruns" / "1.rows").read_bytes()
    assert b"user-" not in kept and VALUES[0].tobytes() not in kept


def test_a_restored_party_goes_on_counting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The budgets of rows lie beside the keystore: in every backup, and apart from journals and results."""
    monkeypatch.setenv("ACCORD_PASSPHRASE", "correct horse battery staple")
    home, rule = tmp_path / "home", TestRows()
    (home / "runs").mkdir(parents=True)
    make_identity(home / "keystore", "shop", b"correct horse battery staple", SystemEntropy(), cost=RANDOM)
    party = {"party": "shop", "broker": "embedded:log.db", "data": {"csv": "a.csv", "id": "id"}, "out": "runs"}
    party |= {"keystore": "keystore", "identities": "identities.json"}
    (home / "identities.json").write_text("{}")
    (home / "party.yaml").write_text(json.dumps(party))
    Journal(home / "runs" / "journal.db").close()

    def memory(folder: Path) -> Memory:
        keystore = Keystore.open(folder / "keystore", b"correct horse battery staple")
        Budget(keystore, 10).spend("1", ["bank"])
        found = Memory(folder)
        found.reruns = Reruns(keystore.memory, keystore.get("storage"))
        return found

    assert not memory(home).run("1", terms(rule=rule), labels=None, me="shop")
    backup(home / "party.yaml", tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "new")
    restored = memory(tmp_path / "new")
    assert "scored for the label holder before" in restored.run("2", terms(rule=rule), labels=None, me="shop")
    keystore = Keystore.open(tmp_path / "new" / "keystore", b"correct horse battery staple")
    assert restored.predict("3", [row for row in ALL if is_test(IDS[row], 5, 0)]), "nor is it predicted"
    assert Budget(keystore, 1).spent("2", ["bank"]) == "bank", "and of collaborations"
