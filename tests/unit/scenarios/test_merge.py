"""DIR/result.json from what each party learned."""

from typing import Any

import pytest

from accord_scenarios.merge import FIELDS, PHASES, merge

ROLES = {"a": "feature_holder", "c": "label_holder", "b": "feature_holder"}


def _result(**fields: Any) -> dict[str, Any]:
    return {"status": "COMPLETED", "reason": None} | fields


def test_every_field_is_there_even_of_nothing() -> None:
    merged = merge({}, ROLES)
    assert set(FIELDS) == set(merged)
    assert (merged["status"], merged["reason"]) == ("FAILED", "A party left no result.")
    assert merged["seconds"] == dict.fromkeys(PHASES)
    assert (merged["warnings"], merged["insecure_seed"]) == ([], False)
    assert all(merged[field] is None for field in ("coefficients", "bytes", "events", "gate", "metrics", "rounds"))
    assert list(merged["parties"]) == ["c", "a", "b"]


def test_each_party_adds_what_it_alone_knows() -> None:
    merged = merge(
        {
            "a": _result(
                coefficients={"a": {"x": 1.0}},
                rounds=8,
                bytes={"psi": 5},
                events={"psi": 1},
                seconds={"keys": 9.0},
                warnings=["few rows", "null column"],
                gate={"decision": "pass", "pairs": {"a": "pass"}},
                party="a",
            ),
            "b": _result(rounds=8, bytes={"psi": 2, "keys": 3}, events={"psi": 1, "keys": 2}, insecure_seed=True),
            "c": _result(
                coefficients={"c": {"y": 2.0}},
                rounds=8,
                loss=[3.0, 1.0],
                bytes={"keys": 4},
                events={"keys": 1},
                seconds={"keys": 1.0, "train": 2.0},
                warnings=["few rows"],
                gate={"decision": "pass", "pairs": {"b": "pass"}, "threshold": 0.9},
                party="c",
            ),
        },
        ROLES,
    )
    assert merged["status"] == "COMPLETED"
    assert merged["coefficients"] == {"c": {"y": 2.0}, "a": {"x": 1.0}}
    assert (merged["rounds"], merged["loss"]) == (8, [3.0, 1.0])
    assert merged["bytes"] == {"psi": 7, "keys": 7}
    assert merged["events"] == {"psi": 2, "keys": 3}
    assert merged["seconds"] == dict.fromkeys(PHASES) | {"keys": 1.0, "train": 2.0}, "one clock, the leader's"
    assert merged["warnings"] == ["few rows", "null column"]
    assert merged["gate"] == {"decision": "pass", "threshold": 0.9, "pairs": {"b": "pass", "a": "pass"}}
    assert "party" not in merged, "the whole is no one's own"
    assert merged["insecure_seed"] is True


def test_the_label_holders_word_comes_first_unless_it_has_none() -> None:
    own = {"a": _result(intersection_size=1, protection="score"), "c": _result(intersection_size=2, protection=None)}
    merged = merge(own, ROLES)
    assert (merged["intersection_size"], merged["protection"]) == (2, "score")


def test_falsy_values_are_values() -> None:
    own = {"a": _result(converged=True, rounds=9), "c": _result(converged=False, rounds=0), "b": _result()}
    merged = merge(own, ROLES)
    assert (merged["converged"], merged["rounds"]) == (False, 0)


@pytest.mark.parametrize(
    ("ends", "status", "reason"),
    [
        (["COMPLETED", "COMPLETED", "COMPLETED"], "COMPLETED", "c"),
        (["COMPLETED", "FAILED", "COMPLETED"], "FAILED", "a"),
        (["EXPIRED", "REFUSED", "FAILED"], "REFUSED", "a"),
        (["EXPIRED", "CANCELLED", "COMPLETED"], "CANCELLED", "a"),
        (["COMPLETED", "COMPLETED", None], "FAILED", "A party left no result."),
        (["COMPLETED", "COMPLETED"], "FAILED", "A party left no result."),
    ],
)
def test_a_run_is_completed_only_if_all_say_so(ends: list[str | None], status: str, reason: str) -> None:
    own = {party: {"status": end, "reason": party} for party, end in zip("cab", ends, strict=False)}
    merged = merge(own, ROLES)
    assert (merged["status"], merged["reason"]) == (status, reason)


def test_the_results_that_went_in_are_not_changed() -> None:
    own = {"c": _result(bytes={"psi": 1}), "a": _result(bytes={"psi": 2}), "b": _result(bytes={"psi": 4})}
    merge(own, ROLES)
    assert [own[party]["bytes"]["psi"] for party in "cab"] == [1, 2, 4]
