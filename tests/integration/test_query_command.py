"""Hidden queries from the command line: more keys than were agreed are refused by the party that wants them."""

from __future__ import annotations

import json

import pytest
from tests.integration.command import Command


@pytest.mark.sweep
def test_a_file_with_more_ids_than_were_agreed_is_refused(accord: Command) -> None:
    out = accord.folder / "out"
    done = accord("run", "bank_codes", "--out", out, "--set", "query.max_queries=10", "--quiet")
    assert done.returncode == 3
    result = json.loads((out / "result.json").read_text(encoding="utf-8"))
    assert result["status"] == "REFUSED" and result["reason"] == "shop cannot use its data"
    assert any("wanted.csv has 24 ids, more than the 10 that may be asked for" in said for said in result["warnings"])
    assert not (out / "shop" / "answers.csv").exists()
