"""The page of brokers names the versions that CI and `.ci/newest` try; the latter finds all tests that need one."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.support.servers import FLOOR

ROOT = Path(__file__).parents[3]
NEWEST = (ROOT / ".ci" / "newest").read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def pinned(name: str) -> str:
    """What `.ci/newest` sets a variable to."""
    (value,) = re.findall(rf"^{name}=([\w.-]+)", NEWEST, re.MULTILINE)
    return str(value)


def row(broker: str) -> list[str]:
    """The cells of the page's row of a broker, after its name."""
    (line,) = re.findall(rf"^\| {broker} \|(.*)\|$", PAGE, re.MULTILINE)
    return [cell.strip() for cell in line.split(" | ")]


def test_the_page_names_the_versions_that_are_tried() -> None:
    assert row("Apache Kafka")[:2] == [f"**{FLOOR}**", f"**{pinned('KAFKA')}**, MirrorMaker {pinned('MIRROR_MAKER')}"]
    upstream = pinned("MOSQUITTO").partition("-")[0]
    assert row("Mosquitto")[1] == f"**{upstream}**"
    assert len(pinned("SHA256")) == 64


def test_the_newest_run_every_module_that_needs_a_broker() -> None:
    (command,) = re.findall(r"< <\((.*)\)$", NEWEST, re.MULTILINE)
    found = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    imports = re.compile(r"from tests\.(?:support\.servers|contract\.mosquitto) import .*needs_")
    needing = {p for p in (ROOT / "tests").rglob("test_*.py") if imports.search(p.read_text(encoding="utf-8"))}
    assert {ROOT / path for path in found} == needing
    assert len(needing) > 10
