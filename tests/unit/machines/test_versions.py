"""Machines in several versions beside each other: an agreement pins its own, whatever came since."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from tests.unit.machines.test_engine import SETUP, TERMS, Child, Later, Root, engine, told

from accord_protocols.jobs.base import Job, machines
from accord_protocols.jobs.registry import JOBS
from accord_protocols.kernel.engine import VersionError
from accord_protocols.kernel.machine import Setup
from accord_protocols.tasks import TASKS

APART = {"witness": 1, "consent": 2}
"""Pins that are no machine's."""
TOY = replace(JOBS["train"], name="toy", machines=machines(Root, Child, Later))


def pinned(child: int) -> Setup:
    versions = TERMS.versions | {"child": child}
    return Setup(TERMS.model_copy(update={"versions": versions}), SETUP.me, SETUP.collaboration, SETUP.sid)


@pytest.mark.parametrize("version", [1, 2])
def test_each_version_folds_what_was_taken_under_it(version: int) -> None:
    """The same rows again give what they gave, in whichever order they come, while both versions are there."""
    recorded = told(engine(setup=pinned(version)))
    for order in permutations(range(4)):
        assert told(engine(setup=pinned(version)), order) == recorded
    assert recorded != told(engine(setup=pinned(3 - version)))


def test_a_new_agreement_pins_the_newest_version_of_the_jobs_own_machines() -> None:
    assert TOY.versions == {"session": 1, "root": 1, "child": 2, **APART}
    assert TOY.strange(TOY.versions) == [] == TOY.strange(TOY.versions | {"child": 1})
    assert TOY.strange({"root": 1, "child": 3, "pir": 1}) == ["child", "consent", "pir", "session", "witness"]


def test_what_is_not_there_in_the_pinned_version_says_which() -> None:
    with pytest.raises(VersionError, match="pins child 3"):
        engine(setup=pinned(3))
    with pytest.raises(ValueError, match="one kind and version"):
        machines(Root, Child, Child)


def test_a_machine_that_a_job_has_got_since_is_none_of_an_agreement_from_before() -> None:
    """What was taken under it folds as ever; nobody may speak there; and what would start one says why it cannot."""
    versions = {kind: version for kind, version in TERMS.versions.items() if kind != "child"}
    without = Setup(TERMS.model_copy(update={"versions": versions}), SETUP.me, SETUP.collaboration, SETUP.sid)
    with pytest.raises(VersionError, match="pins child not at all"):
        told(engine(setup=without))
    assert "child" in TOY.strange(versions), "and a proposal without it is refused"


def test_a_later_version_may_be_a_part_of_an_earlier_one() -> None:
    assert (Later.first, list(Later.table)) == (Child.first, list(Child.table))
    assert Later.table["wait"] != Child.table["wait"]


@pytest.mark.parametrize("job", JOBS.values(), ids=JOBS)
def test_no_version_of_a_machine_is_left_out(job: Job) -> None:
    """Old ones go first."""
    for kind, newest in job.versions.items():
        if kind not in APART:
            known = {v for k, v in job.machines if k == kind}
            assert known == set(range(min(known), newest + 1))


def test_a_later_version_of_a_task_stands_beside_the_earlier_ones() -> None:
    """`prepare.fit` is its first version, `prepare.fit.2` the second."""
    for name in TASKS:
        first, _, last = name.rpartition(".")
        assert "." in name
        if last.isdigit():
            assert int(last) >= 2 and (f"{first}.{int(last) - 1}" if int(last) > 2 else first) in TASKS
