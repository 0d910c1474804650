"""`accord overlap` as people call it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from tests.integration.command import Command


@pytest.mark.sweep
def test_it_prints_the_answer_and_leaves_no_files(accord: Command) -> None:
    for name, ids in (("bank", range(40)), ("shop", range(10, 60))):
        (accord.folder / f"{name}.csv").write_text("id\n" + "".join(f"user-{i}\n" for i in ids))
    parties = {p: {"data": {"csv": f"{p}.csv", "id": "id"}} for p in ("bank", "shop")}
    path = accord.folder / "lists.yaml"
    path.write_text(json.dumps({"name": "lists", "job": "psi", "parties": parties, "keys": {"bits": 2048}}))
    places = ((accord.folder, "**/*"), (Path(tempfile.gettempdir()), "accord-overlap-*"))
    before = [sorted(folder.glob(pattern)) for folder, pattern in places]
    done = accord("overlap", path, "--json", "--set", "align.denominator=mine")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"overlap": 0.75, "denominator": "mine", "sampled": False}
    assert "user-" not in done.stdout + done.stderr
    assert [sorted(folder.glob(pattern)) for folder, pattern in places] == before
