"""What documents name as proof exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
NAMED = re.compile(r"`(?:[\w/.]*(?:::|/))?(test_\w+)(?:\.py)?`")
OPTIONS = {"test_rows"}
DEFINED = re.compile(r"^ *(?:async )?def (test_\w+)", re.MULTILINE)


def test_tests_that_documents_name_exist() -> None:
    files = list((ROOT / "tests").rglob("*.py"))
    there = {path.stem for path in files}.union(*(DEFINED.findall(path.read_text(encoding="utf-8")) for path in files))
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    named = {(page.name, name) for page in pages for name in NAMED.findall(page.read_text(encoding="utf-8"))}
    assert len(named) > 100, "the pages name tests otherwise than this one looks for"
    assert not [where for where in sorted(named) if where[1] not in there | OPTIONS]
