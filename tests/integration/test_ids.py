"""Ids that are none, ids that differ in form alone, and a shell that holds another party's passphrase."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.integration.command import Command
from tests.support.files import job, table


def scenario(folder: Path, name: str, bank: list[str], shop: list[str]) -> dict[str, Any]:
    """Alignment alone."""
    parties = {}
    for party, ids in (("bank", bank), ("shop", shop)):
        path = table(folder / f"{name}-{party}.csv", ["id", "x"], [[i, str(n)] for n, i in enumerate(ids)])
        role = "label_holder" if party == "bank" else "feature_holder"
        parties[party] = {"role": role, "data": {"csv": str(path), "id": "id"}}
    return job(parties, train=None, evaluate=None)


@pytest.mark.sweep
def test_words_for_none_are_no_users(shared_accord: Command) -> None:
    nobody = ["NULL", "N/A", "nan", "unknown", "0", "0"]
    bank, shop = [f"c{i}" for i in range(30)], [f"c{i}" for i in range(20, 50)]
    shared_accord.env["ACCORD_PASSPHRASE"] = "of another party"  # noqa: S105
    try:
        content = scenario(shared_accord.folder, "nobody", [*bank, *nobody], [*nobody, *shop])
        result = shared_accord.run(content).completed()
    finally:
        del shared_accord.env["ACCORD_PASSPHRASE"]
    assert result["intersection_size"] == 10
    for party in ("bank", "shop"):
        said = f"{party}: 6 of 36 rows have no id but 0, NULL, N/A, and were left out."
        assert said in result["warnings"]


@pytest.mark.sweep
def test_people_that_look_different_are_shown_how(shared_accord: Command) -> None:
    numbers = [str(i) for i in range(1000, 1040)]
    done = shared_accord.run(scenario(shared_accord.folder, "forms", numbers, [f"{i}.0" for i in numbers]))
    assert done.code == 3
    said = "\n".join(done.result["warnings"])
    assert "bank: it has 40 ids, 4 characters of digits, such as 9999 (100 %)." in said
    assert "shop: 40 of 40 ids end in .0 (9999.9)" in said
    assert "Compared without .0 at the end, they would have 40 users in common" in said
    assert not any(number in said for number in numbers)
