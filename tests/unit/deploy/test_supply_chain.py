"""What an installation is made of can be listed, and every part is pinned with hashes."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from accord_scenarios import sbom
from accord_scenarios.cli import main

ROOT = Path(__file__).parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "deploy" / "requirements.lock").read_text(encoding="utf-8")
WANTED = [*PROJECT["dependencies"], *(need for extra in PROJECT["optional-dependencies"].values() for need in extra)]


def test_the_bill_is_a_cyclonedx_document_that_names_every_dependency(tmp_path: Path) -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    file = tmp_path / "accord.cdx.json"
    assert main(["sbom", "--out", str(file)]) == 0
    text = file.read_text(encoding="utf-8")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    found = json.loads(text)
    names = {component["name"] for component in found["components"]}
    needed = (Requirement(need) for need in distribution("accord").requires or ())
    assert {canonicalize_name(need.name) for need in needed if "extra" not in str(need.marker)} <= names
    refs = {found["metadata"]["component"]["bom-ref"], *(c["bom-ref"] for c in found["components"])}
    assert {link["ref"] for link in found["dependencies"]} == refs
    assert all(set(link["dependsOn"]) <= refs for link in found["dependencies"])
    assert json.loads(json.dumps(sbom.bill())) == found, "equal installations have equal bills"


def test_licences_are_lines_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sbom", "--licences"]) == 0
    lines = capsys.readouterr().out.splitlines()
    by_name = {line.split()[0]: line for line in lines}
    assert "GPL-3.0-or-later" in by_name["accord"] and "BSD" in by_name["numpy"]
    assert not [line for line in lines if line.endswith("not said")]


def test_the_lock_has_a_version_within_bounds_and_hashes_for_every_dependency() -> None:
    pinned: dict[str, tuple[str, int]] = {}
    for block in re.split(r"\n(?=\S)", LOCK):
        if match := re.match(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)", block):
            pinned[canonicalize_name(match[1])] = match[2], len(re.findall(r"--hash=sha256:[0-9a-f]{64}", block))
    assert all(count for _, count in pinned.values()), "each has hashes"
    for need in map(Requirement, WANTED):
        number, _ = pinned[canonicalize_name(need.name)]
        assert need.specifier.contains(number), f"{need}: {number} is locked; see deploy/lock"
