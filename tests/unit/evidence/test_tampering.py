"""Every kind of tampering is found, and attributed as far as signatures tell; the docs' table is the tests' list."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.recorded import Recorded, audited, of_file, of_log, resealed
from tests.support.tampering import ALL, Tampering

pytestmark = pytest.mark.variants

DOCS = Path(__file__).parents[3] / "docs" / "tampering.md"


def test_the_honest_collaboration_is_clean(recorded: Recorded) -> None:
    (report,) = audited(recorded.log)
    assert (report.findings, report.witnessed, set(report.states.values())) == ([], True, {"COMPLETED"})
    assert all(of_file(data) == [] for data in recorded.files.values())


def test_the_tools_alone_leave_no_trace(recorded: Recorded) -> None:
    """What is found below is found because of the lie, not because of how it is told."""
    assert of_log(resealed(recorded.frames(), "telco", list)) == []


@pytest.mark.parametrize("tampering", ALL, ids=lambda t: f"{t.by}: {t.what}")
def test_tampering_is_found_and_attributed(tampering: Tampering, recorded: Recorded) -> None:
    found = tampering.found(recorded)
    assert (tampering.kind, tampering.whose) in {(f.kind, f.whose) for f in found}, found
    assert any(not f.warning for f in found) == tampering.turns, found


def test_there_are_enough_kinds() -> None:
    assert len({t.what for t in ALL}) >= 30


def rows() -> list[str]:
    where = {"file": "`evidence verify`", "log": "`audit`"}
    return [
        f"| {t.what} | {t.by} | {where[t.where]} | `{t.kind}` | {t.whose or '–'} | {4 if t.turns else 0} |" for t in ALL
    ]


def test_the_documented_table_is_the_one_that_is_tested() -> None:
    first, _, _ = DOCS.read_text(encoding="utf-8").partition("\n## ")
    table = [line for line in first.splitlines() if line.startswith("| ")][1:]
    assert table == rows(), "\n".join(rows())
